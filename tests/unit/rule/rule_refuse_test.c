#include "kit.h"
#include "rule.h"
#include "rule_suites.h"

#include <stdlib.h>

static const struct slice site_values[] = {{"RXF05", 5}};
static const struct slice type_values[] = {{"patient.admitted", 16}, {"patient.admited", 15}};
static const struct rule_list lists[] = {{{"sites", 5}, site_values, 1},
                                         {{"types", 5}, type_values, 2}};
static const struct rule_env env = {.lists = lists, .nlists = 2};

static int compile(struct slice text, size_t *ret_at, struct err *reterr)
{
    struct arena arena;
    const struct rule *r;
    struct kit_guard guard;
    arena_init(&arena, 1 << 20);
    kit_guard_open(&guard, text);
    int rc = rule_compile(guard.bytes, &env, &arena, &r, ret_at, reterr);
    kit_guard_close(&guard);
    arena_fini(&arena);
    return rc;
}

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } rows[] = {
        {"", 0, "the rule ends"},
        {"type =", 6, "the rule ends"},
        {"type = 'patient.admitted", 7, "no closing quote"},
        {"(true", 5, "\")\""},
        {"true)", 4, "AND, OR"},
        {"true true", 5, "AND, OR"},
        {"type = 'patient.admited'", 7, "did you mean \"patient.admitted\"?"},
        {"'patient.admited' != type", 0, "did you mean \"patient.admitted\"?"},
        {"type IN ('patient.admitted', 'patient.admited')", 29, "did you mean"},
        {"type IN types", 8, "did you mean"},
        {"type LIKE 'pateint.%'", 10, "no event has a type like this"},
        {"data.location.sit = 'x'", 0, "did you mean data.location.site?"},
        {"data.location = 'x'", 0, "data.location.raw"},
        {"data.patient.ids = 'x'", 0, "data.patient.ids"},
        {"site = 'x'", 0, "did you mean data.site?"},
        {"tipe = 'x'", 0, "did you mean type?"},
        {"EXISTS data.locaton", 7, "did you mean"},
        {"my_name = 'x'", 0, "no attribute"},
        {"data.location.site IN site", 22, "no list \"site\""},
        {"data.location.site IN data.location.ward", 22, "for one value write ="},
        {"sites = 'RXF05'", 0, "is a list"},
        {"data.quality", 0, "several values"},
        {"data.quality < 5", 0, "several values"},
        {"LENGTH(data.quality)", 7, "several values"},
        {"data.quality = data.patient.ids.value", 15, "several values"},
        {"NOT type = 'patient.admitted'", 4, "NOT LIKE"},
        {"time < 5", 0, "is a time"},
        {"data.visit.admitted_at + 1 > 0", 0, "is a time"},
        {"data.care.admission_method.code = '77'", 34, "admission_method.csv has 11, 12, 13"},
        {"data.care.legal_status.code != '2'", 31, "did you mean \"02\" (section 2)?"},
        {"data.care.legal_status.code IN ('02', '2')", 38, "did you mean \"02\""},
        {"data.patient.gender.code = 'Female'", 27, "did you mean \"2\" (female)?"},
        {"data.patient.gender.code IN types", 28, "is never \"patient.admitted\""},
        {"data.care.admission_method.code LIKE '7%'", 37, "is never like this"},
        {"data.location.group = 'wards'", 22, "is never \"wards\": one of ed sdec"},
        {"data.sector IN ('acute', 'accute')", 25, "is never \"accute\""},
        {"data.location.group LIKE 'warden%'", 25, "is never like this: one of ed"},
        {"LENGHT('x')", 0, "did you mean LENGTH?"},
        {"LEFT('x')", 0, "does not take 1 value"},
        {"'x' LIKE 5", 9, "a pattern in quotes"},
        {"'x' LIKE id", 9, "a pattern in quotes"},
        {"x IN", 0, "no event"},
        {"'x' IN", 6, "the rule ends"},
        {"'x' IN ()", 8, "a name, a text"},
        {"2147483648", 0, "a whole number"},
        {"-2147483649", 0, "a whole number"},
        {"1 & 2", 2, "\"&\""},
        {"type == 'patient.admitted'", 6, "\"=\""},
        {"'\xff'", 1, "UTF-8"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err err = {0};
        size_t at = 9999;
        ck_assert_msg(compile(slice_str(rows[i].text), &at, &err) == -1, "%s", rows[i].text);
        ck_assert_msg(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].text, err.text);
        ck_assert_msg(at == rows[i].at, "%s: at %zu: %s", rows[i].text, at, err.text);
        ck_assert_int_eq(err.code, ERR_CONF);
    }
}
END_TEST

START_TEST(codes_of_the_table_are_taken)
{
    static const char *const rows[] = {
        "data.care.admission_method.code = '21'",
        "data.care.admission_method.code = ''", /* not there */
        "data.care.admission_method.code LIKE '2%'",
        "data.care.admission_method.raw = '99'", /* as sent: anything */
        "data.reason.code = 'anything'",         /* of no one table */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct err err = {0};
        size_t at;
        ck_assert_msg(compile(slice_str(rows[i]), &at, &err) == 0, "%s: %s", rows[i], err.text);
    }
}
END_TEST

