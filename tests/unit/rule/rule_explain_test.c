/* Why a rule gave what it gave: parts, values, and the one that decided. */
#include "kit.h"
#include "rule_explain.h"
#include "rule_suites.h"

#include <stdio.h>

struct bed {
    struct arena arena;
    struct event *event;
};

static void put(struct bed *b, int field, const char *value)
{
    ck_assert(event_put(b->event, (unsigned)field, slice_str(value)));
}

static void bed_open(struct bed *b)
{
    arena_init(&b->arena, 4 << 20);
    b->event = event_make(&b->arena);
    put(b, EV_ID, "e1");
    put(b, EV_TYPE, "patient.admitted");
    put(b, EV_DATA_LOCATION_SITE, "RXF05");
    put(b, EV_DATA_PATIENT_FAMILY, "SAMPLE");
    put(b, EV_DATA_WAIT_MINUTES, "42");
    ck_assert(event_push(b->event, EV_DATA_QUALITY, SLICE("resend")));
    ck_assert(event_push(b->event, EV_DATA_QUALITY, SLICE("test_patient")));
}

static struct rule_explained explain(struct bed *b, const char *text)
{
    const struct rule *r;
    struct rule_explained x;
    struct err err;
    size_t at;
    ck_assert_msg(rule_compile(slice_str(text), NULL, &b->arena, &r, &at, &err) == 0, "%s: %s",
                  text, err.text);
    ck_assert_int_eq(rule_explain(r, b->event, &b->arena, &x, &err), 0);
    return x;
}

