/* A rule is refused with a place inside of it, or evaluates within its bounds. */
#include <stdlib.h>
#include <string.h>
#include "rule.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct event *sample(struct arena *arena)
{
    struct event *e = event_make(arena);
    struct event_item *item = event_item_add(e, EV_DATA_PATIENT_IDS);
    event_put(e, EV_ID, SLICE("abc-1"));
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
        if (rule_match(r, e, &scratch) != (!errors && v.kind == RULE_BOOLEAN && v.boolean))
            abort();
    } else if (at > size || !err.text[0]) {
        abort();
    }
    arena_fini(&scratch);
    arena_fini(&arena);
    return 0;
}
