/* What a map says of a feed as a whole: places by pattern, ids beside PID-3, flags, CSV tables. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "kit.h"
#include "map_feed.h"
#include "map_place_rule.h"
#include "map_sample.h"

static int open_rules(struct sample *s, const char *section, unsigned holds,
                      const struct map_place_rules **ret)
{
    sample_open(s);
    ck_assert_int_eq(sample_add(s, section), 0);
    struct map_compiler c = {.arena = &s->arena, .tables = NULL, .root = s->tree.root};
    return map_place_rules_compile(&c, yaml_get(s->tree.root, "places"), holds, ret, &s->err);
}

static const struct {
    const char *pattern, *ward;
    bool fits;
    const char *found_ward, *found_bay, *found_bed;
} patterns[] = {
    {"ED", "ED", true, NULL, NULL, NULL},
    {"ED", "ED1", false, NULL, NULL, NULL},
    {"ED", "E", false, NULL, NULL, NULL},
    {"ED*", "ED", true, NULL, NULL, NULL},
    {"ED*", "AED", false, NULL, NULL, NULL},
    {"*ED", "ED MAJORS ED", true, NULL, NULL, NULL},
    {"*ED", "EDX", false, NULL, NULL, NULL},
    {"A?E", "A&E", true, NULL, NULL, NULL},
    {"A?E", "AE", false, NULL, NULL, NULL},
    {"*SDEC*", "MED SDEC 2", true, NULL, NULL, NULL},
    {"*", "any", true, NULL, NULL, NULL},
    {"{ward}/{bay}-{bed}", "W1/B2-04", true, "W1", "B2", "04"},
    {"{ward}/{bay}-{bed}", "W1/B2-04-5", true, "W1", "B2", "04-5"},
    {"{ward}/{bay}-{bed}", "/B2-04", false, NULL, NULL, NULL},
    {"{ward}/{bay}-{bed}", "W1/B2-", false, NULL, NULL, NULL},
    {"{ward}/{bay}-{bed}", "W1", false, NULL, NULL, NULL},
    {"W-{ward}*x", "W-abxyx", false, NULL, NULL, NULL},
    {"W{ward} bed {bed}.", "W12 bed 3.", true, "12", NULL, "3"},
    {"W{ward} bed {bed}.", "W12 bed 3", false, NULL, NULL, NULL},
    {"{ward}", "A", true, "A", NULL, NULL},
};

START_TEST(a_pattern_fits_or_not)
{
    char text[200];
    struct sample s;
    const struct map_place_rules *rules = NULL;
    snprintf(text, sizeof(text), "places: {r: {like: {ward: \"%s\"}}}\n", patterns[_i].pattern);
    bool compiled = open_rules(&s, text, ~0U, &rules) == 0;
    struct slice sent[MAP_PLACE_SENT] = {{0}}, parts[MAP_PLACE_PARTS] = {{0}};
    uint64_t fits = 0;
    if (!compiled) {
        /* Where a {…} ends and a * begins cannot be told. */
        ck_assert_ptr_nonnull(strstr(s.err.text, "must stand between"));
        ck_assert_ptr_nonnull(strstr(patterns[_i].pattern, "}*"));
        sample_close(&s);
        return;
    }
    sent[MAP_PLACE_WARD] = slice_str(patterns[_i].ward);
    map_place_rules_run(rules, sent, parts, &fits);
    ck_assert_uint_eq(fits, patterns[_i].fits);
    kit_assert_slice(parts[MAP_PLACE_WARD], slice_str(patterns[_i].found_ward));
    kit_assert_slice(parts[MAP_PLACE_BAY], slice_str(patterns[_i].found_bay));
    kit_assert_slice(parts[MAP_PLACE_BED], slice_str(patterns[_i].found_bed));
    sample_close(&s);
}
END_TEST

