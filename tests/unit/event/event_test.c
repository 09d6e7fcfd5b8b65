#include "event.h"
#include "event_suites.h"
#include "kit.h"

static struct arena arena;
static struct event *event;

static void setup(void)
{
    arena_init(&arena, 1 << 20);
    event = event_make(&arena);
    ck_assert_ptr_nonnull(event);
}

static void teardown(void)
{
    arena_fini(&arena);
}

START_TEST(test_every_path_is_found_by_its_number)
{
    ck_assert_uint_eq(event_nfields, EVENT_NFIELDS);
    for (unsigned i = 0; i < event_nfields; i++) {
        struct slice path = slice_str(event_fields[i].path);
        struct kit_guard g;
        kit_guard_open(&g, path);
        ck_assert_int_eq(event_field_find(g.bytes), (int)i);
        kit_guard_close(&g);
        ck_assert(!event_fields[i].identifies || event_fields[i].personal);
    }
    ck_assert_int_eq(event_field_find(SLICE("data.patient.nhs_number")),
                     EV_DATA_PATIENT_NHS_NUMBER);
    ck_assert_int_eq(event_fields[EV_DATA_PATIENT_IDS_VALUE].items, EV_DATA_PATIENT_IDS);
    ck_assert_int_eq(event_fields[EV_TYPE].items, -1);
}
END_TEST

static const char *const no_paths[] = {"",
                                       ".",
                                       "data",
                                       "data.",
                                       "data.patient",
                                       "data..visit",
                                       ".type",
                                       "type.x",
                                       "data.patient.ids.value.x",
                                       "datA.sector",
                                       "data.sector ",
                                       "data.patient.nhs_numbe"};

START_TEST(test_what_is_no_field_is_not_found)
{
    ck_assert_int_eq(event_field_find(slice_str(no_paths[_i])), -1);
}
END_TEST

START_TEST(test_range_is_all_that_stands_under_a_path)
{
    unsigned first, end;
    ck_assert(event_field_range(SLICE("data.bed"), &first, &end));
    ck_assert_uint_eq(first, EV_DATA_BED_STATUS_RAW);
    ck_assert_uint_eq(end, EV_DATA_BED_STATUS_SYSTEM + 1);
    ck_assert(event_field_range(SLICE("data.patient.ids"), &first, &end));
    ck_assert_uint_eq(first, EV_DATA_PATIENT_IDS);
    ck_assert_uint_eq(end, EV_DATA_PATIENT_IDS_TYPE + 1);
    ck_assert(event_field_range(SLICE("data.swap_id"), &first, &end));
    ck_assert_uint_eq(end, first + 1);
    ck_assert(event_field_range(SLICE("data"), &first, &end));
    ck_assert_uint_eq(end, EVENT_NFIELDS);
    ck_assert(!event_field_range(SLICE("data.nothing"), &first, &end));
}
END_TEST

START_TEST(test_near_names_are_offered_and_far_ones_not)
{
    ck_assert_str_eq(event_field_nearest(SLICE("data.patient.nhs_nubmer")),
                     "data.patient.nhs_number");
    ck_assert_str_eq(event_type_nearest(SLICE("patient.admited")), "patient.admitted");
    ck_assert_ptr_null(event_type_nearest(SLICE("zzzzzzzz")));
    ck_assert(event_type_known(SLICE("patient.admitted")));
    ck_assert(event_type_known(SLICE("event.retracted")));
    ck_assert(!event_type_known(SLICE("patient.admitte")));
    ck_assert(!event_type_known(SLICE("")));
}
END_TEST

START_TEST(test_new_event_has_nothing_but_its_version)
{
    for (unsigned i = 0; i < event_nfields; i++)
        if (event_fields[i].items < 0)
            ck_assert_int_eq(event_is_set(event, i), i == EV_SPECVERSION);
}
END_TEST

START_TEST(test_leaf_is_set_replaced_and_unset)
{
    ck_assert(event_put(event, EV_TYPE, SLICE("patient.admitted")));
    ck_assert(event_put(event, EV_TYPE, SLICE("")));
    kit_assert_slice(event_get(event, EV_TYPE), SLICE(""));
    ck_assert(event_put(event, EV_TYPE, SLICE_ABSENT));
    kit_assert_slice(event_get(event, EV_TYPE), SLICE_ABSENT);
}
END_TEST

