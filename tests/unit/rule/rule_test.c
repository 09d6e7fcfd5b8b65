#include "kit.h"
#include "rule.h"
#include "rule_suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA = 4 << 20 };

struct fixture {
    struct arena arena, scratch;
    struct event *event;
};

static const struct slice site_values[] = {{"RXF10", 5}, {"RXF05", 5}, {"RR8", 3}};
static const struct slice minute_values[] = {{"42", 2}, {"43", 2}};
static const struct rule_list lists[] = {{{"region_sites", 12}, site_values, 3},
                                         {{"minutes", 7}, minute_values, 2}};
static const struct rule_env env = {.lists = lists, .nlists = 2};

static void set(struct event *e, const char *path, const char *value)
{
    int field = event_field_find(slice_str(path));
    ck_assert_msg(field >= 0, "%s", path);
    ck_assert_msg(event_put(e, (unsigned)field, slice_str(value)), "%s", path);
}

static void add_id(struct event *e, const char *value, const char *type)
{
    struct event_item *item = event_item_add(e, EV_DATA_PATIENT_IDS);
    ck_assert(event_item_set(e, item, EV_DATA_PATIENT_IDS_VALUE, slice_str(value)));
    ck_assert(event_item_set(e, item, EV_DATA_PATIENT_IDS_TYPE, slice_str(type)));
}

static void fixture_open(struct fixture *f)
{
    arena_init(&f->arena, ARENA);
    arena_init(&f->scratch, ARENA);
    f->event = event_make(&f->arena);
    set(f->event, "id", "abc-1");
    set(f->event, "type", "patient.admitted");
    set(f->event, "source", "urn:nhs:ods:RXF:cerner");
    set(f->event, "specversion", "1.0");
    set(f->event, "data.location.site", "RXF05");
    set(f->event, "data.location.ward",
        "PGH\xc3\x89"
        "AMU");
    set(f->event, "data.wait.minutes", "42");
    set(f->event, "data.visit.same_day", "true");
    ck_assert(event_push(f->event, EV_DATA_QUALITY, SLICE("test_patient")));
    ck_assert(event_push(f->event, EV_DATA_QUALITY, SLICE("unmapped_code:care.specialty")));
    add_id(f->event, "9990000018", "nhs_number");
    add_id(f->event, "H123", "mrn");
}

static void fixture_close(struct fixture *f)
{
    arena_fini(&f->arena);
    arena_fini(&f->scratch);
}

static unsigned run(struct fixture *f, const char *text, struct rule_value *v)
{
    const struct rule *r;
    size_t at = 0;
    struct err err;
    struct kit_guard guard;
    kit_guard_open(&guard, slice_str(text));
    int rc = rule_compile(guard.bytes, &env, &f->arena, &r, &at, &err);
    kit_guard_close(&guard);
    ck_assert_msg(rc == 0, "%s: at %zu: %s", text, at, err.text);
    return rule_eval(r, f->event, &f->scratch, v);
}

struct expected {
    const char *text, *want;
};

static void show(const struct rule_value *v, unsigned errors, char *out, size_t size)
{
    char words[RULE_ERRORS_SIZE];
    if (v->kind == RULE_STRING)
        snprintf(out, size, "'%.*s'", SLICE_ARG(v->string));
    else if (v->kind == RULE_INTEGER)
        snprintf(out, size, "%d", v->integer);
    else
        snprintf(out, size, "%s", v->boolean ? "true" : "false");
    if (errors) {
        size_t n = strlen(out);
        snprintf(out + n, size - n, " ! %s", rule_errors_text(errors, words));
    }
}

static void check_all(const struct expected *rows, size_t n)
{
    struct fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < n; i++) {
        struct rule_value v;
        char got[256];
        show(&v, run(&f, rows[i].text, &v), got, sizeof(got));
        ck_assert_msg(strcmp(got, rows[i].want) == 0, "%s gives %s, not %s", rows[i].text, got,
                      rows[i].want);
    }
    fixture_close(&f);
}

#define CHECK(rows) check_all(rows, sizeof(rows) / sizeof(*(rows)))

START_TEST(fields_of_the_event)
{
    static const struct expected rows[] = {
        {"data.location.site", "'RXF05'"},
        {"DATA.Location.Site = 'RXF05'", "true"},
        {"data.wait.minutes", "42"},
        {"data.wait.minutes >= 42", "true"},
        {"data.wait.minutes = '42'", "true"},
        {"data.visit.same_day", "true"},
        {"NOT data.visit.same_day", "false"},
        {"data.location.bay", "''"},
        {"data.location.bay = ''", "true"},
        {"data.patient.restricted", "false"},
        {"data.placement.bed_days + 1", "1"},
        {"EXISTS data.location.bay", "false"},
        {"EXISTS data.location.site", "true"},
        {"EXISTS data.location", "true"},
        {"EXISTS data.merge", "false"},
        {"EXISTS data.patient.ids", "true"},
        {"EXISTS data.patient.ids.authority", "false"},
        {"subject", "false ! missing attribute"},
        {"EXISTS subject", "false"},
        {"subject = 'x' OR true", "true ! missing attribute"},
        {"EXISTS id AND EXISTS source AND EXISTS type AND EXISTS specversion", "true"},
    };
    CHECK(rows);
}
END_TEST

