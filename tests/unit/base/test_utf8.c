#include <check.h>
#include "kit.h"
#include "suites.h"
#include "utf8.h"

/* Valid length of each text; where all of it is valid, that is its length. */
static const struct {
    const char *text;
    size_t valid;
} spans[] = {
    {"", 0},
    {"plain", 5},
    {"seven..eight bytes and more", 27},
    {"12345678\xc3\xa9", 10},
    {"\xc2\x80\xdf\xbf", 4},
    {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12},
    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
    {"a\x80", 1},
    {"a\xc0\x80", 1},
    {"a\xc1\xbf", 1},
    {"a\xc3", 1},
    {"a\xc3(", 1},
    {"a\xe0\x9f\xbf", 1},
    {"a\xed\xa0\x80", 1},
    {"a\xe2\x82", 1},
    {"a\xe2\x82(", 1},
    {"a\xf0\x8f\xbf\xbf", 1},
    {"a\xf4\x90\x80\x80", 1},
    {"a\xf5\x80\x80\x80", 1},
    {"a\xf0\x9f\x98", 1},
    {"a\xff", 1},
};

START_TEST(test_span_ends_at_the_first_bad_byte)
{
    struct kit_guard g;
    kit_guard_open(&g, slice_str(spans[_i].text));
    ck_assert_uint_eq(utf8_span(g.bytes), spans[_i].valid);
    kit_guard_close(&g);
}
END_TEST

START_TEST(test_nothing_is_valid)
{
    ck_assert_uint_eq(utf8_span(SLICE_ABSENT), 0);
}
END_TEST

Suite *utf8_suite(void)
{
    Suite *s = suite_create("utf8");
    TCase *tc = tcase_create("utf8");
    tcase_add_loop_test(tc, test_span_ends_at_the_first_bad_byte, 0,
                        sizeof(spans) / sizeof(spans[0]));
    tcase_add_test(tc, test_nothing_is_valid);
    suite_add_tcase(s, tc);
    return s;
}
