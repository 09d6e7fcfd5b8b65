/* rules - CPU of asking many routes' rules about an event: a set (rule_set.h) beside each rule
 * evaluated in turn. 90% of the rules name a type and one field, 9% a list of sites, 1% the
 * beginning of a ward; events are spread over the same types, sites and wards. The two take turns;
 * medians. Prints microseconds an event, and the ratio of the two. */
#include <stdio.h>
#include <stdlib.h>
#include "measure.h"
#include "rule_set.h"

enum {
    EVENTS = 512,
    ROUNDS = 7,
    SITES = 200,
    WARDS = 500,
    ROUTES_MAX = 10000,
    BYTES_MAX = 64 << 20
};

struct bench {
    struct arena arena, scratch;
    const struct rule *rules[ROUTES_MAX];
    struct event *events[EVENTS];
    struct rule_set *set;
    unsigned n;
    size_t matched;
};

/* Seeded once: every run has the same rules and events. */
static unsigned any(unsigned below)
{
    return (unsigned)rand() % below;
}

static struct slice any_type(void)
{
    return slice_str(event_type_nth(any(EVENT_NTYPES)));
}

static struct slice rule_text(struct arena *a, unsigned i)
{
    struct slice type = any_type();
    if (i % 100 == 99)
        return arena_printf(a, "data.location.ward LIKE 'W%03u%%'", any(WARDS));
    if (i % 10 == 8)
        return arena_printf(a, "data.location.site IN ('R%03u', 'R%03u', 'R%03u')", any(SITES),
                            any(SITES), any(SITES));
    if (i % 2)
        return arena_printf(a, "type = '%.*s' AND data.location.site = 'R%03u'", SLICE_ARG(type),
                            any(SITES));
    return arena_printf(a, "data.location.ward = 'W%03u-A' AND type = '%.*s'", any(WARDS),
                        SLICE_ARG(type));
}

static int make_rules(struct bench *b, struct err *reterr)
{
    for (unsigned i = 0; i < b->n; i++) {
        size_t at;
        struct slice text = rule_text(&b->arena, i);
        if (rule_compile(text, NULL, &b->arena, &b->rules[i], &at, reterr) < 0)
            return err_at(reterr, "%.*s", SLICE_ARG(text));
    }
    return rule_set_open(b->rules, b->n, &b->set, reterr);
}

static void make_events(struct bench *b)
{
    for (unsigned i = 0; i < EVENTS; i++) {
        struct event *e = b->events[i] = event_make(&b->arena);
        event_put(e, EV_ID, arena_printf(&b->arena, "e%u", i));
        event_put(e, EV_SOURCE, SLICE("urn:nhs:ods:RZZ:bench"));
        event_put(e, EV_TYPE, any_type());
        event_put(e, EV_DATA_LOCATION_SITE, arena_printf(&b->arena, "R%03u", any(SITES)));
        event_put(e, EV_DATA_LOCATION_WARD, arena_printf(&b->arena, "W%03u-A", any(WARDS)));
    }
}

static void count(void *arg, unsigned rule, unsigned errors)
{
    struct bench *b = arg;
    (void)rule;
    b->matched += !errors;
}

static void ask_set(struct bench *b, unsigned event)
{
    rule_set_ask(b->set, b->events[event], &b->scratch, count, b);
}

static void ask_each(struct bench *b, unsigned event)
{
    for (unsigned i = 0; i < b->n; i++) {
        arena_reset(&b->scratch);
        b->matched += rule_match(b->rules[i], b->events[event], &b->scratch);
    }
}

/* Microseconds of one event. */
static double measure(struct bench *b, void (*ask)(struct bench *, unsigned), unsigned passes)
{
    double start = cpu_seconds();
    b->matched = 0;
    for (unsigned pass = 0; pass < passes; pass++)
        for (unsigned i = 0; i < EVENTS; i++)
            ask(b, i);
    return (cpu_seconds() - start) * 1e6 / (passes * EVENTS);
}

static int run(unsigned routes)
{
    struct bench *b = calloc(1, sizeof(*b));
    struct err err = {0};
    double set[ROUNDS], each[ROUNDS];
    if (!b)
        return 1;
    srand(20260303);
    b->n = routes;
    arena_init(&b->arena, BYTES_MAX);
    arena_init(&b->scratch, RULE_SCRATCH_MAX);
    make_events(b);
    int result = make_rules(b, &err);
    for (unsigned i = 0; result == 0 && i < ROUNDS; i++) {
        unsigned passes = routes > 100 ? 1 : 200;
        each[i] = measure(b, ask_each, passes);
        size_t matched = b->matched;
        set[i] = measure(b, ask_set, passes * 10);
        if (b->matched != matched * 10)
            result = err_set(&err, ERR_INPUT, "the set and its rules do not agree");
    }
    if (result == 0) {
        double s = median(set, ROUNDS), e = median(each, ROUNDS);
        printf("routes %u set %.3f each %.3f ratio %.1f\n", routes, s, e, e / s);
    } else {
        fprintf(stderr, "rules: %s\n", err.text);
    }
    rule_set_close(b->set);
    arena_fini(&b->scratch);
    arena_fini(&b->arena);
    free(b);
    return result < 0;
}

int main(void)
{
    return run(10) || run(ROUTES_MAX);
}
