/* A rule is refused with a place inside of it, or evaluates within its bounds. */
#include <stdlib.h>
#include <string.h>
#include "rule_set.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct event *sample(struct arena *arena)
{
    struct event *e = event_make(arena);
    struct event_item *item = event_item_add(e, EV_DATA_PATIENT_IDS);
    event_put(e, EV_ID, SLICE("abc-1"));
    event_put(e, EV_SOURCE, SLICE("urn:nhs:ods:RXF:x"));
    event_put(e, EV_TYPE, SLICE("patient.admitted"));
    event_put(e, EV_DATA_LOCATION_SITE, SLICE("RXF05"));
    event_put(e, EV_DATA_WAIT_MINUTES, SLICE("42"));
    event_put(e, EV_DATA_VISIT_SAME_DAY, SLICE("true"));
    event_push(e, EV_DATA_QUALITY, SLICE("test_patient"));
    event_item_set(e, item, EV_DATA_PATIENT_IDS_VALUE, SLICE("H123"));
    return e;
}

static void check_value(const struct rule_value *v)
{
    if (v->kind > RULE_BOOLEAN || !v->string.p)
        abort();
}

static void count(void *arg, unsigned rule, unsigned errors)
{
    (void)rule;
    *(unsigned *)arg = errors + 1;
}

/* A set of this one rule says the same. */
static void check_set(const struct rule *r, const struct event *e, struct arena *scratch,
                      unsigned errors, bool match)
{
    struct rule_set *s;
    struct err err;
    unsigned told = 0;
    if (rule_set_open(&r, 1, &s, &err) < 0)
        abort();
    rule_set_ask(s, e, scratch, count, &told);
    if (told != (errors || match ? errors + 1 : 0))
        abort();
    rule_set_close(s);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const struct slice values[] = {{"RXF05", 5}, {"RXF10", 5}};
    static const struct rule_list list = {{"region_sites", 12}, values, 2};
    struct rule_env env = {&list, 1, size % 2 == 1};
    struct arena arena, scratch;
    const struct rule *r;
    struct err err;
    size_t at = size + 1;
    struct rule_value v;

    arena_init(&arena, 8 << 20);
    arena_init(&scratch, 1 << 20);
    if (rule_compile(slice_make((const char *)data, size), &env, &arena, &r, &at, &err) == 0) {
        struct event *e = sample(&arena);
        unsigned errors = rule_eval(r, e, &scratch, &v);
        check_value(&v);
        bool match = !errors && v.kind == RULE_BOOLEAN && v.boolean;
        if (rule_match(r, e, &scratch) != match)
            abort();
        check_set(r, e, &scratch, errors, match);
    } else if (at > size || !err.text[0]) {
        abort();
    }
    arena_fini(&scratch);
    arena_fini(&arena);
    return 0;
}