START_TEST(every_rule_that_fits_counts_and_of_two_the_first)
{
    struct sample s;
    const struct map_place_rules *rules = NULL;
    const char *text = "places:\n"
                       "  other: {like: {ward: X*}, group: other}\n"
                       "  ed: {like: {ward: [UCC, ED*]}, group: ed}\n"
                       "  both: {like: {ward: ED*, building: MAIN}, site: RZZ01}\n"
                       "  not both: {like: {ward: ED*, building: ANNEX}, site: RZZ02}\n"
                       "  any: {like: {ward: '*'}, group: ward, site: RZZ09, floor: '1'}\n";
    ck_assert_msg(open_rules(&s, text, ~0U, &rules) == 0, "%s", s.err.text);
    struct slice sent[MAP_PLACE_SENT] = {{0}}, parts[MAP_PLACE_PARTS] = {{0}};
    uint64_t fits = 0;
    sent[MAP_PLACE_WARD] = SLICE("ED2");
    sent[MAP_PLACE_BUILDING] = SLICE("MAIN");
    map_place_rules_run(rules, sent, parts, &fits);
    ck_assert_uint_eq(fits, 1U << 1 | 1U << 2 | 1U << 4);
    kit_assert_slice(parts[MAP_PLACE_GROUP], SLICE("ed"));
    kit_assert_slice(parts[MAP_PLACE_SITE], SLICE("RZZ01"));
    kit_assert_slice(parts[MAP_PLACE_FLOOR], SLICE("1"));
    kit_assert_slice(map_place_rule_name(rules, 2), SLICE("both"));
    ck_assert(!slice_present(map_place_rule_name(rules, 5)));
    sample_close(&s);
}
END_TEST

START_TEST(more_rules_than_a_feed_can_mean_are_refused)
{
    char text[8192] = "places:\n";
    struct sample s;
    const struct map_place_rules *rules = NULL;
    for (unsigned i = 0; i < 65; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof(text) - n, "  r%u: {like: {ward: W%u}, group: ward}\n", i, i);
    }
    ck_assert_int_lt(open_rules(&s, text, ~0U, &rules), 0);
    ck_assert_ptr_nonnull(strstr(s.err.text, "table location"));
    sample_close(&s);
}
END_TEST

static const struct {
    const char *text, *says;
} refused[] = {
    {"places: {r: {group: ed}}\n", "like: {ward:"},
    {"places: {r: {like: {ward: 'E*'}, group: edd}}\n", "did you mean ed"},
    {"places: {r: {like: {wrad: 'E*'}, group: ed}}\n", "wrad"},
    {"places: {r: {like: {ward: 'E*'}, wrad: ed}}\n", "wrad"},
    {"places: {r: {like: {ward: '{wrd}'}}}\n", "{wrd}"},
    {"places: {r: {like: {ward: '{ward'}}}\n", "{ward"},
    {"places: {r: {like: {ward: '*{ward}'}}}\n", "between"},
    {"places: {r: {like: {ward: ''}}}\n", "a pattern"},
    {"ids: {nhs_numbre: [PID-4]}\n", "did you mean nhs_number"},
    {"ids: {nhs_number: [PID-4.1]}\n", "a whole field"},
    {"ids: {nhs_number: [PID-0]}\n", "a whole field"},
    {"ids: {local: PID4}\n", "a whole field"},
    {"ids: {local: PID-99999999999}\n", "a whole field"},
    {"flags: {Test patient: [{path: PID-5.1, is: X}]}\n", "a flag is made of"},
    {"flags: {test_patient: []}\n", "a list of tests"},
    {"groups: {patient: {data.patient.nhs_number: PID-4.1}}\n"
     "triggers: {A28: {use: [patient], events: {patient.registered: {time: t}}}}\n"
     "times: {t: [EVN-2.1]}\n",
     "ids: {nhs_number: [PID-4]}"},
    {"triggers: {A28: {same_as: A31, events: {}}, A31: {events: {}}}\n", "would not count"},
    {"place: {}\n", "places"},
    {"table_files: codes.csv\n", "a list of CSV files"},
};

