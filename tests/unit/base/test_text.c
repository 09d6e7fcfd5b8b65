#include <check.h>
#include <stdlib.h>
#include "err.h"
#include "num.h"
#include "rfc3339.h"
#include "suites.h"

START_TEST(test_numbers_are_read_whole_or_not_at_all)
{
    static const struct {
        const char *text;
        bool ok;
        uint64_t v;
    } rows[] = {{"0", true, 0},   {"18446744073709551615", true, UINT64_MAX},
                {"", false, 0},   {"18446744073709551616", false, 0},
                {"+1", false, 0}, {" 1", false, 0},
                {"1x", false, 0}, {"007", true, 7}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t v = 99;
        ck_assert_msg(num_u64(slice_str(rows[i].text), &v) == rows[i].ok, "%s", rows[i].text);
        ck_assert_uint_eq(v, rows[i].ok ? rows[i].v : 99);
    }
    int64_t n;
    ck_assert(num_i64(SLICE("-9223372036854775808"), &n) && n == INT64_MIN);
    ck_assert(!num_i64(SLICE("9223372036854775808"), &n));
    ck_assert(!num_i64(SLICE("--1"), &n));
}
END_TEST

START_TEST(test_durations_and_sizes)
{
    int64_t ms;
    uint64_t bytes;
    ck_assert(num_duration_ms(SLICE("30s"), &ms) && ms == 30000);
    ck_assert(num_duration_ms(SLICE("250ms"), &ms) && ms == 250);
    ck_assert(num_duration_ms(SLICE("72h"), &ms) && ms == 72 * 3600000LL);
    ck_assert(num_duration_ms(SLICE("0"), &ms) && ms == 0);
    ck_assert(!num_duration_ms(SLICE("30"), &ms));
    ck_assert(!num_duration_ms(SLICE("9223372036854775807d"), &ms));
    ck_assert(num_size(SLICE("8MiB"), &bytes) && bytes == 8388608);
    ck_assert(num_size(SLICE("100"), &bytes) && bytes == 100);
    ck_assert(!num_size(SLICE("8MB"), &bytes));
}
END_TEST

START_TEST(test_instants_round_trip)
{
    static const struct {
        const char *text;
        int64_t ms;
        int offset;
    } rows[] = {{"1970-01-01T00:00:00+00:00", 0, 0},
                {"2026-03-03T08:12:00+00:00", 1772525520000, 0},
                {"2026-07-01T12:00:00+01:00", 1782903600000, 60},
                {"2024-02-29T23:59:59.250-05:30", 1709270999250, -330},
                {"1969-12-31T23:59:59+00:00", -1000, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms;
        int offset;
        char out[RFC3339_SIZE];
        ck_assert_msg(rfc3339_read(slice_str(rows[i].text), &ms, &offset), "%s", rows[i].text);
        ck_assert_int_eq(ms, rows[i].ms);
        ck_assert_int_eq(offset, rows[i].offset);
        ck_assert_str_eq(rfc3339_write(ms, offset, out).p, rows[i].text);
    }
}
END_TEST

START_TEST(test_impossible_instants_are_refused)
{
    static const char *const rows[] = {"2025-02-29T00:00:00Z",      "2026-13-01T00:00:00Z",
                                       "2026-01-01T24:00:00Z",      "2026-01-01T00:60:00Z",
                                       "2026-01-01T00:00:00",       "2026-01-01",
                                       "2026-01-01T00:00:00.Z",     "2026-01-01T00:00:00+24:00",
                                       "2026-01-01T00:00:00Z junk", ""};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ms;
        int offset;
        ck_assert_msg(!rfc3339_read(slice_str(rows[i]), &ms, &offset), "%s", rows[i]);
    }
}
END_TEST

START_TEST(test_every_day_of_400_years)
{
    int64_t days = rfc3339_days(1800, 1, 1);
    for (int y = 1800; y < 2200; y++)
        for (int m = 1; m <= 12; m++)
            for (int d = 1; d <= rfc3339_month_days(y, m); d++, days++) {
                int gy, gm, gd;
                rfc3339_date(days, &gy, &gm, &gd);
                ck_assert(gy == y && gm == m && gd == d);
                ck_assert_int_eq(rfc3339_days(y, m, d), days);
            }
}
END_TEST

START_TEST(test_errors_say_where)
{
    struct err e = {0};
    ck_assert_int_eq(err_set(&e, ERR_INPUT, "no field %d", 3), -1);
    err_at(&e, "%s:%d:%d", "weir.yaml", 12, 3);
    ck_assert_str_eq(e.text, "weir.yaml:12:3: no field 3");
    ck_assert(!e.retriable);
    err_set(&e, ERR_FULL, "disk");
    ck_assert(e.retriable);
    err_set(&e, ERR_CONF, "x");
    ck_assert_int_eq(err_exit_code(&e), 78);
}
END_TEST

Suite *text_suite(void)
{
    Suite *s = suite_create("text");
    TCase *t = tcase_create("numbers, instants, errors");
    tcase_add_test(t, test_numbers_are_read_whole_or_not_at_all);
    tcase_add_test(t, test_durations_and_sizes);
    tcase_add_test(t, test_instants_round_trip);
    tcase_add_test(t, test_impossible_instants_are_refused);
    tcase_add_test(t, test_every_day_of_400_years);
    tcase_add_test(t, test_errors_say_where);
    suite_add_tcase(s, t);
    return s;
}
