#include "kit.h"
#include "map_sample.h"

static const struct {
    const char *key, *want;
} gets[] = {
    {"a/b/c", "exact"},     {"a/b/x", "one star"}, {"a/x/c", "one star too"},
    {"a/y/y", "two stars"}, {"a//", "two stars"},  {"z/b/c", "three stars"},
    {"a/b", NULL},          {"a/b/c/d", NULL},     {"", NULL},
};

START_TEST(the_entry_with_fewest_stars_counts)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, "tables:\n"
                                    "  t:\n"
                                    "    '*/*/*': three stars\n"
                                    "    'a/*/*': two stars\n"
                                    "    'a/b/*': one star\n"
                                    "    'a/*/c': one star too\n"
                                    "    a/b/c: exact\n"
                                    "triggers: {}\n"),
                     0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    const struct site_table *t = site_table_find(s.tables, SLICE("t"));
    kit_assert_slice(site_table_get(t, slice_str(gets[_i].key)), slice_str(gets[_i].want));
    sample_close(&s);
}
END_TEST

START_TEST(parts_too_long_for_a_key_find_nothing)
{
    struct sample s;
    sample_open(&s);
    ck_assert_int_eq(sample_add(&s, "tables: {t: {'*/*': any}}\ntriggers: {}\n"), 0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    const struct site_table *t = site_table_find(s.tables, SLICE("t"));
    char longest[SITE_TABLE_KEY_MAX] = {0};
    memset(longest, 'x', sizeof(longest));
    struct slice parts[2] = {SLICE("a"), slice_make(longest, SITE_TABLE_KEY_MAX - 3)};
    kit_assert_slice(site_table_get_parts(t, parts, 2), SLICE("any"));
    parts[1].n = SITE_TABLE_KEY_MAX;
    ck_assert(!slice_present(site_table_get_parts(t, parts, 2)));
    sample_close(&s);
}
END_TEST

Suite *map_table_suite(void)
{
    Suite *suite = suite_create("map_table");
    TCase *t = tcase_create("table");
    tcase_add_loop_test(t, the_entry_with_fewest_stars_counts, 0,
                        (int)(sizeof(gets) / sizeof(gets[0])));
    tcase_add_test(t, parts_too_long_for_a_key_find_nothing);
    suite_add_tcase(suite, t);
    return suite;
}