START_TEST(fields_with_several_values)
{
    static const struct expected rows[] = {
        {"data.quality = 'test_patient'", "true"},
        {"'test_patient' = data.quality", "true"},
        {"data.quality != 'test_patient'", "false"},
        {"data.quality <> 'resend'", "true"},
        {"data.quality LIKE 'unmapped_code:%'", "true"},
        {"data.quality NOT LIKE 'unmapped_code:%'", "false"},
        {"data.quality LIKE 'no_%'", "false"},
        {"data.quality IN ('resend', 'test_patient')", "true"},
        {"data.quality NOT IN ('resend', 'test_patient')", "false"},
        {"data.quality IN ('resend')", "false"},
        {"'test_patient' IN data.quality", "true"},
        {"'resend' NOT IN data.quality", "true"},
        {"(data.quality) = 'test_patient' AND true", "true"},
        {"data.patient.ids.value = 'H123'", "true"},
        {"data.patient.ids.value LIKE '999%'", "true"},
        {"data.patient.ids.authority = 'x'", "false"},
        {"data.patient.ids.authority != 'x'", "true"},
        {"data.patient.ids.value = 5", "false ! cast"},
    };
    CHECK(rows);
}
END_TEST

START_TEST(named_lists)
{
    static const struct expected rows[] = {
        {"data.location.site IN region_sites", "true"},
        {"data.location.site IN REGION_SITES", "true"},
        {"data.location.site NOT IN region_sites", "false"},
        {"data.location.ward IN region_sites", "false"},
        {"data.wait.minutes IN minutes", "true"},
        {"data.wait.minutes + 42 IN minutes", "43"},
        {"(data.wait.minutes + 1) IN minutes", "true"},
        {"data.quality IN region_sites", "false"},
    };
    CHECK(rows);
}
END_TEST

START_TEST(language)
{
    static const struct expected rows[] = {
        {"2147483647 + 1", "0 ! math"},
        {"-2147483648 - 1", "0 ! math"},
        {"-2147483648 / -1", "0 ! math"},
        {"- -2147483648", "0 ! math"},
        {"-7 / 2", "-3"},
        {"-7 % 2", "-1"},
        {"7 % -2", "1"},
        {"+5", "5"},
        {"1 - 1", "0"},
        {"1 -1", "0"},
        {"2 + 3 * 4", "14"},
        {"1 = 1 = true", "true"},
        {"true OR true AND false", "false"}, /* one level, from left to right */
        {"false AND 1/0 = 1 OR true", "true"},
        {"NOT true OR true", "true"},
        {"NOT (true OR true)", "false"},
        {"'a' = \"a\"", "true"},
        {"'it\\'s'", "'it's'"},
        {"'a\\b'", "'a\\b'"},
        {"10 IN ('x', 10)", "false ! cast"},
        {"10 IN (10, 'x')", "true"},
        {"'abc' * 2", "0 ! cast"},
        {"'abc' != 5", "false ! cast"},
        {"1 = true", "false ! cast"},
        {"1/0 = 0", "false ! math"},
        {"LENGTH('\xc3\xa9t\xc3\xa9')", "3"},
        {"LEFT('\xc3\xa9t\xc3\xa9', 2)", "'\xc3\xa9t'"},
        {"RIGHT('\xc3\xa9t\xc3\xa9', 2)", "'t\xc3\xa9'"},
        {"SUBSTRING('\xc3\xa9t\xc3\xa9', -1)", "'\xc3\xa9'"},
        {"SUBSTRING('abc', 2, -1)", "'' ! function"},
        {"UPPER('\xc3\xa9t\xc3\xa9 \xc3\x9f\xc3\xb7')", "'\xc3\x89T\xc3\x89 \xc3\x9f\xc3\xb7'"},
        {"LOWER(data.location.ward)", "'pgh\xc3\xa9"
                                      "amu'"},
        {"CONCAT(1, true, 'x')", "'1truex'"},
        {"CONCAT_WS('/', source, id)", "'urn:nhs:ods:RXF:cerner/abc-1'"},
        {"CONCAT(subject, 'x')", "'' ! missing attribute"},
        {"ABS('x')", "0 ! cast"},
        {"'\xc3\xa9' LIKE '_'", "true"},
        {"'' LIKE '%'", "true"},
        {"'' LIKE ''", "true"},
        {"'a' LIKE ''", "false"},
        {"'ab' LIKE '%%b'", "true"},
        {"'a%' LIKE 'a\\%'", "true"},
        {"'aab' LIKE '%ab'", "true"},
        {"'abcabd' LIKE '%ab_'", "true"},
    };
    CHECK(rows);
}
END_TEST