START_TEST(test_null_is_no_value_and_only_where_the_schema_allows_it)
{
    ck_assert(!event_put_null(event, EV_DATA_VISIT_NUMBER));
    ck_assert(!event_put_null(event, EV_DATA_LOCATION_RAW));
    ck_assert(!event_put_null(event, EV_DATA_QUALITY));
    ck_assert(event_put(event, EV_DATA_VISIT_READY_AT, SLICE("2026-03-03")));
    ck_assert(event_put_null(event, EV_DATA_VISIT_READY_AT));
    ck_assert(event_is_null(event, EV_DATA_VISIT_READY_AT));
    ck_assert(!event_is_set(event, EV_DATA_VISIT_READY_AT));
    kit_assert_slice(event_get(event, EV_DATA_VISIT_READY_AT), SLICE_ABSENT);
    ck_assert(event_put(event, EV_DATA_VISIT_READY_AT, SLICE_ABSENT));
    ck_assert(!event_is_null(event, EV_DATA_VISIT_READY_AT));
}
END_TEST

static const struct {
    unsigned field;
    const char *value;
    bool fits;
} values[] = {
    {EV_DATA_WAIT_MINUTES, "0", true},
    {EV_DATA_WAIT_MINUTES, "-15", true},
    {EV_DATA_WAIT_MINUTES, "9223372036854775807", true},
    {EV_DATA_WAIT_MINUTES, "9223372036854775808", false},
    {EV_DATA_WAIT_MINUTES, "", false},
    {EV_DATA_WAIT_MINUTES, "-", false},
    {EV_DATA_WAIT_MINUTES, "+1", false},
    {EV_DATA_WAIT_MINUTES, "01", false},
    {EV_DATA_WAIT_MINUTES, "-01", false},
    {EV_DATA_WAIT_MINUTES, "-0", true},
    {EV_DATA_WAIT_MINUTES, "1.5", false},
    {EV_DATA_WAIT_MINUTES, "\"", false},
    {EV_DATA_VISIT_READY, "true", true},
    {EV_DATA_VISIT_READY, "false", true},
    {EV_DATA_VISIT_READY, "True", false},
    {EV_DATA_VISIT_READY, "", false},
    {EV_DATA_VISIT_NUMBER, "any thing", true},
};

START_TEST(test_value_must_fit_its_kind)
{
    struct slice v = slice_str(values[_i].value);
    ck_assert_int_eq(event_fits(values[_i].field, v), values[_i].fits);
    ck_assert_int_eq(event_put(event, values[_i].field, v), values[_i].fits);
    ck_assert_int_eq(event_is_set(event, values[_i].field), values[_i].fits);
}
END_TEST

START_TEST(test_list_of_strings_is_a_set_in_order)
{
    ck_assert_uint_eq(event_count(event, EV_DATA_QUALITY), 0);
    ck_assert(event_push(event, EV_DATA_QUALITY, SLICE("date_only")));
    ck_assert(event_push(event, EV_DATA_QUALITY, SLICE("orphan")));
    ck_assert(event_push(event, EV_DATA_QUALITY, SLICE("date_only")));
    ck_assert_uint_eq(event_count(event, EV_DATA_QUALITY), 2);
    kit_assert_slice(event_nth(event, EV_DATA_QUALITY, 1), SLICE("orphan"));
    kit_assert_slice(event_nth(event, EV_DATA_QUALITY, 2), SLICE_ABSENT);
    ck_assert(event_has(event, EV_DATA_QUALITY, SLICE("orphan")));
    ck_assert(!event_has(event, EV_DATA_QUALITY, SLICE("resend")));
    kit_assert_slice(event_get(event, EV_DATA_QUALITY), SLICE_ABSENT);
    ck_assert(event_put(event, EV_DATA_QUALITY, SLICE_ABSENT));
    ck_assert_uint_eq(event_count(event, EV_DATA_QUALITY), 0);
}
END_TEST

