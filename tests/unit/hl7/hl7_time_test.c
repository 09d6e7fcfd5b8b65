#include <stdio.h>
#include <stdlib.h>
#include "hl7_sample.h"
#include "hl7_time.h"
#include "rfc3339.h"

static struct zone *london;

static void open_london(void)
{
    struct err err;
    ck_assert_int_eq(zone_open(ZONE_DIR, "Europe/London", &london, &err), 0);
}

static void close_london(void)
{
    zone_close(london);
}

static int read_time(const char *text, bool ignore_offset, struct hl7_time *ret)
{
    struct hl7_time_rules rules = {london, ignore_offset};
    struct err err;
    char *exact = sample_exact(slice_str(text));
    int rc = hl7_time_read(slice_make(exact, strlen(text)), &rules, ret, &err);
    if (rc < 0) {
        ck_assert_int_eq(err.code, ERR_INPUT);
        /* No part of a value goes into an error. */
        ck_assert_msg(strlen(text) < 5 || !strstr(err.text, text), "%s", err.text);
    }
    free(exact);
    return rc;
}

/* rows 39 to 42; realworld.md 2 */
START_TEST(times_are_read)
{
    static const struct {
        const char *text, *want;
        enum hl7_precision precision;
        unsigned flags;
    } rows[] = {
        {"2026", "2026-01-01T00:00:00+00:00", HL7_YEAR, 0},
        {"202605", "2026-05-01T00:00:00+01:00", HL7_MONTH, 0},
        {"20260505", "2026-05-05T00:00:00+01:00", HL7_DAY, 0},
        {"2026050523", "2026-05-05T23:00:00+01:00", HL7_HOUR, 0},
        {"202605052323", "2026-05-05T23:23:00+01:00", HL7_MINUTE, 0},
        {"20260505232332", "2026-05-05T23:23:32+01:00", HL7_SECOND, 0},
        {"20260505232332.1", "2026-05-05T23:23:32.100+01:00", HL7_FRACTION, 0},
        {"20260505232332.1239", "2026-05-05T23:23:32.123+01:00", HL7_FRACTION, 0},
        {"20260105232332.0009", "2026-01-05T23:23:32+00:00", HL7_FRACTION, 0},
        {"20260303081200", "2026-03-03T08:12:00+00:00", HL7_SECOND, 0},
        {"00010101", "0001-01-01T00:00:00-00:01", HL7_DAY, 0},
        {"20250121100427+0000", "2025-01-21T10:04:27+00:00", HL7_SECOND, HL7_TIME_OFFSET_SENT},
        {"20260505232332.5+0000", "2026-05-05T23:23:32.500+00:00", HL7_FRACTION,
         HL7_TIME_OFFSET_SENT},
        {"202605052323-0500", "2026-05-05T23:23:00-05:00", HL7_MINUTE, HL7_TIME_OFFSET_SENT},
        {"202605052323+05:30", "2026-05-05T23:23:00+05:30", HL7_MINUTE, HL7_TIME_OFFSET_SENT},
        {"202605052323+01", "2026-05-05T23:23:00+01:00", HL7_MINUTE, HL7_TIME_OFFSET_SENT},
        {"20260505232332Z", "2026-05-05T23:23:32+00:00", HL7_SECOND, HL7_TIME_OFFSET_SENT},
        {"20260505232332-0000", "2026-05-05T23:23:32+00:00", HL7_SECOND,
         HL7_TIME_OFFSET_SENT | HL7_TIME_OFFSET_NONE},
        {"2026-0500", "2026-01-01T00:00:00-05:00", HL7_YEAR, HL7_TIME_OFFSET_SENT},
        {"2026-05", "2026-05-01T00:00:00+01:00", HL7_MONTH, 0},
        {"2026-05-05", "2026-05-05T00:00:00+01:00", HL7_DAY, 0},
        {"2025-05-05 23:23:32", "2025-05-05T23:23:32+01:00", HL7_SECOND, 0},
        {"2025-05-05T23:23:32", "2025-05-05T23:23:32+01:00", HL7_SECOND, 0},
        {"2025-05-05T23:23:32.25Z", "2025-05-05T23:23:32.250+00:00", HL7_FRACTION,
         HL7_TIME_OFFSET_SENT},
        {"2025-05-05 23:23", "2025-05-05T23:23:00+01:00", HL7_MINUTE, 0},
        {"20250505 2323", "2025-05-05T23:23:00+01:00", HL7_MINUTE, 0},
        {" 20260505232332 ", "2026-05-05T23:23:32+01:00", HL7_SECOND, 0},
        {"202610250130", "2026-10-25T01:30:00+01:00", HL7_MINUTE, HL7_TIME_AMBIGUOUS},
        {"202603290130", "2026-03-29T02:30:00+01:00", HL7_MINUTE, HL7_TIME_SHIFTED},
        {"202610250130+0000", "2026-10-25T01:30:00+00:00", HL7_MINUTE, HL7_TIME_OFFSET_SENT},
        {"20240229", "2024-02-29T00:00:00+00:00", HL7_DAY, 0},
        {"202605050000", "2026-05-05T00:00:00+01:00", HL7_MINUTE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hl7_time t;
        char text[RFC3339_SIZE];
        ck_assert_msg(read_time(rows[i].text, false, &t) == 0, "%s", rows[i].text);
        struct slice got = rfc3339_write(t.wall_ms, t.offset_min, text);
        ck_assert_msg(slice_eq_str(got, rows[i].want), "%s gives %s", rows[i].text, text);
        ck_assert_msg(t.precision == rows[i].precision, "%s: precision %d", rows[i].text,
                      t.precision);
        ck_assert_msg(t.flags == rows[i].flags, "%s: flags %u", rows[i].text, t.flags);
    }
}
END_TEST

/* row 43 */
START_TEST(what_is_no_time_is_refused)
{
    static const char *const rows[] = {
        "",
        "x",
        "202",
        "20260",
        "2026050",
        "202605051",
        "2026050523232",
        "00000000",
        "00000101",
        "20261301",
        "20260001",
        "20260431",
        "20250229",
        "19000229",
        "20260500",
        "2026050524",
        "202605052400",
        "202605052360",
        "20260505232360",
        "20260505232332.",
        "20260505232332,5",
        "20260505232332+15",
        "20260505232332+0160",
        "20260505232332+1",
        "20260505232332+01:",
        "20260505232332 x",
        "20260505^D",
        "2025-05-05 23:",
        "2025-05-05 23:23:",
        "05/05/2026",
        "\"\"",
        "2026-5-5",
        "2026050T",
        "20260505232332ZZ",
        "-0500",
    };
    struct hl7_time t = {.wall_ms = 77};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(read_time(rows[i], false, &t) == -1, "%s", rows[i]);
    ck_assert_int_eq(t.wall_ms, 77);
}
END_TEST

START_TEST(an_offset_may_be_a_lie)
{
    struct hl7_time t;
    char text[RFC3339_SIZE];
    ck_assert_int_eq(read_time("20260705120000+0000", true, &t), 0);
    ck_slice(rfc3339_write(t.wall_ms, t.offset_min, text), "2026-07-05T12:00:00+01:00");
    ck_assert_uint_eq(t.flags, 0);
}
END_TEST

/* events.md 2.2, realworld.md 3 */
START_TEST(dates_of_birth_are_never_shifted)
{
    static const struct {
        const char *text, *want; /* NULL: refused */
    } rows[] = {
        {"19520417", "1952-04-17"},
        {"1928-01-01", "1928-01-01"},
        {"19600406000000", "1960-04-06"},
        {"197601202300", "1976-01-20"},
        {"19760121+", "1976-01-21"},
        {"19600406000000+0100", "1960-04-06"},
        {"1960-04-06 00:00:00", "1960-04-06"},
        {"1952", "1952"},
        {"195204", "1952-04"},
        {" 19520417 ", "1952-04-17"},
        {"195204170", "1952-04-17"},
        {"19521317", NULL},
        {"19520431", NULL},
        {"19520417x", NULL},
        {"1952041", NULL},
        {"", NULL},
        {"UNKNOWN", NULL},
        {"00000000", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[HL7_DATE_SIZE];
        struct slice got = SLICE_ABSENT;
        struct err err;
        char *exact = sample_exact(slice_str(rows[i].text));
        int rc = hl7_date_read(slice_make(exact, strlen(rows[i].text)), out, &got, &err);
        ck_assert_msg(rc == (rows[i].want ? 0 : -1), "%s", rows[i].text);
        if (rows[i].want)
            ck_slice(got, rows[i].want);
        else
            ck_absent(got);
        free(exact);
    }
}
END_TEST

START_TEST(times_are_written)
{
    char out[HL7_TIME_SIZE];
    int64_t ms = rfc3339_days(2026, 7, 5) * 86400000 + 41400999;
    ck_slice(hl7_time_write(ms, 60, out), "20260705123000+0100");
    ck_slice(hl7_time_write(ms, -330, out), "20260705060000-0530");
    ck_slice(hl7_time_write(-1, 0, out), "19691231235959+0000");
}
END_TEST

TCase *time_tests(void)
{
    TCase *t = tcase_create("time");
    tcase_add_unchecked_fixture(t, open_london, close_london);
    tcase_add_test(t, times_are_read);
    tcase_add_test(t, what_is_no_time_is_refused);
    tcase_add_test(t, an_offset_may_be_a_lie);
    tcase_add_test(t, dates_of_birth_are_never_shifted);
    tcase_add_test(t, times_are_written);
    return t;
}
