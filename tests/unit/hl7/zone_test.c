#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "hl7_sample.h"
#include "kit.h"
#include "rfc3339.h"
#include "zone.h"
#include "zone_rule.h"

static struct zone *open_zone(const char *name)
{
    struct zone *z = NULL;
    struct err err;
    int rc = zone_open(ZONE_DIR, name, &z, &err);
    ck_assert_msg(rc == 0, "%s", err.text);
    return z;
}

static int64_t civil(int year, int month, int day, int hour, int minute)
{
    return rfc3339_days(year, month, day) * 86400 + hour * 3600 + minute * 60;
}

/* events.md 2.2: the two hours of the year that need a rule, in years of the table, of the footer,
 * and behind the cycle of 400 years. */
START_TEST(london_changes)
{
    static const struct {
        int year, month, day, hour, minute, offset_min;
        int utc_hour, utc_minute;
        enum zone_fit fit;
    } rows[] = {
        {2026, 3, 29, 0, 59, 0, 0, 59, ZONE_ONCE},
        {2026, 3, 29, 1, 0, 60, 1, 0, ZONE_NEVER},
        {2026, 3, 29, 1, 30, 60, 1, 30, ZONE_NEVER},
        {2026, 3, 29, 1, 59, 60, 1, 59, ZONE_NEVER},
        {2026, 3, 29, 2, 0, 60, 1, 0, ZONE_ONCE},
        {2026, 10, 25, 0, 59, 60, -1, 59, ZONE_ONCE},
        {2026, 10, 25, 1, 0, 60, 0, 0, ZONE_TWICE},
        {2026, 10, 25, 1, 59, 60, 0, 59, ZONE_TWICE},
        {2026, 10, 25, 2, 0, 0, 2, 0, ZONE_ONCE},
        {2026, 7, 1, 12, 0, 60, 11, 0, ZONE_ONCE},
        {2026, 1, 1, 12, 0, 0, 12, 0, ZONE_ONCE},
        {1970, 1, 1, 12, 0, 60, 11, 0, ZONE_ONCE}, /* summer time all the year */
        {2037, 10, 25, 1, 30, 60, 0, 30, ZONE_TWICE},
        {2038, 3, 28, 1, 30, 60, 1, 30, ZONE_NEVER},
        {2426, 10, 25, 1, 30, 60, 0, 30, ZONE_TWICE},
        {2826, 3, 29, 1, 30, 60, 1, 30, ZONE_NEVER},
        {9998, 7, 1, 12, 0, 60, 11, 0, ZONE_ONCE},
        {1800, 1, 1, 12, 0, -1, 12, 1, ZONE_ONCE}, /* local mean time, in whole minutes */
    };
    struct zone *z = open_zone("Europe/London");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct zone_reading r = zone_from_local(
            z, civil(rows[i].year, rows[i].month, rows[i].day, rows[i].hour, rows[i].minute));
        ck_assert_msg(r.fit == rows[i].fit && r.offset_min == rows[i].offset_min,
                      "row %zu: fit %d offset %d", i, r.fit, r.offset_min);
        ck_assert_int_eq(r.instant_s, civil(rows[i].year, rows[i].month, rows[i].day,
                                            rows[i].utc_hour, rows[i].utc_minute));
    }
    zone_close(z);
}
END_TEST

static int libc_offset_min(int64_t instant)
{
    struct tm tm;
    time_t t = (time_t)instant;
    ck_assert_ptr_nonnull(localtime_r(&t, &tm));
    return (int)(tm.tm_gmtoff / 60);
}

static void check_local(const struct zone *z, int64_t local)
{
    /* All instants at which clocks show that time: those a day around tell every offset in use. */
    int before = zone_offset_at(z, local - 86400), after = zone_offset_at(z, local + 86400);
    int64_t one = local - before * 60, two = local - after * 60;
    bool one_fits = zone_offset_at(z, one) == before;
    bool two_fits = after != before && zone_offset_at(z, two) == after;
    struct zone_reading r = zone_from_local(z, local);
    ck_assert_int_eq(r.fit, one_fits && two_fits   ? ZONE_TWICE
                            : one_fits || two_fits ? ZONE_ONCE
                                                   : ZONE_NEVER);
    ck_assert_int_eq(r.instant_s, one_fits || !two_fits ? one : two);
    ck_assert_int_eq(zone_offset_at(z, r.instant_s), r.offset_min);
}

/* Every offset against the C library's own reading of the same files. */
START_TEST(zones_agree_with_libc)
{
    static const char *const names[] = {"Europe/London",       "America/New_York", "UTC",
                                        "Australia/Lord_Howe", "Asia/Kolkata",     "Europe/Dublin",
                                        "America/Santiago"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone *z = open_zone(names[i]);
        setenv("TZ", names[i], 1);
        tzset();
        int64_t from = civil(1972, 1, 1, 0, 0), to = civil(2500, 1, 1, 0, 0);
        for (int64_t t = from; t < to; t += 5000011) {
            ck_assert_msg(zone_offset_at(z, t) == libc_offset_min(t), "%s at %lld", names[i],
                          (long long)t);
            check_local(z, t);
        }
        zone_close(z);
    }
}
END_TEST

