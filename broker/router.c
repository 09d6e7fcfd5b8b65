#include "router.h"

#include <stdlib.h>
#include "digest.h"
#include "minimise.h"
#include "rule_set.h"
#include "rule_site.h"
#include "unrouted.h"

enum {
    RULES_MAX = 64 * 1024 * 1024, /* compiled rules of a site */
    SCRATCH_MAX = 256 * 1024,     /* strings that one evaluation makes */
    KEY_BYTES = 16,
    TYPES_MAX = 256,
};

struct route {
    struct slice name, topic;
    const struct rule *rule; /* NULL: every event */
    struct minimise minimise;
    struct digest *key;
    struct series *events, *errors;
    uint64_t taken, failed; /* events since the start, and those on which the rule erred */
    uint64_t newest;        /* number of the event it took last */
};
struct router {
    struct arena arena, scratch;
    struct route *routes;
    unsigned nroutes;
    struct rule_set *rules; /* of the routes, by their number */
    struct buf out;
    struct event_encoder *encoder;
    uint64_t asked; /* events so far */
    struct metric *unrouted_total;
    struct unrouted *unrouted;
};

static int open_route(struct router *r, const struct site_route *from, const struct rule_env *env,
                      struct metrics *metrics, struct route *ret, struct err *reterr)
{
    ret->name = arena_copy(&r->arena, from->name);
    ret->topic = arena_printf(&r->arena, "flow.route.%.*s", SLICE_ARG(from->name));
    if (!slice_present(ret->topic) || !slice_present(ret->name))
        return err_set(reterr, ERR_NOMEM, "no memory for the routes");
    if (rule_site_route(from, env, &r->arena, &ret->rule, reterr) < 0 ||
        minimise_read(from, &ret->minimise, reterr) < 0 ||
        digest_open(from->key, &ret->key, reterr) < 0)
        return -1;
    if (metrics) {
        ret->events = metric_of(metrics_counter(metrics, "weir_route_events_total",
                                                "Events that a route took", "route", 1000),
                                from->name);
        ret->errors =
            metric_of(metrics_counter(metrics, "weir_route_rule_errors_total",
                                      "Events on which a route's rule erred (they do not match)",
                                      "route", 1000),
                      from->name);
    }
    return 0;
}

static int open_set(struct router *r, struct err *reterr)
{
    const struct rule **rules = calloc((size_t)r->nroutes + 1, sizeof(*rules));
    if (!rules)
        return err_set(reterr, ERR_NOMEM, "no memory for the routes");
    for (unsigned i = 0; i < r->nroutes; i++)
        rules[i] = r->routes[i].rule;
    int result = rule_set_open(rules, r->nroutes, &r->rules, reterr);
    free(rules);
    return result;
}

