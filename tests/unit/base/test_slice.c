#include <check.h>
#include "slice.h"
#include "suites.h"

START_TEST(test_split_gives_every_part)
{
    struct slice s = SLICE("a||b|");
    ck_assert(slice_eq_str(slice_split(&s, '|'), "a"));
    ck_assert(slice_eq_str(slice_split(&s, '|'), ""));
    ck_assert(slice_eq_str(slice_split(&s, '|'), "b"));
    ck_assert(slice_present(s));
    ck_assert(slice_eq_str(slice_split(&s, '|'), ""));
    ck_assert(!slice_present(s));
}
END_TEST

START_TEST(test_sub_stays_inside)
{
    struct slice s = SLICE("abcdef");
    ck_assert(slice_eq_str(slice_sub(s, 2, 4), "cd"));
    ck_assert(slice_eq_str(slice_sub(s, 4, 99), "ef"));
    ck_assert_uint_eq(slice_sub(s, 9, 99).n, 0);
    ck_assert_uint_eq(slice_sub(s, 4, 2).n, 0);
}
END_TEST

START_TEST(test_compare)
{
    ck_assert(slice_ieq(SLICE("PiD"), SLICE("pId")));
    ck_assert(!slice_ieq(SLICE("PID"), SLICE("PIDX")));
    ck_assert_int_lt(slice_cmp(SLICE("ab"), SLICE("abc")), 0);
    ck_assert_int_gt(slice_cmp(SLICE("b"), SLICE("abc")), 0);
    ck_assert_int_eq(slice_cmp(SLICE(""), SLICE_ABSENT), 0);
    ck_assert(slice_starts(SLICE("patient.admitted"), SLICE("patient.")));
    ck_assert(slice_ends(SLICE("patient.admitted"), SLICE(".admitted")));
    ck_assert(!slice_ends(SLICE("x"), SLICE("xx")));
}
END_TEST

START_TEST(test_trim)
{
    ck_assert(slice_eq_str(slice_trim(SLICE(" \t a b \r\n")), "a b"));
    ck_assert_uint_eq(slice_trim(SLICE("  ")).n, 0);
}
END_TEST

Suite *slice_suite(void)
{
    Suite *s = suite_create("slice");
    TCase *t = tcase_create("slice");
    tcase_add_test(t, test_split_gives_every_part);
    tcase_add_test(t, test_sub_stays_inside);
    tcase_add_test(t, test_compare);
    tcase_add_test(t, test_trim);
    suite_add_tcase(s, t);
    return s;
}