static void check_nesting(const char *open, const char *middle, const char *close, unsigned n,
                          int want)
{
    struct buf b;
    struct err err;
    size_t at;
    buf_init(&b, 1 << 20);
    for (unsigned i = 0; i < n; i++)
        buf_puts(&b, open);
    buf_puts(&b, middle);
    for (unsigned i = 0; i < n; i++)
        buf_puts(&b, close);
    int rc = compile(buf_slice(&b), &at, &err);
    ck_assert_msg(rc == want, "%u times %s…%s", n, open, close);
    ck_assert(rc == 0 || strstr(err.text, "nested too deep") != NULL);
    buf_fini(&b);
}

START_TEST(nesting_is_bounded)
{
    check_nesting("(", "true", ")", 50, 0);
    check_nesting("(", "true", ")", 3000, -1);
    check_nesting("NOT ", "true", "", 50, 0);
    check_nesting("NOT ", "true", "", 3000, -1);
    check_nesting("-", "id", "", 3000, -1);
    check_nesting("LENGTH(", "id", ")", 1000, -1);
    check_nesting("", "id", " LIKE 'x'", 1000, -1);
    check_nesting("", "true", " AND true", 1500, 0); /* a chain does not nest */
}
END_TEST

START_TEST(length_is_bounded)
{
    struct err err;
    size_t at;
    char *text = malloc(RULE_TEXT_MAX + 1);
    memset(text, ' ', RULE_TEXT_MAX + 1);
    memcpy(text, "true", 4);
    ck_assert_int_eq(compile(slice_make(text, RULE_TEXT_MAX), &at, &err), 0);
    ck_assert_int_eq(compile(slice_make(text, RULE_TEXT_MAX + 1), &at, &err), -1);
    memcpy(text, "id LIKE '", 9);
    memset(text + 9, 'x', RULE_PATTERN_MAX + 1);
    text[9 + RULE_PATTERN_MAX + 1] = '\'';
    ck_assert_int_eq(compile(slice_make(text, RULE_PATTERN_MAX + 20), &at, &err), -1);
    ck_assert_uint_eq(at, 8);
    free(text);
}
END_TEST

START_TEST(no_room_is_an_error)
{
    struct arena arena;
    const struct rule *r;
    struct err err;
    size_t at;
    int rc = -1;
    for (size_t max = 0; rc < 0; max += 16) {
        arena_init(&arena, max);
        rc = rule_compile(SLICE("data.location.site IN sites AND id LIKE 'a%' OR -LENGTH(id) = 1"),
                          &env, &arena, &r, &at, &err);
        ck_assert(rc == 0 || err.code == ERR_LIMIT);
        arena_fini(&arena);
        ck_assert_uint_lt(max, 100000);
    }
}
END_TEST

static bool personal(const struct event_field *f)
{
    return f->personal;
}

/* Which field of the patient a rule looks at; NULL = none. */
static const struct {
    const char *text, *field;
} reads[] = {
    {"data.location.site = 'x'", NULL},
    {"EXISTS data.patient.nhs_number", NULL},
    {"data.patient.family = 'x'", "data.patient.family"},
    {"NOT (true AND data.patient.family LIKE 'x%')", "data.patient.family"},
    {"'x' IN (data.patient.family)", "data.patient.family"},
    {"data.patient.ids.value = 'x'", "data.patient.ids.value"},
    {"LENGTH(UPPER(data.patient.nhs_number)) > 0", "data.patient.nhs_number"},
    {"data.visit.same_day OR type = data.patient.given", "data.patient.given"},
};

START_TEST(what_a_rule_reads_is_told)
{
    struct arena arena;
    const struct rule *r;
    struct err err = {0};
    size_t at;
    arena_init(&arena, 1 << 20);
    ck_assert_msg(rule_compile(slice_str(reads[_i].text), &env, &arena, &r, &at, &err) == 0, "%s",
                  err.text);
    int field = rule_reads(r, personal);
    if (reads[_i].field)
        ck_assert_msg(field >= 0 && strcmp(event_fields[field].path, reads[_i].field) == 0, "%s",
                      reads[_i].text);
    else
        ck_assert_int_eq(field, -1);
    arena_fini(&arena);
}
END_TEST

Suite *rule_refuse_suite(void)
{
    Suite *s = suite_create("rule refused");
    TCase *t = tcase_create("refuse");
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, codes_of_the_table_are_taken);
    tcase_add_test(t, nesting_is_bounded);
    tcase_add_test(t, length_is_bounded);
    tcase_add_test(t, no_room_is_an_error);
    tcase_add_loop_test(t, what_a_rule_reads_is_told, 0, (int)(sizeof(reads) / sizeof(reads[0])));
    suite_add_tcase(s, t);
    return s;
}
