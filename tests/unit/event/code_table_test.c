#include "code_table.h"
#include "event_suites.h"
#include "kit.h"

static const struct {
    const char *table, *raw, *code, *group;
} rows[] = {
    {"administrative_sex", "M", "1", NULL},
    {"administrative_sex", "f", "2", NULL},
    {"administrative_sex", "9", "9", NULL},
    {"administrative_sex", "U", "0", NULL},
    {"administrative_sex", "Z", NULL, NULL},
    {"admission_method", "21", "21", "emergency"},
    {"admission_method", "2d", "2D", "emergency"},
    {"admission_method", "11", "11", "elective"},
    {"admission_method", "C", "13", "elective"},
    {"admission_source", "19", "19", "home"},
    {"discharge_method", "4", "4", "died"},
    {"discharge_destination", "19", "19", "home"},
    {"discharge_destination", "53", "53", "hospital"},
    {"discharge_destination", "56", "56", "care_home"},
    {"discharge_destination", "85", "85", "care_home"},
    {"nhs_number_status", "NSTS01", "01", "traced"},
    {"nhs_number_status", "03", "03", "untraced"},
    {"arrival_mode", " A ", "A", "ambulance"},
    {"arrival_mode", "1048031000000100", "1048031000000100", "ambulance"},
    {"main_specialty", "326", "326", "medicine"},
    {"legal_status", "3", "03", "detained"},
    {"legal_status", "01", "01", "not_detained"},
    {"bed_status", "U", "U", "free"},
    {"patient_class", "I", "I", "inpatient"},
    {"patient_class", "DAYCASE", NULL, "day_case"},
};

START_TEST(test_known_codes)
{
    const struct code_table *t = code_table_find(slice_str(rows[_i].table));
    struct kit_guard g;
    ck_assert_ptr_nonnull(t);
    kit_guard_open(&g, slice_str(rows[_i].raw));
    const struct code *c = code_find(t, g.bytes);
    kit_guard_close(&g);
    ck_assert_int_eq(c != NULL, rows[_i].code || rows[_i].group);
    if (!c)
        return;
    kit_assert_slice(c->code, slice_str(rows[_i].code));
    kit_assert_slice(c->group, slice_str(rows[_i].group));
    ck_assert_int_eq(slice_present(c->code), slice_present(c->system));
}
END_TEST

START_TEST(test_every_row_is_found_by_its_raw_code)
{
    const struct code_table *t;
    unsigned tables = 0;
    for (; (t = code_table_nth(tables)); tables++) {
        const struct code *c;
        unsigned n = 0;
        ck_assert_ptr_eq(code_table_find(code_table_name(t)), t);
        ck_assert(*code_table_title(t));
        for (; (c = code_nth(t, n)); n++) {
            ck_assert_ptr_eq(code_find(t, c->raw), c);
            ck_assert(*c->source && *c->as_of);
        }
        ck_assert_uint_gt(n, 1);
        ck_assert_ptr_null(code_find(t, SLICE_ABSENT));
        ck_assert_ptr_null(code_find(t, SLICE("")));
        ck_assert_ptr_null(code_find(t, SLICE("no such code")));
    }
    ck_assert_uint_gt(tables, 60);
}
END_TEST

START_TEST(test_what_nobody_has_looked_up_is_known)
{
    const struct code_table *t = code_table_find(SLICE("admission_source"));
    ck_assert(code_unchecked(code_find(t, SLICE("55"))));
    ck_assert(!code_unchecked(code_find(t, SLICE("19"))));
    t = code_table_find(SLICE("patient_class"));
    ck_assert(code_unchecked(code_find(t, SLICE("SDEC"))));
}
END_TEST

START_TEST(test_tables_are_found_by_name)
{
    ck_assert_ptr_null(code_table_find(SLICE("admission_metho")));
    ck_assert_str_eq(code_table_nearest(SLICE("admission_metod")), "admission_method");
    ck_assert_ptr_null(code_table_nearest(SLICE("zzz")));
}
END_TEST

Suite *code_table_suite(void)
{
    Suite *s = suite_create("code_table");
    TCase *tc = tcase_create("code_table");
    tcase_add_loop_test(tc, test_known_codes, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tc, test_every_row_is_found_by_its_raw_code);
    tcase_add_test(tc, test_what_nobody_has_looked_up_is_known);
    tcase_add_test(tc, test_tables_are_found_by_name);
    suite_add_tcase(s, tc);
    return s;
}