START_TEST(only_true_without_errors_matches)
{
    static const struct {
        const char *text;
        bool match;
    } rows[] = {
        {"type = 'patient.admitted'", true},
        {"type LIKE 'patient.%'", true},
        {"'true'", false},
        {"1", false},
        {"subject = 'x' OR true", false},
        {"NOT 10", false},
        {"type IN ('patient.admitted')", true},
        {"type NOT LIKE 'patient.%'", false},
    };
    struct fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct rule *r;
        size_t at;
        struct err err;
        ck_assert_int_eq(rule_compile(slice_str(rows[i].text), NULL, &f.arena, &r, &at, &err), 0);
        ck_assert_msg(rule_match(r, f.event, &f.scratch) == rows[i].match, "%s", rows[i].text);
    }
    fixture_close(&f);
}
END_TEST

/* A text and a pattern made to be slow: the evaluation ends with an error, not late. */
START_TEST(time_is_bounded)
{
    enum { LONG = 400000 };
    struct fixture f;
    struct rule_value v;
    char rule[512], pattern[256];
    fixture_open(&f);
    char *text = malloc(LONG);
    memset(text, 'a', LONG);
    ck_assert(event_put(f.event, EV_DATA_LOCATION_RAW, slice_make(text, LONG)));
    memset(pattern, 'a', 200);
    snprintf(pattern + 200, sizeof(pattern) - 200, "b%%");
    snprintf(rule, sizeof(rule), "data.location.raw LIKE '%%%s'", pattern);
    ck_assert_uint_eq(run(&f, rule, &v), RULE_GENERIC);
    ck_assert(!v.boolean);
    free(text);
    fixture_close(&f);
}
END_TEST

/* More text than scratch has room for: an error, and the arena goes on working. */
START_TEST(memory_is_bounded)
{
    enum { LONG = 400000 };
    struct fixture f;
    struct rule_value v;
    fixture_open(&f);
    char *text = malloc(LONG);
    memset(text, 'a', LONG);
    ck_assert(event_put(f.event, EV_DATA_LOCATION_RAW, slice_make(text, LONG)));
    ck_assert_uint_eq(
        run(&f, "CONCAT(data.location.raw, data.location.raw, data.location.raw)", &v),
        RULE_GENERIC);
    f.scratch.max = 1000;
    ck_assert_uint_eq(run(&f, "LOWER(data.location.raw)", &v), RULE_GENERIC);
    ck_assert(!f.scratch.overflow);
    ck_assert_uint_eq(run(&f, "LOWER('A') = 'a'", &v), 0);
    ck_assert(v.boolean);
    free(text);
    fixture_close(&f);
}
END_TEST

START_TEST(extensions_of_others)
{
    static const char json[] = "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"x\","
                               "\"type\":\"a.b\",\"myext\":\"one\",\"myint\":7,\"mybool\":true}";
    static const struct rule_env standard = {.standard = true};
    static const struct expected rows[] = {{"myext", "'one'"},
                                           {"myint + 1", "8"},
                                           {"mybool", "true"},
                                           {"EXISTS myext AND NOT EXISTS other", "true"},
                                           {"type = 'no.such'", "false"},
                                           {"other", "false ! missing attribute"}};
    struct fixture f;
    struct err err;
    fixture_open(&f);
    ck_assert_msg(event_decode(SLICE(json), &f.arena, &f.event, &err) == 0, "%s", err.text);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct rule *r;
        size_t at;
        struct rule_value v;
        char got[256];
        int rc = rule_compile(slice_str(rows[i].text), &standard, &f.arena, &r, &at, &err);
        ck_assert_msg(rc == 0, "%s: %s", rows[i].text, err.text);
        show(&v, rule_eval(r, f.event, &f.scratch, &v), got, sizeof(got));
        ck_assert_msg(strcmp(got, rows[i].want) == 0, "%s gives %s", rows[i].text, got);
    }
    fixture_close(&f);
}
END_TEST

Suite *rule_suite(void)
{
    Suite *s = suite_create("rule");
    TCase *t = tcase_create("eval");
    tcase_add_test(t, fields_of_the_event);
    tcase_add_test(t, fields_with_several_values);
    tcase_add_test(t, named_lists);
    tcase_add_test(t, language);
    tcase_add_test(t, only_true_without_errors_matches);
    tcase_add_test(t, time_is_bounded);
    tcase_add_test(t, memory_is_bounded);
    tcase_add_test(t, extensions_of_others);
    suite_add_tcase(s, t);
    return s;
}