START_TEST(the_part_that_decides)
{
    static const struct {
        const char *rule, *decides;
        bool matched;
    } rows[] = {
        {"type = 'patient.admitted'", "type = 'patient.admitted'", true},
        {"type = 'patient.admitted' AND data.location.site = 'RR8' AND EXISTS id",
         "data.location.site = 'RR8'", false},
        {"type = 'patient.admitted' AND data.location.site = 'RXF05'",
         "type = 'patient.admitted' AND data.location.site = 'RXF05'", true},
        {"type LIKE 'sdec.%' OR data.location.site = 'RXF05' OR true",
         "data.location.site = 'RXF05'", true},
        {"type LIKE 'sdec.%' OR data.location.site = 'RR8'",
         "type LIKE 'sdec.%' OR data.location.site = 'RR8'", false},
        {"(type LIKE 'sdec.%' OR data.location.site = 'RR8') AND EXISTS id",
         "(type LIKE 'sdec.%' OR data.location.site = 'RR8')", false},
        {"type LIKE 'patient.%' AND (true AND ( data.wait.minutes>60 ))",
         "( data.wait.minutes>60 )", false},
        {"NOT (type = 'patient.admitted')", "(type = 'patient.admitted')", false},
        {"EXISTS id AND NOT (type = 'patient.admitted' AND data.sector = 'acute')",
         "EXISTS id AND NOT (type = 'patient.admitted' AND data.sector = 'acute')", true},
        {"NOT (type = 'patient.admitted' AND data.sector = 'acute')", "data.sector = 'acute'",
         true},
        {"true XOR type = 'patient.admitted'", "true XOR type = 'patient.admitted'", false},
        {"type = 'patient.admitted' AND subject = 'x' OR true", "subject = 'x'", false},
        {"data.quality = 'x' AND true", "data.quality = 'x'", false},
        {"'x' IN data.quality", "'x' IN data.quality", false},
        {"data.quality NOT IN ('x', 'y')", "data.quality NOT IN ('x', 'y')", true},
        {"data.patient.restricted", "data.patient.restricted", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bed b;
        unsigned decided = 0;
        bed_open(&b);
        struct rule_explained x = explain(&b, rows[i].rule);
        ck_assert_msg(x.matched == rows[i].matched, "%s", rows[i].rule);
        for (unsigned p = 0; p < x.nparts; p++) {
            struct slice text = slice_sub(slice_str(rows[i].rule), x.parts[p].from, x.parts[p].to);
            decided += x.parts[p].decided;
            ck_assert_msg(!x.parts[p].decided || slice_eq_str(text, rows[i].decides),
                          "%s: %.*s decides", rows[i].rule, SLICE_ARG(text));
        }
        ck_assert_msg(decided == 1, "%s: %u parts decide", rows[i].rule, decided);
        arena_fini(&b.arena);
    }
}
END_TEST

static void show(struct buf *out, const char *rule, const struct rule_part *p)
{
    struct slice text = slice_sub(slice_str(rule), p->from, p->to);
    buf_printf(out, "%u %.*s: ", p->depth, SLICE_ARG(text));
    if (!p->asked)
        buf_puts(out, "not asked");
    else if (p->values)
        for (unsigned i = 0; i < p->nvalues; i++)
            buf_printf(out, "%s%.*s", i ? "," : "", SLICE_ARG(p->values[i]));
    else if (p->value.kind == RULE_STRING)
        buf_printf(out, "'%.*s'", SLICE_ARG(p->value.string));
    else if (p->value.kind == RULE_INTEGER)
        buf_printf(out, "%d", p->value.integer);
    else
        buf_puts(out, p->value.boolean ? "true" : "false");
    buf_printf(out, "%s%s%s\n", p->absent ? " absent" : "", p->personal ? " personal" : "",
               p->errors ? " error" : "");
}

START_TEST(parts_and_values)
{
    static const struct {
        const char *rule, *parts;
    } rows[] = {
        {"type = 'patient.admitted' AND ( data.wait.minutes > 60) AND EXISTS subject",
         "0 type = 'patient.admitted' AND ( data.wait.minutes > 60) AND EXISTS subject: false\n"
         "1 type = 'patient.admitted': true\n"
         "2 type: 'patient.admitted'\n"
         "1 ( data.wait.minutes > 60): false\n"
         "2 data.wait.minutes: 42\n"
         "1 EXISTS subject: not asked\n"},
        {"data.quality LIKE 'test%' OR data.location.bay = ''",
         "0 data.quality LIKE 'test%' OR data.location.bay = '': true\n"
         "1 data.quality LIKE 'test%': true\n"
         "2 data.quality: resend,test_patient\n"
         "1 data.location.bay = '': not asked\n"
         "2 data.location.bay: not asked absent\n"},
        {"LEFT(data.patient.family, 1) = 'S' AND subject = 'x'",
         "0 LEFT(data.patient.family, 1) = 'S' AND subject = 'x': false error\n"
         "1 LEFT(data.patient.family, 1) = 'S': true\n"
         "2 data.patient.family: 'SAMPLE' personal\n"
         "1 subject = 'x': false error\n"
         "2 subject: false absent error\n"},
        {"UPPER(data.patient.family)", "0 UPPER(data.patient.family): 'SAMPLE' personal\n"
                                       "1 data.patient.family: 'SAMPLE' personal\n"},
        {"data.patient.restricted", "0 data.patient.restricted: false personal\n"
                                    "1 data.patient.restricted: false absent personal\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct bed b;
        struct buf out;
        bed_open(&b);
        buf_init(&out, 1 << 16);
        struct rule_explained x = explain(&b, rows[i].rule);
        for (unsigned p = 0; p < x.nparts; p++)
            show(&out, rows[i].rule, &x.parts[p]);
        ck_assert_str_eq(buf_cstr(&out), rows[i].parts);
        buf_fini(&out);
        arena_fini(&b.arena);
    }
}
END_TEST

START_TEST(no_room_is_an_error)
{
    struct bed b;
    const struct rule *r;
    struct rule_explained x;
    struct err err;
    size_t at;
    int rc = -1;
    bed_open(&b);
    ck_assert_int_eq(rule_compile(SLICE("data.quality = 'x' OR type = 'patient.admitted'"), NULL,
                                  &b.arena, &r, &at, &err),
                     0);
    for (size_t max = 0; rc < 0; max += 16) {
        struct arena small;
        arena_init(&small, max);
        rc = rule_explain(r, b.event, &small, &x, &err);
        ck_assert(rc == 0 || err.code == ERR_LIMIT);
        arena_fini(&small);
        ck_assert_uint_lt(max, 100000);
    }
    arena_fini(&b.arena);
}
END_TEST

Suite *rule_explain_suite(void)
{
    Suite *s = suite_create("rule explained");
    TCase *t = tcase_create("explain");
    tcase_add_test(t, the_part_that_decides);
    tcase_add_test(t, parts_and_values);
    tcase_add_test(t, no_room_is_an_error);
    suite_add_tcase(s, t);
    return s;
}
