/* A set of rules answers as each of its rules does: thousands of rules and events at random, errors
 * compared too. The rules are made of parts that can and cannot be looked up, in any order. */
#include "kit.h"
#include "rule_set.h"
#include "rule_suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { RULES = 250, EVENTS = 150, ROUNDS = 6, PARTS_MAX = 4, SIMPLE = 30 };

static const struct slice site_values[] = {{"RXF05", 5}, {"RXF10", 5}, {"RXF05", 5}};
static const struct rule_list lists[] = {{{"sites", 5}, site_values, 3}, {{"none", 4}, NULL, 0}};
static const struct rule_env env = {.lists = lists, .nlists = 2};

static const char *const parts[] = {
    "type = 'patient.admitted'",
    "'patient.discharged' = type",
    "type != 'patient.admitted'",
    "type IN ('patient.admitted', 'emergency.arrived')",
    "type NOT IN ('patient.admitted')",
    "type LIKE 'patient.%'",
    "type LIKE '%.arrived'",
    "type NOT LIKE 'emergency.%'",
    "(type = 'sdec.arrived' OR type LIKE 'emergency.%')",
    "data.location.site = 'RXF05'",
    "data.location.site = 'RXF10'",
    "'RXF10' = data.location.site",
    "data.location.site IN ('RXF05', 'RXF05', 'RR8')",
    "data.location.site IN sites",
    "data.location.site IN none",
    "data.location.site = ''",
    "(data.location.site = 'RR8' OR data.location.site = 'RXF10')",
    "data.location.site != 'RXF05'",
    "data.location.ward LIKE 'AM%'",
    "data.location.ward LIKE 'A%' OR data.location.ward LIKE 'AM%'",
    "data.location.ward LIKE 'ITU'",
    "data.location.ward LIKE 'A%U'",
    "data.location.ward LIKE '%'",
    "data.location.ward LIKE '_M%'",
    "data.location.ward LIKE 'a-ward-with-a-name-longer-than-is-looked-up%'",
    "data.location.ward NOT LIKE 'AM%'",
    "data.sector = 'acute'",
    "data.patient.restricted",
    "data.patient.restricted = true",
    "NOT data.patient.restricted",
    "data.visit.same_day = data.patient.restricted",
    "data.quality = 'test_patient'",
    "data.quality IN ('resend')",
    "EXISTS data.location.ward",
    "EXISTS subject",
    "subject = 'k1:a'",
    "subject LIKE 'k1:%'",
    "data.wait.minutes > 60",
    "data.wait.minutes = 42",
    "data.location.ward = 42",
    "data.location.site + 1 = 2",
    "data.location.site",
    "1/0 = 1",
    "true",
    "false",
    "'x'",
    "source LIKE 'urn:%'",
    "id = 'e1'",
    "LEFT(data.location.ward, 1) = 'A'",
    "data.location.site = data.location.ward",
    "data.location.site = 'RXF05' = true",
};
static const char *const joins[] = {" AND ", " AND ", " AND ", " OR ", " XOR "};

#define PICK(from) from[(unsigned)rand() % (sizeof(from) / sizeof(*(from)))]

/* Half of the rules have only parts that cannot err, all of which have to hold. */
static void write_rule(struct buf *b, int depth, bool simple)
{
    int n = 1 + rand() % PARTS_MAX;
    for (int i = 0; i < n; i++) {
        if (i)
            buf_puts(b, simple ? " AND " : PICK(joins));
        bool nested = depth < 2 && rand() % 5 == 0;
        if (nested && rand() % 3 == 0)
            buf_puts(b, "NOT ");
        if (nested) {
            buf_putc(b, '(');
            write_rule(b, depth + 1, simple);
            buf_putc(b, ')');
        } else {
            buf_puts(b, simple ? parts[rand() % SIMPLE] : PICK(parts));
        }
    }
}

static const struct rule *make_rule(struct arena *arena)
{
    const struct rule *r = NULL;
    struct buf b;
    struct err err = {0};
    size_t at;
    bool simple = rand() % 2;
    buf_init(&b, RULE_TEXT_MAX);
    do { /* NOT before a text and the like are refused */
        buf_reset(&b);
        write_rule(&b, 0, simple);
    } while (rule_compile(buf_slice(&b), &env, arena, &r, &at, &err) < 0);
    buf_fini(&b);
    return r;
}

static void put(struct event *e, int field, const char *value)
{
    if (value)
        ck_assert(event_put(e, (unsigned)field, slice_str(value)));
}

