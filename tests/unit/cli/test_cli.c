#include <stdio.h>
#include <stdlib.h>
#include "cli_suites.h"
#include "event_fields.h"
#include "event_line.h"
#include "kit.h"
#include "masked_message.h"
#include "message_file.h"
#include "options.h"

/* The verbs themselves are tested as processes (tests/flow/cli.py); here is what they are made of.
 */

int verb_help(const struct verb *v)
{
    (void)v;
    return 0;
}

int verb_usage(const struct verb *v, const char *fmt, ...)
{
    (void)v;
    (void)fmt;
    return EXIT_USAGE;
}

static unsigned split(const char *text, size_t n, struct slice out[8])
{
    struct kit_dir dir;
    struct message_file f;
    struct err err = {0};
    char path[300];
    unsigned count = 0;
    static char kept[8][512];
    kit_dir_open(&dir);
    kit_dir_write(&dir, "in.hl7", slice_make(text, n));
    kit_dir_file(&dir, "in.hl7", path, sizeof(path));
    ck_assert_int_eq(message_file_open(path, &f, &err), 0);
    for (struct slice m; message_file_next(&f, &m); count++) {
        ck_assert_uint_lt(count, 8);
        memcpy(kept[count], m.p, m.n);
        out[count] = slice_make(kept[count], m.n);
    }
    message_file_close(&f);
    kit_dir_close(&dir);
    return count;
}

START_TEST(test_an_empty_file_is_refused)
{
    struct kit_dir dir;
    struct message_file f;
    struct err err = {0};
    char path[300];
    kit_dir_open(&dir);
    kit_dir_write(&dir, "in.hl7", SLICE(""));
    kit_dir_file(&dir, "in.hl7", path, sizeof(path));
    ck_assert_int_eq(message_file_open(path, &f, &err), -1);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "in.hl7: is empty"));
    kit_dir_close(&dir);
}
END_TEST

START_TEST(test_files_are_split_into_messages)
{
    static const struct {
        const char *text;
        unsigned n;
        const char *first, *last;
    } rows[] = {
        {"MSH|1\rPID|1\r", 1, "MSH|1\rPID|1\r", "MSH|1\rPID|1\r"},
        {"MSH|1\rPID|1\rMSH|2\rPID|2\r", 2, "MSH|1\rPID|1\r", "MSH|2\rPID|2\r"},
        {"MSH|1\nPID|1\n\nMSH|2\n", 2, "MSH|1\nPID|1\n\n", "MSH|2\n"},
        {"\x0bMSH|1\rPID|1\r\x1c\r\x0bMSH|2\r\x1c\r", 2, "MSH|1\rPID|1\r", "MSH|2\r"},
        {"FHS|x\rBHS|x\rMSH|1\rPID|MSH\rMSH|2\rBTS|2\rFTS|1\r", 2, "MSH|1\rPID|MSH\r", "MSH|2\r"},
        {"\xef\xbb\xbfMSH|1\r", 1, "MSH|1\r", "MSH|1\r"},
        {"no message at all", 1, "no message at all", "no message at all"},
        {"MSH|1\rOBX|1|TX|a \x1c b\r", 1, "MSH|1\rOBX|1|TX|a \x1c b\r",
         "MSH|1\rOBX|1|TX|a \x1c b\r"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice got[8];
        unsigned n = split(rows[i].text, strlen(rows[i].text), got);
        ck_assert_msg(n == rows[i].n, "row %zu: %u messages", i, n);
        if (n) {
            kit_assert_slice(got[0], slice_str(rows[i].first));
            kit_assert_slice(got[n - 1], slice_str(rows[i].last));
        }
    }
}
END_TEST

START_TEST(test_a_masked_message_keeps_its_shape_only)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    ck_assert_ptr_nonnull(to);
    masked_message_print(SLICE("MSH|^~\\&|PAS|RZZ|A|B|20260302||ADT^A01|C-77|P|2.4\rPID|1||"
                               "9990001006^^^NHS^NH||SAMPLE^Ada\r"
                               "Ada Sample"),
                         to);
    fclose(to);
    ck_assert_str_eq(text, "MSH|^~\\&|PAS|RZZ|A|B|99999999||ADT^A01|x-99|P|2.4\nPID|9||9999999999^^"
                           "^xxx^xx||xxxxxx^xxx\nxxx xxxxxx\n");
    free(text);
}
END_TEST

