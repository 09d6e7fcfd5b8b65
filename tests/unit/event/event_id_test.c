#include <stdio.h>
#include "event_id.h"
#include "event_suites.h"
#include "kit.h"

/* Wanted values come from Python's hashlib and hmac, independent of this code:
 *
 *   def part(b): return len(b).to_bytes(8, 'big') + b
 *   def short(d): return base64.urlsafe_b64encode(d[:16]).decode().rstrip('=')
 *   id     short(sha256(part(source) + part(control) + message.replace(msh7, b'')).digest())
 *   NHS    short(hmac.new(key, b'N9990001286', 'sha256').digest())
 *   local  short(hmac.new(key, b'L' + part(b'RXF') + b'M300001', 'sha256').digest()) */
#define KEY "0123456789abcdef0123456789abcdef"
#define MESSAGE(time) "MSH|^~\\&|A|RXF|B|C|" time "||ADT^A01|MSG1|P|2.4\r"
enum { MSH7_AT = 19 };

static struct event_keys keys;
static struct err err;

static void setup(void)
{
    ck_assert_int_eq(event_keys_open(SLICE("k1"), SLICE(KEY), &keys, &err), 0);
}

static void teardown(void)
{
    event_keys_close(&keys);
    event_keys_close(NULL);
}

static struct slice id_of(struct slice source, struct slice control, struct slice message,
                          size_t msh7, char out[EVENT_ID_SIZE])
{
    unsigned char digest[DIGEST_SIZE];
    struct slice part = slice_sub(message, MSH7_AT, MSH7_AT + msh7);
    event_message_digest(&keys, source, control, message, &part, msh7 ? 1 : 0, digest);
    return event_id_write(digest, SLICE("patient.admitted"), 1, out);
}

/* CloudEvents row 5. */
START_TEST(test_id_is_that_of_another_implementation)
{
    char out[EVENT_ID_SIZE];
    kit_assert_slice(id_of(SLICE("urn:nhs:ods:RXF:careflow"), SLICE("MSG1"),
                           SLICE(MESSAGE("20260303081300")), 14, out),
                     SLICE("aly5gMnt1zpwFn1ZtKI4iw-patient.admitted-1"));
    ck_assert_str_eq(out, "aly5gMnt1zpwFn1ZtKI4iw-patient.admitted-1");
}
END_TEST

START_TEST(test_volatile_parts_do_not_change_the_id)
{
    char a[EVENT_ID_SIZE], b[EVENT_ID_SIZE];
    struct slice source = SLICE("s"), control = SLICE("c");
    struct slice one = id_of(source, control, SLICE(MESSAGE("20260303081300")), 14, a);
    kit_assert_slice(id_of(source, control, SLICE(MESSAGE("20991231235959.5")), 16, b), one);
    ck_assert(!slice_eq(id_of(source, control, SLICE(MESSAGE("20991231235959")), 0, b), one));
}
END_TEST

START_TEST(test_all_else_changes_the_id)
{
    static const struct {
        const char *source, *control, *message;
    } other[] = {{"s2", "c", "abc"}, {"s", "c2", "abc"}, {"s", "c", "abd"},
                 {"sc", "", "abc"},  {"", "sc", "abc"},  {"s", "ca", "bc"}};
    char a[EVENT_ID_SIZE], b[EVENT_ID_SIZE];
    struct slice one = id_of(SLICE("s"), SLICE("c"), SLICE("abc"), 0, a);
    for (unsigned i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        ck_assert(!slice_eq(id_of(slice_str(other[i].source), slice_str(other[i].control),
                                  slice_str(other[i].message), 0, b),
                            one));
}
END_TEST

START_TEST(test_several_volatile_parts_are_cut)
{
    unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];
    struct slice text = SLICE("one-XX-two-YYY");
    struct slice parts[] = {slice_sub(text, 4, 6), SLICE_ABSENT, slice_sub(text, 11, 14)};
    event_message_digest(&keys, SLICE("s"), SLICE("c"), text, parts, 3, a);
    event_message_digest(&keys, SLICE("s"), SLICE("c"), SLICE("one--two-"), NULL, 0, b);
    ck_assert_mem_eq(a, b, DIGEST_SIZE);
}
END_TEST