static struct event *make_event(struct arena *arena)
{
    static const char *const types[] = {"patient.admitted",  "patient.discharged",
                                        "emergency.arrived", "emergency.departed",
                                        "sdec.arrived",      "moon.landed"};
    static const char *const sites[] = {"RXF05", "RXF10", "RR8", "RXX", "", NULL, NULL};
    static const char *const wards[] = {"AMU",
                                        "ITU",
                                        "A",
                                        "",
                                        NULL,
                                        "42",
                                        "RXF05",
                                        "a-ward-with-a-name-longer-than-is-looked-up-and-more",
                                        "a-ward-with-a-name-longer"};
    static const char *const truths[] = {"true", "false", NULL};
    static const char *const minutes[] = {"42", "61", "99999999999", NULL};
    static const char *const sectors[] = {"acute", "ambulance", NULL};
    static const char *const subjects[] = {"k1:a", "k1:b", NULL};
    struct event *e = event_make(arena);
    put(e, EV_ID, rand() % 50 ? "e1" : NULL);
    put(e, EV_SOURCE, rand() % 50 ? "urn:nhs:ods:RXF:x" : NULL);
    put(e, EV_TYPE, rand() % 50 ? PICK(types) : NULL);
    put(e, EV_SUBJECT, PICK(subjects));
    put(e, EV_DATA_SECTOR, PICK(sectors));
    put(e, EV_DATA_LOCATION_SITE, PICK(sites));
    put(e, EV_DATA_LOCATION_WARD, PICK(wards));
    put(e, EV_DATA_PATIENT_RESTRICTED, PICK(truths));
    put(e, EV_DATA_VISIT_SAME_DAY, PICK(truths));
    put(e, EV_DATA_WAIT_MINUTES, PICK(minutes));
    if (rand() % 2)
        event_push(e, EV_DATA_QUALITY, SLICE("test_patient"));
    return e;
}

struct answer {
    int told[RULES]; /* errors; -1: neither a match nor an error */
    int last;
};

static void told(void *arg, unsigned rule, unsigned errors)
{
    struct answer *a = arg;
    ck_assert_int_gt((int)rule, a->last); /* in their order, each once */
    a->last = (int)rule;
    a->told[rule] = (int)errors;
}

static int naive(const struct rule *r, const struct event *e, struct arena *scratch)
{
    struct rule_value v;
    arena_reset(scratch);
    if (!r)
        return 0;
    unsigned errors = rule_eval(r, e, scratch, &v);
    return errors ? (int)errors : v.kind == RULE_BOOLEAN && v.boolean ? 0 : -1;
}

/* Returns how many rules the set evaluated. */
static unsigned compare(struct rule_set *s, const struct rule *const *rules, const struct event *e,
                        struct arena *scratch)
{
    struct answer a = {.last = -1};
    memset(a.told, 0xff, sizeof(a.told));
    unsigned asked = rule_set_ask(s, e, scratch, told, &a);
    for (unsigned i = 0; i < RULES; i++)
        ck_assert_int_eq(a.told[i], naive(rules[i], e, scratch));
    return asked;
}

START_TEST(answers_as_each_rule_does)
{
    const struct rule *rules[RULES];
    struct rule_set *s;
    struct err err;
    struct arena arena, events, scratch;
    size_t asked = 0;
    srand((unsigned)_i + 1);
    arena_init(&arena, 64 << 20);
    arena_init(&events, 64 << 20);
    arena_init(&scratch, 1 << 20);
    for (unsigned i = 0; i < RULES; i++)
        rules[i] = i % 100 == 7 ? NULL : make_rule(&arena);
    ck_assert_int_eq(rule_set_open(rules, RULES, &s, &err), 0);
    for (unsigned i = 0; i < EVENTS; i++) {
        arena_reset(&events);
        asked += compare(s, rules, make_event(&events), &scratch);
    }
    ck_assert_uint_lt(asked,
                      (size_t)RULES * EVENTS * 2 / 3); /* most of these have nothing to look up */
    rule_set_close(s);
    arena_fini(&scratch);
    arena_fini(&events);
    arena_fini(&arena);
}
END_TEST

static const struct rule *rule_of(const char *text, struct arena *arena)
{
    const struct rule *r;
    struct err err;
    size_t at;
    ck_assert_msg(rule_compile(slice_str(text), &env, arena, &r, &at, &err) == 0, "%s: %s", text,
                  err.text);
    return r;
}

static void count(void *arg, unsigned rule, unsigned errors)
{
    (void)rule;
    ck_assert_uint_eq(errors, 0);
    ++*(unsigned *)arg;
}