START_TEST(test_nothing_of_the_person_is_left_in_a_masked_event)
{
    static const char json[] =
        "{\"specversion\":\"1.0\",\"id\":\"i\",\"type\":\"patient.admitted\",\"source\":\"urn:nhs:"
        "ods:RZZ:pas\",\"time\":\"2026-03-02T09:05:00+00:00\","
        "\"subject\":\"k1:abc\",\"data\":{\"patient\":{\"nhs_number\":\"9990001006\",\"ids\":[{"
        "\"value\":\"D10001\",\"authority\":\"RZZ\",\"type\":"
        "\"MR\"}],\"family\":\"SAMPLE\",\"given\":\"Ada\",\"birth_date\":\"1951-04-12\"},"
        "\"location\":{\"site\":\"RZZ01\",\"ward\":\"W12\"},"
        "\"quality\":[\"date_only\"]}}";
    static const char *const secret[] = {"9990001006", "D10001", "SAMPLE", "Ada", "1951"};
    struct arena arena;
    struct event *e;
    struct err err = {0};
    struct buf line;
    arena_init(&arena, 1 << 20);
    buf_init(&line, 4096);
    ck_assert_int_eq(event_decode(slice_str(json), &arena, &e, &err), 0);
    event_mask(e);
    event_line(&line, e, true);
    const char *text = buf_cstr(&line);
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++)
        ck_assert_ptr_null(strstr(text, secret[i]));
    ck_assert_ptr_nonnull(strstr(text, "patient.admitted"));
    ck_assert_ptr_nonnull(strstr(text, "RZZ01/W12"));
    ck_assert_ptr_nonnull(strstr(text, "date_only"));
    struct event_item *id = event_item_nth(e, EV_DATA_PATIENT_IDS, 0);
    kit_assert_slice(event_item_get(id, EV_DATA_PATIENT_IDS_VALUE), SLICE("***"));
    buf_fini(&line);
    arena_fini(&arena);
}
END_TEST

START_TEST(test_a_line_cannot_steer_the_terminal)
{
    struct arena arena;
    struct buf line;
    arena_init(&arena, 1 << 20);
    buf_init(&line, 4096);
    struct event *e = event_make(&arena);
    event_put(e, EV_DATA_LOCATION_WARD, SLICE("A\033[2J\nB"));
    event_line(&line, e, false);
    ck_assert_ptr_null(strchr(buf_cstr(&line), '\033'));
    ck_assert_ptr_null(strchr(buf_cstr(&line), '\n'));
    buf_fini(&line);
    arena_fini(&arena);
}
END_TEST

static int read_options(unsigned set, const char *const *words, struct options *ret)
{
    static const struct verb verb = {.name = "test"};
    char *argv[16] = {0};
    int argc = 0;
    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    return options_read(&verb, set, argc, argv, ret);
}

START_TEST(test_options)
{
    struct options o;
    const char *const good[] = {"test", "-n", "5",      "--where", "true", "--timeout",
                                "2s",   "-c", "x.yaml", "rest",    NULL};
    const char *const unknown[] = {"test", "--nonsense", NULL};
    const char *const not_here[] = {"test", "--reveal", NULL};
    const char *const bad_number[] = {"test", "-n", "five", NULL};
    const char *const no_value[] = {"test", "--where", NULL};
    unsigned set = OPTION_LAST | OPTION_WHERE | OPTION_TIMEOUT;
    ck_assert_int_eq(read_options(set, good, &o), -1);
    ck_assert(o.has_last && o.last == 5 && o.timeout_ms == 2000);
    ck_assert_str_eq(o.config, "x.yaml");
    ck_assert_int_eq(o.rest, 9);
    ck_assert_int_eq(read_options(set, unknown, &o), EXIT_USAGE);
    ck_assert_int_eq(read_options(set, not_here, &o), EXIT_USAGE);
    ck_assert_int_eq(read_options(set, bad_number, &o), EXIT_USAGE);
    ck_assert_int_eq(read_options(set, no_value, &o), EXIT_USAGE);
}
END_TEST

static Suite *cli_suite(void)
{
    Suite *s = suite_create("cli");
    TCase *t = tcase_create("parts of verbs");
    tcase_add_test(t, test_files_are_split_into_messages);
    tcase_add_test(t, test_an_empty_file_is_refused);
    tcase_add_test(t, test_a_masked_message_keeps_its_shape_only);
    tcase_add_test(t, test_nothing_of_the_person_is_left_in_a_masked_event);
    tcase_add_test(t, test_a_line_cannot_steer_the_terminal);
    tcase_add_test(t, test_options);
    suite_add_tcase(s, t);
    return s;
}

int main(int argc, char **argv)
{
    Suite *const suites[] = {cli_suite(), doctor_suite(), hospital_suite(), unknown_codes_suite(),
                             world_suite()};
    return kit_main(argc, argv, suites, 5);
}