START_TEST(test_count_is_written_whole)
{
    unsigned char digest[DIGEST_SIZE] = {0};
    char out[EVENT_ID_SIZE];
    kit_assert_slice(event_id_write(digest, SLICE("a.b"), 4294967295u, out),
                     SLICE("AAAAAAAAAAAAAAAAAAAAAA-a.b-4294967295"));
    kit_assert_slice(event_id_write(digest, SLICE("a.b"), 0, out),
                     SLICE("AAAAAAAAAAAAAAAAAAAAAA-a.b-0"));
}
END_TEST

/* CloudEvents row 3. */
START_TEST(test_pseudonyms_are_those_of_another_implementation)
{
    char out[EVENT_PSEUDONYM_SIZE];
    kit_assert_slice(event_pseudonym(&keys, SLICE_ABSENT, SLICE("9990001286"), out),
                     SLICE("k1:vvNE_TjzdldPz1xyQL9kYQ"));
    kit_assert_slice(event_pseudonym(&keys, SLICE("RXF"), SLICE("M300001"), out),
                     SLICE("k1:NxvCJOhqOajEZt4HMu3lVw"));
}
END_TEST

START_TEST(test_pseudonyms_differ_by_authority)
{
    char a[EVENT_PSEUDONYM_SIZE], b[EVENT_PSEUDONYM_SIZE];
    struct slice one = event_pseudonym(&keys, SLICE("RXF"), SLICE("1"), a);
    ck_assert(!slice_eq(one, event_pseudonym(&keys, SLICE("RX"), SLICE("F1"), b)));
    ck_assert(!slice_eq(one, event_pseudonym(&keys, SLICE(""), SLICE("1"), b)));
    ck_assert(!slice_eq(one, event_pseudonym(&keys, SLICE_ABSENT, SLICE("1"), b)));
}
END_TEST

static const struct {
    const char *kid, *key;
} bad_keys[] = {{"", KEY},    {"K1", KEY},
                {"k:1", KEY}, {"abcdefghijklmnop", KEY},
                {"k1", ""},   {"k1", "fifteen bytes.."}};

START_TEST(test_bad_keys_are_refused)
{
    struct event_keys k;
    ck_assert_int_eq(
        event_keys_open(slice_str(bad_keys[_i].kid), slice_str(bad_keys[_i].key), &k, &err), -1);
    ck_assert_int_eq(err.code, ERR_CONF);
}
END_TEST

static const struct {
    const char *sent, *number;
} numbers[] = {
    {"9990001286", "9990001286"},
    {"9990001006", "9990001006"},
    {"999 000 1286", "9990001286"},
    {"999-000-1286", "9990001286"},
    {" 9990001286 ", "9990001286"},
    {"9990001287", NULL},
    {"999000128", NULL},
    {"99900012860", NULL},
    {"", NULL},
    {" - ", NULL},
    {"999000128X", NULL},
    {"999.000.1286", NULL},
    {"1111111111", NULL},
    {"9999999999", NULL},
    {"0000000000", NULL},
    /* Check digit 10 does not exist, 11 is written as 0. */
    {"9990000140", NULL},
    {"9990000141", NULL},
    {"9990000050", "9990000050"},
};

START_TEST(test_nhs_numbers)
{
    char out[11] = "untouched";
    struct kit_guard g;
    kit_guard_open(&g, slice_str(numbers[_i].sent));
    bool ok = event_nhs_number(g.bytes, out);
    kit_guard_close(&g);
    ck_assert_int_eq(ok, numbers[_i].number != NULL);
    ck_assert_str_eq(out, ok ? numbers[_i].number : "untouched");
}
END_TEST

/* Of ten numbers that differ in the last digit one is right, or none where the remainder is 10. */
START_TEST(test_one_check_digit_in_ten_is_right)
{
    unsigned none = 0, with_zero = 0;
    for (unsigned body = 0; body < 2000; body++) {
        unsigned right = 0;
        for (unsigned digit = 0; digit < 10; digit++) {
            char text[24], out[11];
            snprintf(text, sizeof(text), "99900%04u%u", body, digit);
            if (event_nhs_number(slice_str(text), out)) {
                right++;
                with_zero += digit == 0;
            }
        }
        ck_assert_uint_le(right, 1);
        none += right == 0;
    }
    /* One in eleven each. */
    ck_assert_uint_gt(none, 150);
    ck_assert_uint_lt(none, 215);
    ck_assert_uint_gt(with_zero, 150);
}
END_TEST