/* What can be looked up is not evaluated; the order of the parts does not matter. */
START_TEST(only_candidates_are_evaluated)
{
    static const struct {
        const char *text;
        unsigned asked;
    } rows[] = {
        {"type = 'patient.admitted' AND data.location.site = 'RXF05'", 1},
        {"data.location.site = 'RXF05' AND type = 'patient.admitted'", 1},
        {"type = 'patient.discharged' AND data.location.site = 'RXF05'", 0},
        {"type = 'patient.admitted' AND data.location.site = 'RXF10'", 0},
        {"type LIKE 'emergency.%' OR type LIKE 'sdec.%'", 0},
        {"type LIKE 'patient.%' AND data.location.site IN ('RR8', 'RXX')", 0},
        {"data.location.ward LIKE 'IT%'", 0},
        {"data.location.ward LIKE 'AM%'", 1},
        {"EXISTS data.location AND (data.patient.restricted OR true) AND type = 'sdec.arrived'", 0},
        {"data.wait.minutes > 5 AND type = 'sdec.arrived'", 1}, /* may err: has to be asked */
        {"subject = 'x' AND type = 'sdec.arrived'", 1},
        {"data.location.ward LIKE '%AMU%' AND type = 'sdec.arrived'", 1}, /* as long as the text */
        {"type = 'sdec.arrived' AND data.location.ward LIKE '%AMU%'", 0},
    };
    struct arena arena, scratch;
    arena_init(&arena, 8 << 20);
    arena_init(&scratch, 1 << 20);
    struct event *e = event_make(&arena);
    put(e, EV_ID, "e1");
    put(e, EV_SOURCE, "urn:x");
    put(e, EV_TYPE, "patient.admitted");
    put(e, EV_SUBJECT, "k1:a");
    put(e, EV_DATA_LOCATION_SITE, "RXF05");
    put(e, EV_DATA_LOCATION_WARD, "AMU");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct rule *r = rule_of(rows[i].text, &arena);
        struct rule_set *s;
        struct err err;
        unsigned matched = 0;
        ck_assert_int_eq(rule_set_open(&r, 1, &s, &err), 0);
        ck_assert_msg(rule_set_ask(s, e, &scratch, count, &matched) == rows[i].asked, "%s",
                      rows[i].text);
        ck_assert_uint_eq(matched, rule_match(r, e, &scratch));
        rule_set_close(s);
    }
    arena_fini(&scratch);
    arena_fini(&arena);
}
END_TEST

/* A pattern that costs more on a long type than a rule may: the set says so as the rule does. */
START_TEST(a_long_type_is_asked_of_every_rule)
{
    enum { LONG = 400000 };
    struct arena arena, scratch;
    struct rule_set *s;
    struct err err;
    struct answer a = {.last = -1};
    char rule[512], pattern[256], *type = malloc(LONG);
    arena_init(&arena, 8 << 20);
    arena_init(&scratch, 1 << 20);
    memset(type, 'a', LONG);
    memset(pattern, 'a', 200);
    snprintf(pattern + 200, sizeof(pattern) - 200, "b%%");
    snprintf(rule, sizeof(rule), "type NOT LIKE '%%%s' AND data.sector = 'x'", pattern);
    const struct rule *r;
    struct rule_env any_type = {.standard = true};
    size_t at;
    ck_assert_int_eq(rule_compile(slice_str(rule), &any_type, &arena, &r, &at, &err), 0);
    struct event *e = event_make(&arena);
    put(e, EV_ID, "e1");
    put(e, EV_SOURCE, "urn:x");
    ck_assert(event_put(e, EV_TYPE, slice_make(type, LONG)));
    ck_assert_int_eq(rule_set_open(&r, 1, &s, &err), 0);
    rule_set_ask(s, e, &scratch, told, &a);
    ck_assert_int_eq(a.last, 0);
    ck_assert_int_eq(a.told[0], RULE_GENERIC);
    rule_set_close(s);
    arena_fini(&scratch);
    arena_fini(&arena);
    free(type);
}
END_TEST

START_TEST(a_set_of_none)
{
    struct rule_set *s;
    struct err err;
    struct arena arena;
    unsigned matched = 0;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(rule_set_open(NULL, 0, &s, &err), 0);
    ck_assert_uint_eq(rule_set_ask(s, event_make(&arena), &arena, count, &matched), 0);
    ck_assert_uint_eq(matched, 0);
    rule_set_close(s);
    rule_set_close(NULL);
    arena_fini(&arena);
}
END_TEST

Suite *rule_set_suite(void)
{
    Suite *s = suite_create("rule set");
    TCase *t = tcase_create("set");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, answers_as_each_rule_does, 0, ROUNDS);
    tcase_add_test(t, only_candidates_are_evaluated);
    tcase_add_test(t, a_long_type_is_asked_of_every_rule);
    tcase_add_test(t, a_set_of_none);
    suite_add_tcase(s, t);
    return s;
}