START_TEST(what_cannot_be_meant_is_refused)
{
    struct sample s;
    sample_open(&s);
    bool fine = sample_add(&s, refused[_i].text) == 0 && sample_compile(&s) == 0;
    ck_assert_msg(!fine, "%s", refused[_i].text);
    ck_assert_msg(strstr(s.err.text, refused[_i].says) != NULL, "%s: %s", refused[_i].text,
                  s.err.text);
    ck_assert_msg(strncmp(s.err.text, "t.yaml:1:", 9) == 0, "%s", s.err.text);
    sample_close(&s);
}
END_TEST

START_TEST(a_rule_on_what_the_layout_does_not_read_is_refused)
{
    struct sample s;
    const struct map_place_rules *rules = NULL;
    ck_assert_int_lt(open_rules(&s, "places: {r: {like: {bay: 'E*'}, group: ed}}\n",
                                1U << MAP_PLACE_WARD, &rules),
                     0);
    ck_assert_ptr_nonnull(strstr(s.err.text, "pl: reads no bay"));
    sample_close(&s);
}
END_TEST

START_TEST(a_csv_comes_before_the_tables_of_the_maps)
{
    char file[] = "/tmp/weir-codes-XXXXXX", text[200];
    static const char rows[] = "table,key,value\nt,a,from the file\nt,b,\"b, too\"\n";
    int fd = mkstemp(file);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, rows, sizeof(rows) - 1), (int)sizeof(rows) - 1);
    close(fd);
    struct sample s;
    sample_open(&s);
    snprintf(text, sizeof(text), "table_files: [%s]\ntables: {t: {a: map, c: map}}\ntriggers: {}\n",
             file);
    ck_assert_int_eq(sample_add(&s, text), 0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    const struct site_table *t = site_table_find(s.tables, SLICE("t"));
    kit_assert_slice(site_table_get(t, SLICE("a")), SLICE("from the file"));
    kit_assert_slice(site_table_get(t, SLICE("b")), SLICE("b, too"));
    kit_assert_slice(site_table_get(t, SLICE("c")), SLICE("map"));
    sample_close(&s);
    unlink(file);
}
END_TEST

START_TEST(made_as_another_takes_the_place_of_what_was_written_out)
{
    struct sample s;
    sample_open(&s);
    const char *base = "times: {t: [EVN-2.1]}\n"
                       "triggers:\n"
                       "  A28: {events: {patient.registered: {time: t}}}\n"
                       "  A31: {events: {patient.updated: {time: t}}}\n";
    ck_assert_int_eq(sample_add(&s, base), 0);
    ck_assert_int_eq(sample_add(&s, "triggers: {A28: {same_as: A31}}\n"), 0);
    ck_assert_msg(sample_compile(&s) == 0, "%s", s.err.text);
    kit_assert_slice(sample_trigger(&s, "A28")->types, SLICE("patient.updated"));
    sample_close(&s);
}
END_TEST

Suite *map_overlay_suite(void)
{
    Suite *suite = suite_create("map_overlay");
    TCase *t = tcase_create("overlay");
    tcase_add_loop_test(t, a_pattern_fits_or_not, 0, (int)(sizeof(patterns) / sizeof(patterns[0])));
    tcase_add_test(t, every_rule_that_fits_counts_and_of_two_the_first);
    tcase_add_test(t, more_rules_than_a_feed_can_mean_are_refused);
    tcase_add_loop_test(t, what_cannot_be_meant_is_refused, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(t, a_rule_on_what_the_layout_does_not_read_is_refused);
    tcase_add_test(t, a_csv_comes_before_the_tables_of_the_maps);
    tcase_add_test(t, made_as_another_takes_the_place_of_what_was_written_out);
    suite_add_tcase(suite, t);
    return suite;
}