START_TEST(test_lists_have_an_end)
{
    for (unsigned i = 0; i < EVENT_LIST_MAX; i++) {
        ck_assert(event_push(event, EV_DATA_DERIVED_FROM, arena_printf(&arena, "id-%u", i)));
        ck_assert_ptr_nonnull(event_item_add(event, EV_DATA_CHANGES));
    }
    ck_assert(!event_push(event, EV_DATA_DERIVED_FROM, SLICE("one more")));
    ck_assert(event_push(event, EV_DATA_DERIVED_FROM, SLICE("id-7")));
    ck_assert_ptr_null(event_item_add(event, EV_DATA_CHANGES));
    ck_assert_uint_eq(event_count(event, EV_DATA_CHANGES), EVENT_LIST_MAX);
    ck_assert(!arena.overflow);
}
END_TEST

START_TEST(test_items_have_leaves_of_their_own)
{
    struct event_item *a = event_item_add(event, EV_DATA_PATIENT_IDS);
    struct event_item *b = event_item_add(event, EV_DATA_PATIENT_IDS);
    ck_assert(event_item_set(event, a, EV_DATA_PATIENT_IDS_VALUE, SLICE("M1")));
    ck_assert(event_item_set(event, b, EV_DATA_PATIENT_IDS_VALUE, SLICE("M2")));
    ck_assert(event_item_set(event, b, EV_DATA_PATIENT_IDS_TYPE, SLICE("mrn")));
    ck_assert_uint_eq(event_count(event, EV_DATA_PATIENT_IDS), 2);
    ck_assert_ptr_eq(event_item_nth(event, EV_DATA_PATIENT_IDS, 1), b);
    ck_assert_ptr_null(event_item_nth(event, EV_DATA_PATIENT_IDS, 2));
    kit_assert_slice(event_item_get(a, EV_DATA_PATIENT_IDS_VALUE), SLICE("M1"));
    kit_assert_slice(event_item_get(a, EV_DATA_PATIENT_IDS_TYPE), SLICE_ABSENT);
    kit_assert_slice(event_item_get(b, EV_DATA_PATIENT_IDS_TYPE), SLICE("mrn"));
}
END_TEST

START_TEST(test_full_arena_is_told)
{
    struct arena small;
    arena_init(&small, 16);
    ck_assert_ptr_null(event_make(&small));
    arena_fini(&small);
    arena_init(&small, 4096);
    struct event *e = event_make(&small);
    ck_assert_ptr_nonnull(e);
    unsigned n = 0;
    while (event_item_add(e, EV_DATA_PATIENT_IDS))
        n++;
    ck_assert(small.overflow);
    ck_assert_uint_eq(event_count(e, EV_DATA_PATIENT_IDS), n);
    while (event_push(e, EV_DATA_QUALITY, slice_make("aaaaaaaaaaaaaaaaaaaaaa", ++n % 20)))
        ck_assert_uint_lt(n, 1000);
    arena_fini(&small);
}
END_TEST

Suite *event_suite(void)
{
    Suite *s = suite_create("event");
    TCase *tc = tcase_create("event");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_every_path_is_found_by_its_number);
    tcase_add_loop_test(tc, test_what_is_no_field_is_not_found, 0,
                        sizeof(no_paths) / sizeof(no_paths[0]));
    tcase_add_test(tc, test_range_is_all_that_stands_under_a_path);
    tcase_add_test(tc, test_near_names_are_offered_and_far_ones_not);
    tcase_add_test(tc, test_new_event_has_nothing_but_its_version);
    tcase_add_test(tc, test_leaf_is_set_replaced_and_unset);
    tcase_add_test(tc, test_null_is_no_value_and_only_where_the_schema_allows_it);
    tcase_add_loop_test(tc, test_value_must_fit_its_kind, 0, sizeof(values) / sizeof(values[0]));
    tcase_add_test(tc, test_list_of_strings_is_a_set_in_order);
    tcase_add_test(tc, test_lists_have_an_end);
    tcase_add_test(tc, test_items_have_leaves_of_their_own);
    tcase_add_test(tc, test_full_arena_is_told);
    suite_add_tcase(s, tc);
    return s;
}
