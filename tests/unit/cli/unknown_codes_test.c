/* Codes in no table: counted by source, field and code; bounded; nobody's name or number shown. */
#include <stdio.h>
#include "cli_suites.h"
#include "kit.h"
#include "unknown_codes.h"

static struct arena arena;
static struct unknown_codes codes;

static void open_codes(unsigned max, bool reveal)
{
    struct err err = {0};
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(unknown_codes_open(&codes, max, reveal, &err), 0);
}

static void close_codes(void)
{
    unknown_codes_close(&codes);
    arena_fini(&arena);
}

static struct event *event_with(const char *flag, unsigned field, const char *raw)
{
    struct event *e = event_make(&arena);
    ck_assert(e && event_put(e, EV_DATA_PROVIDER, SLICE("RZZ")));
    if (raw)
        ck_assert(event_put(e, field, slice_str(raw)));
    ck_assert(event_push(e, EV_DATA_QUALITY, SLICE("date_only")));
    ck_assert(event_push(e, EV_DATA_QUALITY, slice_str(flag)));
    return e;
}

static void add(const struct event *e, const char *source, const char *received)
{
    unknown_codes_add(&codes, e, slice_str(source), slice_str(received));
}

static void check_row(unsigned nth, const char *field, const char *code, const char *table,
                      uint64_t count)
{
    ck_assert_uint_lt(nth, codes.n);
    const struct unknown_code *r = &codes.rows[nth];
    ck_assert(slice_eq_str(r->field, field));
    ck_assert_msg(slice_eq_str(r->code, code), "%.*s, not %s", SLICE_ARG(r->code), code);
    ck_assert(slice_eq_str(r->table, table));
    ck_assert_uint_eq(r->count, count);
}

START_TEST(counted_by_source_field_and_code)
{
    open_codes(10, false);
    struct event *e = event_with("unmapped_code:care.specialty", EV_DATA_CARE_SPECIALTY_RAW, "ZZ9");
    add(e, "a", "2026-03-02T09:00:00.000Z");
    add(e, "b", "2026-03-02T09:00:00.000Z");
    add(e, "b", "2026-03-02T10:00:00.000Z");
    add(e, "b", "2026-03-02T08:00:00.000Z");
    add(event_with("tz_assumed", EV_DATA_CARE_SPECIALTY_RAW, "ZZ9"), "a", "");
    unknown_codes_sort(&codes);
    ck_assert_uint_eq(codes.n, 2);
    check_row(0, "care.specialty", "ZZ9", "main_specialty", 3);
    ck_assert(slice_eq_str(codes.rows[0].source, "b"));
    ck_assert_str_eq(codes.rows[0].last, "2026-03-02T10:00:00.000Z");
    close_codes();
}
END_TEST

START_TEST(what_stands_elsewhere_is_found)
{
    open_codes(10, false);
    add(event_with("unmapped_code:visit.class_group", EV_DATA_VISIT_CLASS, "QQ"), "a", "");
    struct event *e = event_with("unmapped_code:location", EV_DATA_LOCATION_WARD, "W77");
    add(e, "a", "");
    ck_assert(event_put(e, EV_DATA_LOCATION_SITE, SLICE("RZZ01")));
    add(e, "a", "");
    add(event_with("unmapped_code:no.such_field", EV_DATA_LOCATION_WARD, NULL), "a", "");
    ck_assert_uint_eq(codes.n, 4);
    check_row(0, "visit.class_group", "QQ", "patient_class", 1);
    check_row(1, "location", "RZZ/W77", "location", 1);
    check_row(2, "location", "RZZ01/W77", "location", 1);
    ck_assert(!slice_present(codes.rows[3].code));
    ck_assert(!slice_present(codes.rows[3].table));
    close_codes();
}
END_TEST

/* A field read from the wrong place must not show a person. */
START_TEST(nobody_is_shown)
{
    static const struct {
        const char *flag, *raw, *shown;
        unsigned field;
    } rows[] = {
        {"unmapped_code:care.specialty", "Smith, Ada", "xxxxx, xxx", EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "9990001006", "9999999999", EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "999-000-1006", "999-999-9999",
         EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "A-LONG-WORD-OF-17", "x-xxxx-xxxx-xx-99",
         EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "Ren\xC3\xA9\n", "xxxx?", EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "1066341000000100", "1066341000000100",
         EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:care.specialty", "WALK-IN", "WALK-IN", EV_DATA_CARE_SPECIALTY_RAW},
        {"unmapped_code:patient.ethnic_category", "SMITH", "xxxxx",
         EV_DATA_PATIENT_ETHNIC_CATEGORY_RAW},
        {"unmapped_code:patient.ethnic_category", "Q9", "Q9", EV_DATA_PATIENT_ETHNIC_CATEGORY_RAW},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int reveal = 0; reveal < 2; reveal++) {
            open_codes(1, reveal);
            add(event_with(rows[i].flag, rows[i].field, rows[i].raw), "a", "");
            ck_assert_msg(slice_eq_str(codes.rows[0].code, reveal ? rows[i].raw : rows[i].shown),
                          "%zu: %.*s", i, SLICE_ARG(codes.rows[0].code));
            close_codes();
        }
}
END_TEST

START_TEST(bounded)
{
    char raw[16], flag[300];
    open_codes(5, false);
    for (unsigned i = 0; i < 20; i++) {
        snprintf(raw, sizeof(raw), "X%u", i);
        add(event_with("unmapped_code:care.specialty", EV_DATA_CARE_SPECIALTY_RAW, raw), "a", "");
    }
    ck_assert_uint_eq(codes.n, 5);
    ck_assert_uint_eq(codes.others, 15);
    add(event_with("unmapped_code:care.specialty", EV_DATA_CARE_SPECIALTY_RAW, "X1"), "a",
        "a time that is longer than any that there is, by far");
    unknown_codes_sort(&codes);
    check_row(0, "care.specialty", "X1", "main_specialty", 2);
    memset(flag, 'x', sizeof(flag) - 1);
    memcpy(flag, "unmapped_code:", 14);
    flag[sizeof(flag) - 1] = '\0';
    add(event_with(flag, EV_DATA_CARE_SPECIALTY_RAW, NULL), "a", "");
    ck_assert_uint_eq(codes.others, 16);
    close_codes();
}
END_TEST

Suite *unknown_codes_suite(void)
{
    Suite *s = suite_create("unknown_codes");
    TCase *tc = tcase_create("counting");
    tcase_add_test(tc, counted_by_source_field_and_code);
    tcase_add_test(tc, what_stands_elsewhere_is_found);
    tcase_add_test(tc, nobody_is_shown);
    tcase_add_test(tc, bounded);
    suite_add_tcase(s, tc);
    return s;
}