static int open_routes(struct router *r, const struct site *site, struct metrics *metrics,
                       struct err *reterr)
{
    struct rule_env env;
    r->routes = arena_zalloc(&r->arena, (size_t)site->nroutes + 1, sizeof(*r->routes));
    if (!r->routes)
        return err_set(reterr, ERR_NOMEM, "no memory for the routes");
    if (rule_site_env(site, &r->arena, &env, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < site->nroutes; i++) {
        r->nroutes = i + 1;
        if (open_route(r, &site->routes[i], &env, metrics, &r->routes[i], reterr) < 0)
            return -1;
    }
    if (open_set(r, reterr) < 0 || unrouted_open(&r->unrouted, reterr) < 0)
        return -1;
    return event_encoder_open(&r->out, &r->encoder, reterr);
}

int router_open(const struct site *site, struct metrics *metrics, struct router **ret,
                struct err *reterr)
{
    struct router *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for the router");
    arena_init(&r->arena, RULES_MAX);
    arena_init(&r->scratch, SCRATCH_MAX);
    buf_init(&r->out, EVENT_SIZE_MAX * 2);
    if (metrics)
        r->unrouted_total = metrics_counter(metrics, "weir_flow_unrouted_total",
                                            "Events that no route took", "type", TYPES_MAX);
    if (open_routes(r, site, metrics, reterr) < 0) {
        router_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void router_close(struct router *r)
{
    if (!r)
        return;
    for (unsigned i = 0; i < r->nroutes; i++)
        digest_close(r->routes[i].key);
    event_encoder_close(r->encoder);
    unrouted_close(r->unrouted);
    rule_set_close(r->rules);
    buf_fini(&r->out);
    arena_fini(&r->scratch);
    arena_fini(&r->arena);
    free(r);
}

void router_inherit(struct router *to, struct router *from)
{
    struct unrouted *none = to->unrouted;
    to->unrouted = from->unrouted;
    from->unrouted = none;
    for (unsigned i = 0, j = 0; i < to->nroutes; i++) { /* both mostly in the same order */
        for (unsigned n = 0; n < from->nroutes; n++, j++) {
            j = j < from->nroutes ? j : 0;
            if (slice_eq(to->routes[i].name, from->routes[j].name)) {
                to->routes[i].taken = from->routes[j].taken;
                to->routes[i].failed = from->routes[j].failed;
                break;
            }
        }
    }
}

static struct slice route_key(void *arg, struct unit *u, struct slice ordering_key)
{
    struct route *route = arg;
    unsigned char hash[DIGEST_SIZE];
    char text[DIGEST_B64];
    digest_of(route->key, ordering_key, hash);
    return unit_copy(u, digest_b64url(hash, KEY_BYTES, text));
}

enum { HEADERS = 7 };

static void publish_copy(struct unit *u, struct slice topic, const struct routed *in,
                         struct slice value, struct slice ordering_key, struct slice key,
                         struct slice merge, struct slice with)
{
    struct stream_header *h = unit_headers(u, HEADERS);
    unsigned n = 0;
    if (!h)
        return;
    h[n++] = (struct stream_header){SLICE("ce_id"), in->id};
    h[n++] = (struct stream_header){SLICE("ce_type"), in->type};
    h[n++] = (struct stream_header){SLICE("content-type"), SLICE("application/cloudevents+json")};
    h[n++] = (struct stream_header){SLICE("received"), in->received};
    if (slice_present(ordering_key))
        h[n++] = (struct stream_header){SLICE("ordering-key"), ordering_key};
    if (slice_present(merge)) {
        h[n++] = (struct stream_header){SLICE("merge"), merge};
        h[n++] = (struct stream_header){SLICE("merge-with"), with};
    }
    unit_add(u, topic, key, value, h, n);
}

static struct slice joined(struct unit *u, const struct slice *keys, unsigned n)
{
    size_t total = 0, at = 0;
    for (unsigned i = 0; i < n; i++)
        total += keys[i].n + 1;
    char *text = arena_alloc(&u->arena, total);
    if (!text) {
        u->failed = true;
        return SLICE_ABSENT;
    }
    for (unsigned i = 0; i < n; i++) {
        memcpy(text + at, keys[i].p, keys[i].n);
        at += keys[i].n;
        text[at++] = ' ';
    }
    return slice_make(text, at - 1);
}

void router_publish(struct unit *u, struct slice topic, const struct routed *in, struct slice value,
                    router_key_fn make_key, void *arg, bool with_ordering)
{
    struct slice keys[PEOPLE_RETIRED_MAX], key = make_key(arg, u, in->key);
    for (unsigned i = 0; i < in->nretired; i++) {
        keys[i] = make_key(arg, u, in->retired[i]);
        publish_copy(u, topic, in, value, with_ordering ? in->retired[i] : SLICE_ABSENT, keys[i],
                     SLICE("retired"), key);
    }
    struct slice ordering = with_ordering ? in->key : SLICE_ABSENT;
    if (in->nretired)
        publish_copy(u, topic, in, value, ordering, key, SLICE("survivor"),
                     joined(u, keys, in->nretired));
    else
        publish_copy(u, topic, in, value, ordering, key, SLICE_ABSENT, SLICE_ABSENT);
}

/* One event on its way through the routes. */
struct routing {
    struct router *router;
    const struct routed *in;
    struct unit *unit;
    int taken; /* -1: could not be written */
};

static void take(struct routing *to, struct route *route)
{
    struct router *r = to->router;
    const uint64_t *keep = minimise_keep(&route->minimise, to->in->event);
    struct slice value = to->in->json;
    if (keep) {
        buf_reset(&r->out);
        event_encode(r->encoder, to->in->event, keep);
        if (!buf_ok(&r->out)) {
            to->taken = -1;
            return;
        }
        value = unit_copy(to->unit, buf_slice(&r->out));
    }
    router_publish(to->unit, route->topic, to->in, value, route_key, route, false);
    series_add(route->events, 1);
    route->taken++;
    to->taken++;
}

static void answered(void *arg, unsigned rule, unsigned errors)
{
    struct routing *to = arg;
    struct route *route = &to->router->routes[rule];
    if (errors) {
        series_add(route->errors, 1);
        route->failed++;
    } else if (to->taken >= 0 && route->newest != to->router->asked) {
        route->newest = to->router->asked;
        take(to, route);
    }
}

int router_route(struct router *r, const struct routed *in, struct unit *u)
{
    struct routing to = {.router = r, .in = in, .unit = u};
    r->asked++;
    rule_set_ask(r->rules, in->event, &r->scratch, answered, &to);
    if (in->retracts)
        rule_set_ask(r->rules, in->retracts, &r->scratch, answered, &to);
    if (to.taken == 0) {
        series_add(metric_of(r->unrouted_total, in->type), 1);
        unrouted_note(r->unrouted, in->type, in->id);
    }
    return u->failed ? -1 : to.taken;
}

void router_report(const struct router *r, struct json_writer *w)
{
    json_key(w, SLICE("routes"));
    json_array(w);
    for (unsigned i = 0; i < r->nroutes; i++) {
        const struct route *route = &r->routes[i];
        json_object(w);
        json_key(w, SLICE("name"));
        json_string(w, route->name);
        json_key(w, SLICE("matched"));
        json_int(w, (int64_t)route->taken);
        json_key(w, SLICE("errors"));
        json_int(w, (int64_t)route->failed);
        json_object_end(w);
    }
    json_array_end(w);
    unrouted_write(r->unrouted, w);
}

uint64_t router_unrouted(const struct router *r)
{
    return unrouted_count(r->unrouted);
}