START_TEST(every_quarter_around_the_changes)
{
    struct zone *z = open_zone("Europe/London");
    for (int year = 1975; year < 2060; year += 7) {
        for (int64_t t = civil(year, 3, 15, 0, 0); t < civil(year, 4, 15, 0, 0); t += 900)
            check_local(z, t);
        for (int64_t t = civil(year, 10, 15, 0, 0); t < civil(year, 11, 1, 0, 0); t += 900)
            check_local(z, t);
    }
    zone_close(z);
}
END_TEST

START_TEST(names_stay_in_the_folder)
{
    static const char *const names[] = {"",          "../passwd", "/etc/passwd", "Europe/../UTC",
                                        "Nowhere/X", "tzdata.zi", "Europe"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct zone *z = NULL;
        struct err err;
        ck_assert_int_eq(zone_open(ZONE_DIR, names[i], &z, &err), -1);
        ck_assert_int_eq(err.code, ERR_CONF);
        ck_assert_ptr_null(z);
    }
}
END_TEST

/* Prefixes, all of them at both ends, are refused, and nothing is read behind them. */
START_TEST(damaged_files)
{
    struct slice file = kit_read(ZONE_DIR "/Europe/London");
    for (size_t n = 0; n < file.n; n += n < 100 || n + 100 > file.n ? 1 : 13) {
        struct kit_guard guard;
        struct zone *z = NULL;
        struct err err;
        kit_guard_open(&guard, slice_make(file.p, n));
        ck_assert_int_eq(zone_read(guard.bytes, &z, &err), -1);
        ck_assert_ptr_null(z);
        kit_guard_close(&guard);
    }
    /* Any byte changed: a zone or an error, never a crash. */
    char *copy = sample_exact(file);
    for (size_t at = 0; at < file.n; at += at < 100 || at + 100 > file.n ? 1 : 7) {
        struct zone *z = NULL;
        struct err err;
        copy[at] = (char)~copy[at];
        if (zone_read(slice_make(copy, file.n), &z, &err) == 0)
            zone_from_local(z, civil(2026, 7, 1, 0, 0));
        zone_close(z);
        copy[at] = (char)~copy[at];
    }
    free(copy);
    free((void *)(uintptr_t)file.p);
}
END_TEST

START_TEST(rules_of_the_footer)
{
    static const struct {
        const char *text;
        int standard_s, summer_s;
        int year, begin_month, begin_day, begin_hour;
    } rows[] = {
        {"GMT0BST,M3.5.0/1,M10.5.0", 0, 3600, 2030, 3, 31, 1},
        {"EST5EDT,M3.2.0,M11.1.0", -18000, -14400, 2030, 3, 10, 2},
        {"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 37800, 39600, 2030, 10, 6, 2},
        {"AAA3BBB,J60/0,J300", -10800, -7200, 2032, 3, 1, 0},
        {"AAA3BBB,59/-1,300", -10800, -7200, 2032, 2, 28, 23},
    };
    static const char *const bad[] = {"",
                                      "GMT",
                                      "G0",
                                      "GMT0BST",
                                      "GMT0BST,M3.5.0",
                                      "GMT0x",
                                      "<GMT0",
                                      "GMT0BST,M13.5.0,M10.5.0",
                                      "GMT999",
                                      "GMT0BST,M3.5.0/1,M10.5.0x",
                                      "GMT0BST,J366,J1"};
    struct zone_rule r;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert(zone_rule_read(slice_str(rows[i].text), &r));
        ck_assert_int_eq(r.standard_s, rows[i].standard_s);
        ck_assert_int_eq(r.summer_s, rows[i].summer_s);
        ck_assert_int_eq(
            zone_change_in(&r.begin, rows[i].year),
            civil(rows[i].year, rows[i].begin_month, rows[i].begin_day, rows[i].begin_hour, 0));
    }
    ck_assert(zone_rule_read(SLICE("UTC0"), &r) && !r.has_summer);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!zone_rule_read(slice_str(bad[i]), &r), "%s", bad[i]);
}
END_TEST

TCase *zone_tests(void)
{
    TCase *t = tcase_create("zone");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, london_changes);
    tcase_add_test(t, zones_agree_with_libc);
    tcase_add_test(t, every_quarter_around_the_changes);
    tcase_add_test(t, names_stay_in_the_folder);
    tcase_add_test(t, damaged_files);
    tcase_add_test(t, rules_of_the_footer);
    return t;
}
