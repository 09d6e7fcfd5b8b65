#include <stdlib.h>
#include "cli_suites.h"
#include "doctor.h"
#include "doctor_answer.h"
#include "doctor_message.h"
#include "doctor_report.h"
#include "kit.h"

#define ACK "MSH|^~\\&|B|R|P|R|20260303||ACK|1|T|2.4\rMSA|AA|ID1\r"
#define LF_ACK "MSH|^~\\&|B|R|P|R|20260303||ACK|1|T|2.4\nMSA|AA|ID1\n"

static const struct {
    const char *came;
    unsigned answers;
    unsigned odd; /* of the first */
    bool ack;
} comings[] = {
    {"\x0b" ACK "\x1c\r", 1, 0, true},
    {"\x0b" ACK "\x1c\r\r\n", 1, 0, true},
    {"\r\n\x0b" ACK "\x1c\r", 1, 0, true},
    {"\x0b" ACK "\x1c\r\x0b" ACK "\x1c\r", 2, 0, true},
    {"\x0b" ACK "\x1c\x0b" ACK "\x1c\r", 2, DOCTOR_NO_CR, true},
    {"\x0b" ACK "\x1c", 1, DOCTOR_NO_CR, true},
    {"\x0b" ACK, 1, DOCTOR_NO_END, true},
    {"\x0b" ACK "\x0b" ACK "\x1c\r", 2, DOCTOR_NO_END, true},
    {ACK "\x1c\r", 1, DOCTOR_NO_START, true},
    {ACK, 1, DOCTOR_NO_START | DOCTOR_NO_END, true},
    {ACK "\x0b" ACK "\x1c\r", 2, DOCTOR_NO_START | DOCTOR_NO_END, true},
    {"HELLO\x0b" ACK "\x1c\r", 1, DOCTOR_BEFORE, true},
    {"\x0b" LF_ACK "\x1c\r", 1, DOCTOR_LF_ENDS, true},
    {"\x0b" ACK "NTE|1||Zo\xc3\xab\r\x1c\r", 1, DOCTOR_8_BIT, true},
    {"\x0b" ACK "NTE|1||Zo\xeb\r\x1c\r", 1, DOCTOR_8_BIT | DOCTOR_NO_UTF8, true},
    {"\x0bOK\x1c\r", 1, 0, false},
    {"\x0b\x1c\r", 1, 0, false},
    {"\x15", 1, DOCTOR_NO_START | DOCTOR_NO_END, false},
    {"\x1c", 1, DOCTOR_NO_START | DOCTOR_NO_CR, false},
    {"\r\n", 0, 0, false},
    {"", 0, 0, false},
};

/* In memory of just its size, so that a byte too far is seen. */
START_TEST(test_what_came_is_taken_apart)
{
    struct arena arena;
    size_t n = strlen(comings[_i].came);
    char *exact = malloc(n ? n : 1);
    memcpy(exact, comings[_i].came, n);
    arena_init(&arena, 1 << 20);
    struct slice left = slice_make(exact, n);
    struct doctor_answer a;
    unsigned answers = 0;
    for (; doctor_answer_next(&left, &arena, &a); answers++)
        if (answers == 0) {
            ck_assert_uint_eq(a.odd, comings[_i].odd);
            ck_assert_int_eq(a.ack, comings[_i].ack);
            ck_assert_int_eq(a.why[0] == 0, a.ack);
            if (a.ack)
                ck_assert(slice_eq_str(a.said.control_id, "ID1"));
        }
    ck_assert_uint_eq(answers, comings[_i].answers);
    arena_fini(&arena);
    free(exact);
}
END_TEST