#define MESSAGE_ID "AAAA-_AAAAAAAAAAAAAAAA"

static const struct {
    const char *id, *stem, *type;
    unsigned revision;
} revisions[] = {
    {MESSAGE_ID "-patient.admitted-1", MESSAGE_ID "-patient.admitted-1", "patient.admitted", 0},
    {MESSAGE_ID "-patient.admitted-1.r1", MESSAGE_ID "-patient.admitted-1", "patient.admitted", 1},
    {MESSAGE_ID "-patient.admitted-12.r340", MESSAGE_ID "-patient.admitted-12", "patient.admitted",
     340},
    {MESSAGE_ID "-a.r-1", MESSAGE_ID "-a.r-1", "a.r", 0},
    {MESSAGE_ID "-a.b-1.r0", MESSAGE_ID "-a.b-1.r0", NULL, 0},
    {MESSAGE_ID "-a.b-1.r123456789", MESSAGE_ID "-a.b-1.r123456789", NULL, 0},
    {MESSAGE_ID "-a.b-1.r", MESSAGE_ID "-a.b-1.r", NULL, 0},
    {MESSAGE_ID "--1", MESSAGE_ID "--1", NULL, 0},
    {MESSAGE_ID, MESSAGE_ID, NULL, 0},
    {"e1", "e1", NULL, 0},
    {".r1", ".r1", NULL, 0},
    {"", "", NULL, 0},
};

START_TEST(test_revisions)
{
    unsigned revision = 99;
    char out[EVENT_REVISION_SIZE];
    struct kit_guard g;
    kit_guard_open(&g, slice_str(revisions[_i].id));
    struct slice stem = event_id_stem(g.bytes, &revision), type = event_id_type(g.bytes);
    ck_assert(slice_eq_str(stem, revisions[_i].stem));
    ck_assert_uint_eq(revision, revisions[_i].revision);
    ck_assert_int_eq(slice_present(type), revisions[_i].type != NULL);
    ck_assert(!revisions[_i].type || slice_eq_str(type, revisions[_i].type));
    struct slice again = event_id_revise(stem, revision, out);
    ck_assert(stem.n == 0 ? !slice_present(again) : slice_eq_str(again, revisions[_i].id));
    kit_guard_close(&g);
}
END_TEST

START_TEST(test_a_stem_that_is_too_long_has_no_revision)
{
    char stem[EVENT_ID_SIZE + 1], out[EVENT_REVISION_SIZE];
    memset(stem, 'x', sizeof(stem));
    ck_assert(slice_present(event_id_revise(slice_make(stem, EVENT_ID_SIZE - 1), 99999999, out)));
    ck_assert(!slice_present(event_id_revise(slice_make(stem, EVENT_ID_SIZE), 1, out)));
}
END_TEST

Suite *event_id_suite(void)
{
    Suite *s = suite_create("event_id");
    TCase *tc = tcase_create("event_id");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_id_is_that_of_another_implementation);
    tcase_add_test(tc, test_volatile_parts_do_not_change_the_id);
    tcase_add_test(tc, test_all_else_changes_the_id);
    tcase_add_test(tc, test_several_volatile_parts_are_cut);
    tcase_add_test(tc, test_count_is_written_whole);
    tcase_add_test(tc, test_pseudonyms_are_those_of_another_implementation);
    tcase_add_test(tc, test_pseudonyms_differ_by_authority);
    tcase_add_loop_test(tc, test_bad_keys_are_refused, 0, sizeof(bad_keys) / sizeof(bad_keys[0]));
    tcase_add_loop_test(tc, test_nhs_numbers, 0, sizeof(numbers) / sizeof(numbers[0]));
    tcase_add_test(tc, test_one_check_digit_in_ten_is_right);
    tcase_add_loop_test(tc, test_revisions, 0, sizeof(revisions) / sizeof(revisions[0]));
    tcase_add_test(tc, test_a_stem_that_is_too_long_has_no_revision);
    suite_add_tcase(s, tc);
    return s;
}
