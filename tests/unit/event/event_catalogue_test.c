/* The catalogue for people says of each type what the field table and the schemas have. */
#include "event.h"
#include "event_catalogue.h"
#include "event_suites.h"
#include "kit.h"

static bool path_known(struct slice path)
{
    unsigned first, end;
    return event_field_range(path, &first, &end);
}

START_TEST(every_type_is_there_once)
{
    unsigned n = 0;
    for (const struct event_info *i; (i = event_info_nth(n)); n++) {
        ck_assert(event_type_known(slice_str(i->type)));
        ck_assert_ptr_eq(event_info_find(slice_str(i->type)), i);
        ck_assert(i->by && i->description && i->group_title);
    }
    ck_assert_uint_eq(n, EVENT_NTYPES);
    ck_assert_ptr_null(event_info_find(SLICE("no.such_type")));
}
END_TEST

START_TEST(its_paths_are_those_of_the_schema)
{
    const struct event_info *i;
    for (unsigned n = 0; (i = event_info_nth(n)); n++) {
        struct slice shown = slice_str(i->shown),
                     needed = i->needed ? slice_str(i->needed) : SLICE("");
        ck_assert(slice_present(shown));
        while (slice_present(shown)) {
            struct slice path = slice_split(&shown, ' ');
            ck_assert_msg(path_known(path) && event_words_of(path), "%s: %.*s", i->type,
                          SLICE_ARG(path));
        }
        while (needed.n) {
            struct slice path = slice_split(&needed, ' ');
            ck_assert_msg(path_known(path), "%s: %.*s", i->type, SLICE_ARG(path));
        }
    }
}
END_TEST

START_TEST(every_field_has_words)
{
    for (unsigned f = 0; f < event_nfields; f++)
        ck_assert_msg(event_words_of(slice_str(event_fields[f].path)) != NULL, "%s",
                      event_fields[f].path);
    ck_assert_ptr_nonnull(event_words_of(SLICE("data.care.specialty")));
    ck_assert_ptr_null(event_words_of(SLICE("data.care")));
    ck_assert_ptr_null(event_words_of(SLICE("a")));
    ck_assert_ptr_null(event_words_of(SLICE("zzz")));
}
END_TEST

START_TEST(every_example_is_an_event_of_its_type)
{
    struct arena arena;
    const struct event_info *i;
    arena_init(&arena, 1 << 20);
    for (unsigned n = 0; (i = event_info_nth(n)); n++) {
        struct err err = {0};
        struct event *e;
        arena_reset(&arena);
        ck_assert_msg(event_decode(slice_str(i->example), &arena, &e, &err) == 0, "%s: %s", i->type,
                      err.text);
        ck_assert(slice_eq_str(event_get(e, EV_TYPE), i->type));
    }
    arena_fini(&arena);
}
END_TEST

Suite *event_catalogue_suite(void)
{
    Suite *s = suite_create("event_catalogue");
    TCase *tc = tcase_create("catalogue");
    tcase_add_test(tc, every_type_is_there_once);
    tcase_add_test(tc, its_paths_are_those_of_the_schema);
    tcase_add_test(tc, every_field_has_words);
    tcase_add_test(tc, every_example_is_an_event_of_its_type);
    suite_add_tcase(s, tc);
    return s;
}