START_TEST(test_what_became_of_a_control_id)
{
    static const struct {
        const char *answered;
        enum doctor_id id;
    } rows[] = {
        {"WEIRdoctor1", DOCTOR_SAME},    {"", DOCTOR_MISSING},     {"  ", DOCTOR_MISSING},
        {"WEIRdoctor1 ", DOCTOR_PADDED}, {"WEIRdoct", DOCTOR_CUT}, {"WEIRDOCTOR1", DOCTOR_CASE},
        {"WEIRdoctor12", DOCTOR_OTHER},  {"1", DOCTOR_OTHER},      {" WEIRdoctor1", DOCTOR_PADDED},
        {"EIRdoctor1", DOCTOR_OTHER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_int_eq(doctor_id_of(SLICE("WEIRdoctor1"), slice_str(rows[i].answered)),
                         rows[i].id);
    ck_assert_int_eq(doctor_id_of(SLICE("WEIRdoctor1"), SLICE_ABSENT), DOCTOR_MISSING);
}
END_TEST

static void write_as(const char *message, struct doctor_header h, const char *wanted)
{
    static const struct hl7_limits limits = {100, 1000};
    struct arena arena;
    struct hl7_msg m;
    struct buf out;
    struct err err = {0};
    arena_init(&arena, 1 << 20);
    buf_init(&out, 1 << 16);
    ck_assert_int_eq(hl7_msg_parse(slice_str(message), &limits, &arena, &m, &err), 0);
    doctor_message_write(&out, &m, &h);
    ck_assert_str_eq(buf_cstr(&out), wanted);
    buf_fini(&out);
    arena_fini(&arena);
}

START_TEST(test_a_header_says_what_it_is_told_and_keeps_the_rest)
{
    const char *own = "MSH#*!%@#A#B#C#D#2020##ADT*A28*ADT_A05#X#P#2.5\nPID#1##D1\n";
    write_as(own, (struct doctor_header){.control_id = "N", .sent_at = "2026"},
             "MSH#*!%@#A#B#C#D#2026##ADT*A28*ADT_A05#N#P#2.5\rPID#1##D1\r");
    write_as(own,
             (struct doctor_header){
                 .control_id = "N", .sent_at = "2026", .trigger = "Z99", .acks = "AL"},
             "MSH#*!%@#A#B#C#D#2026##ADT*Z99#N#P#2.5###AL#AL\rPID#1##D1\r");
    write_as("MSH|^~\\&|A|B|C|D|2020||ADT^A31|X|T|2.4|||NE|NE|GBR|ASCII|EN\r",
             (struct doctor_header){.control_id = "N", .sent_at = "2026", .charset = "S"},
             "MSH|^~\\&|A|B|C|D|2026||ADT^A31|N|T|2.4|||NE|NE|GBR|S|EN\r");
}
END_TEST

START_TEST(test_control_ids_are_as_long_as_they_may_be)
{
    char a[DOCTOR_ID], b[DOCTOR_ID];
    doctor_control_id(1764000000123, 1, a);
    doctor_control_id(1764000000123, 2, b);
    ck_assert_uint_eq(strlen(a), 20);
    ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(test_a_report_bears_more_than_it_holds)
{
    struct doctor_report r = {.address = "h:1"};
    for (unsigned i = 0; i < DOCTOR_FINDINGS + 5; i++)
        doctor_find(&r, "check", DOCTOR_NOTE, "%u", i);
    ck_assert_uint_eq(r.nfindings, DOCTOR_FINDINGS);
    ck_assert(!doctor_found(&r));
    doctor_set(&r, "CA", "wait", true);
    doctor_set(&r, "CA", "done", true);
    ck_assert_uint_eq(r.nsettings, 1);
    ck_assert_str_eq(r.settings[0].value, "wait");
    r.findings[3].verdict = DOCTOR_SET;
    ck_assert(doctor_found(&r));
}
END_TEST

START_TEST(test_a_slow_answer_wants_a_longer_timeout)
{
    struct doctor_report r = {.address = "h:1"};
    struct doctor d = {.report = &r, .id = "ID1"};
    struct doctor_reply reply = {.n = 1, .ms = 9999};
    struct slice came = SLICE("\x0b" ACK "\x1c\r");
    struct arena arena;
    arena_init(&arena, 1 << 20);
    ck_assert(doctor_answer_next(&came, &arena, &reply.answers[0]));
    doctor_judge(&d, &reply);
    ck_assert(!doctor_found(&r));
    reply.ms = 12000;
    doctor_judge(&d, &reply);
    ck_assert(doctor_found(&r));
    ck_assert_uint_eq(r.nsettings, 1);
    ck_assert_str_eq(r.settings[0].key, "timeout");
    arena_fini(&arena);
}
END_TEST

Suite *doctor_suite(void)
{
    Suite *s = suite_create("doctor");
    TCase *t = tcase_create("parts of weir doctor");
    tcase_add_loop_test(t, test_what_came_is_taken_apart, 0, sizeof(comings) / sizeof(comings[0]));
    tcase_add_test(t, test_what_became_of_a_control_id);
    tcase_add_test(t, test_a_header_says_what_it_is_told_and_keeps_the_rest);
    tcase_add_test(t, test_control_ids_are_as_long_as_they_may_be);
    tcase_add_test(t, test_a_report_bears_more_than_it_holds);
    tcase_add_test(t, test_a_slow_answer_wants_a_longer_timeout);
    suite_add_tcase(s, t);
    return s;
}
