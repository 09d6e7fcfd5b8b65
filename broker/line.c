#include "line.h"

#include <poll.h>
#include <stdlib.h>
#include "clock.h"
#include "json.h"
#include "log.h"
#include "rfc3339.h"
#include "site_change.h"

enum { PAUSE_MS = 200, STUCK_MS = 30 * 1000 };

struct line {
    struct line_options o;
    const struct site *site; /* held */
    struct router *router;
    struct router *next_router; /* of a new configuration, waits for the unit under way */
    struct journey *journey;
    struct deliveries *deliveries;
    struct loop_fd *reported;
    int reported_fd; /* what is watched */
    struct loop_timer *timer;
    bool draining, drained;
    bool leads;       /* the journey is this process's */
    bool losing;      /* it was: its unit under way ends, then a standby takes its place */
    bool paused;      /* the timer runs, for what failed to be tried again */
    uint64_t moved;   /* events and repeats when last looked at, */
    int64_t moved_ms; /* and when that grew */
    struct series *lag, *oldest, *people, *ids, *leading;
};

static void check_drained(struct line *l)
{
    if (!l->draining || l->drained || !journey_idle(l->journey) || !deliveries_idle(l->deliveries))
        return;
    l->drained = true;
    l->o.drained(l->o.arg);
}

static void pause_step(struct line *l)
{
    if (!l->paused) /* else whatever calls often would put it off for ever */
        loop_timer_start(l->timer, PAUSE_MS);
    l->paused = true;
}

/* Records of a unit name the topics of the router that made them: it goes when none is under way.
 */
static void change_router(struct line *l)
{
    if (!l->next_router || !journey_use(l->journey, l->next_router))
        return;
    router_inherit(l->next_router, l->router);
    router_close(l->router);
    l->router = l->next_router;
    l->next_router = NULL;
    log_line(LOG_INFO, "routes.changed", "events are asked by the rules of the new configuration");
}

/* ---- who leads ---- */

static int open_journey(struct line *l, struct journey **ret, struct err *reterr)
{
    struct journey_options o = {.stream = l->o.stream,
                                .site = l->site,
                                .router = l->router,
                                .metrics = l->o.metrics,
                                .audit = l->o.audit};
    return journey_open(&o, ret, reterr);
}

static void on_reported(int fd, unsigned what, void *arg);

/* The journey reads something else once it leads. */
static int watch_journey(struct line *l, struct err *reterr)
{
    int fd = journey_fd(l->journey);
    if (l->reported && fd == l->reported_fd)
        return 0;
    loop_fd_remove(l->reported);
    l->reported = NULL;
    l->reported_fd = fd;
    return loop_fd_add(l->o.loop, fd, LOOP_READ, on_reported, l, &l->reported, reterr);
}

/* What the journey that led knows may never have become durable: the next one begins anew. */
static int change_journey(struct line *l, struct err *reterr)
{
    struct journey *fresh;
    if (!l->losing || journey_abandon(l->journey))
        return 0;
    if (open_journey(l, &fresh, reterr) < 0)
        return -1;
    loop_fd_remove(l->reported);
    l->reported = NULL;
    journey_close(l->journey);
    l->journey = fresh;
    l->losing = false;
    return 0;
}

static int take_lead(struct line *l, struct err *reterr)
{
    struct journey_stats st;
    journey_stats(l->journey, &st);
    bool begins = l->leads && !l->losing && !l->draining &&
                  (st.role == JOURNEY_RECALLS || st.role == JOURNEY_STANDBY);
    return begins ? journey_lead(l->journey, reterr) : 0;
}

static void on_lead(void *arg, bool leads, const struct err *why)
{
    struct line *l = arg;
    if (leads == l->leads) {
        if (!leads && why)
            log_line(LOG_WARN, "journey.standby", "this broker cannot lead now: %s", why->text);
        return;
    }
    l->leads = leads;
    if (leads) {
        log_line(LOG_INFO, "journey.leads", "this broker makes the events");
    } else {
        log_line(LOG_WARN, "journey.standby", "this broker makes events no longer: %s",
                 why ? why->text : "another one does");
        l->losing = true;
    }
    if (l->timer)
        loop_timer_start(l->timer, 0);
}

/* False: something failed, to be tried again. */
static bool settle_lead(struct line *l)
{
    struct err err = {0};
    if (change_journey(l, &err) == 0 && take_lead(l, &err) == 0)
        return true;
    log_line(LOG_ERROR, "journey.recall", "tried again: %s", err.text);
    return false;
}

static void step(void *arg)
{
    struct line *l = arg;
    struct err err = {0};
    l->paused = false;
    deliveries_lead(l->deliveries, l->leads);
    if (!settle_lead(l)) {
        pause_step(l);
        return;
    }
    change_router(l);
    bool more = journey_step(l->journey, clock_wall_ms());
    struct journey_stats st;
    journey_stats(l->journey, &st);
    if (st.broken)
        err_set(&err, ERR_NOMEM, "no memory for a unit of the journey");
    if (st.broken || watch_journey(l, &err) < 0) {
        l->o.failed(l->o.arg, &err);
        return;
    }
    loop_fd_set(l->reported, journey_reads(l->journey) ? LOOP_READ : 0);
    if (more)
        loop_timer_start(l->timer, 0);
    else if (journey_held(l->journey) || l->draining)
        pause_step(l);
    check_drained(l);
}

static void on_reported(int fd, unsigned what, void *arg)
{
    struct line *l = arg;
    (void)fd;
    (void)what;
    step(l);
}

static void open_metrics(struct line *l)
{
    struct metrics *m = l->o.metrics;
    if (!m)
        return;
    l->lag = metric_of(metrics_gauge(m, "weir_journey_lag_records",
                                     "Reported events that the journey has not read", NULL, 1),
                       SLICE_ABSENT);
    l->oldest = metric_of(
        metrics_gauge(m, "weir_journey_oldest_seconds", "Age of the oldest of them", NULL, 1),
        SLICE_ABSENT);
    l->people = metric_of(metrics_gauge(m, "weir_journey_identities",
                                        "Identities whose ordering key is held", NULL, 1),
                          SLICE_ABSENT);
    l->ids =
        metric_of(metrics_gauge(m, "weir_journey_ids", "Event ids held to know repeats", NULL, 1),
                  SLICE_ABSENT);
    l->leading =
        metric_of(metrics_gauge(m, "weir_journey_leads",
                                "1 where this broker makes the events, 0 on a standby", NULL, 1),
                  SLICE_ABSENT);
}

static int open_parts(struct line *l, struct err *reterr)
{
    struct deliveries_options po = {.stream = l->o.stream,
                                    .loop = l->o.loop,
                                    .site = l->o.site,
                                    .metrics = l->o.metrics,
                                    .audit = l->o.audit,
                                    .paused = l->o.paused,
                                    .arg = l->o.arg};
    if (router_open(l->o.site, l->o.metrics, &l->router, reterr) < 0 ||
        open_journey(l, &l->journey, reterr) < 0 ||
        deliveries_open(&po, &l->deliveries, reterr) < 0 || watch_journey(l, reterr) < 0 ||
        stream_lead(l->o.stream, SLICE("journey"), on_lead, l, reterr) < 0)
        return -1;
    if (!l->leads)
        log_line(LOG_INFO, "journey.standby", "this broker follows until it is to lead");
    return loop_timer_add(l->o.loop, step, l, &l->timer, reterr);
}

int line_open(const struct line_options *o, struct line **ret, struct err *reterr)
{
    struct line *l = calloc(1, sizeof(*l));
    if (!l)
        return err_set(reterr, ERR_NOMEM, "no memory for the broker");
    l->o = *o;
    l->site = site_hold(o->site);
    l->moved_ms = loop_now(o->loop);
    open_metrics(l);
    if (open_parts(l, reterr) < 0) {
        line_close(l);
        return -1;
    }
    loop_timer_start(l->timer, 0);
    *ret = l;
    return 0;
}

static bool callbacks_due(struct line *l)
{
    bool due = l->journey && journey_abandon(l->journey);
    due = (l->deliveries && deliveries_abandon(l->deliveries)) || due;
    return due;
}

void line_close(struct line *l)
{
    if (!l)
        return;
    while (callbacks_due(l)) {
        struct pollfd p = {.fd = stream_fd(l->o.stream), .events = POLLIN};
        poll(&p, 1, PAUSE_MS);
        stream_dispatch(l->o.stream);
    }
    loop_fd_remove(l->reported);
    loop_timer_remove(l->timer);
    deliveries_close(l->deliveries);
    journey_close(l->journey);
    router_close(l->router);
    router_close(l->next_router);
    site_close(l->site);
    free(l);
}

void line_dispatched(struct line *l)
{
    if (!l->timer)
        return; /* it is being opened or closed */
    if (journey_held(l->journey))
        pause_step(l);
    else
        loop_timer_start(l->timer, 0);
}

void line_drain(struct line *l)
{
    l->draining = true;
    loop_fd_set(l->reported, 0);
    journey_stop(l->journey);
    deliveries_drain(l->deliveries);
    loop_timer_start(l->timer, 0);
}

bool line_ready(struct line *l, const char **ret_why)
{
    struct journey_stats st;
    struct delivery_stats ds;
    struct err err;
    uint64_t waiting = 0;
    int64_t oldest, now = loop_now(l->o.loop);
    journey_stats(l->journey, &st);
    if (st.events + st.repeats != l->moved) {
        l->moved = st.events + st.repeats;
        l->moved_ms = now;
    }
    *ret_why = "what is remembered of patients and events is still being read";
    if (st.role == JOURNEY_RECALLS || st.role == JOURNEY_BEGINS)
        return false;
    *ret_why = "the stream does not take events: weir status and the log say why";
    if (st.failing || journey_lag(l->journey, &waiting, &oldest, &err) < 0)
        return false;
    if (!waiting)
        l->moved_ms = now;
    *ret_why = "events wait and none was moved for half a minute";
    if (waiting && now - l->moved_ms > STUCK_MS)
        return false;
    struct delivery *d;
    for (unsigned i = 0; (d = line_nth(l, i)); i++) {
        delivery_stats(d, &ds);
        if (ds.stopped) {
            *ret_why = "a delivery has stopped: see the log";
            return false;
        }
    }
    return true;
}

void line_collect(struct line *l)
{
    struct journey_stats st;
    struct err err;
    uint64_t records = 0;
    int64_t oldest = 0;
    journey_stats(l->journey, &st);
    journey_lag(l->journey, &records, &oldest, &err);
    int64_t age = oldest ? clock_wall_ms() - oldest : 0;
    series_set(l->lag, (double)records);
    series_set(l->oldest, age > 0 ? (double)age / 1000 : 0);
    series_set(l->people, (double)st.people);
    series_set(l->ids, (double)st.ids);
    series_set(l->leading, st.role == JOURNEY_LEADS);
    struct delivery *d;
    for (unsigned i = 0; (d = line_nth(l, i)); i++)
        delivery_collect(d);
}

static void member(struct json_writer *w, struct slice name, uint64_t v)
{
    json_key(w, name);
    json_int(w, (int64_t)v);
}

static void status_one(struct delivery *d, struct json_writer *w)
{
    static const char *const breaker[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half-open", [BREAKER_OPEN] = "open"};
    struct delivery_stats st;
    char at[RFC3339_SIZE];
    delivery_stats(d, &st);
    json_object(w);
    json_key(w, SLICE("name"));
    json_string(w, delivery_name(d));
    json_key(w, SLICE("breaker"));
    json_string(w, slice_str(breaker[st.sched.breaker]));
    member(w, SLICE("delivered"), st.sched.delivered);
    if (st.sched.skipped)
        member(w, SLICE("skipped"), st.sched.skipped);
    member(w, SLICE("retries"), st.sched.retries);
    member(w, SLICE("under_way"), st.sched.under_way);
    member(w, SLICE("lag"), st.lag);
    member(w, SLICE("parked"), st.sched.parked);
    if (st.oldest_ms) {
        json_key(w, SLICE("oldest"));
        json_string(w, rfc3339_utc(st.oldest_ms, at));
    }
    if (st.last_success_ms) {
        json_key(w, SLICE("last_success"));
        json_string(w, rfc3339_utc(st.last_success_ms, at));
    }
    if (st.last_failure_ms) {
        json_key(w, SLICE("last_failure"));
        json_string(w, rfc3339_utc(st.last_failure_ms, at));
        json_key(w, SLICE("last_failure_reason"));
        json_string(w, slice_str(st.last_reason));
    }
    if (st.why) {
        json_key(w, SLICE("why"));
        json_string(w, slice_str(st.why));
    }
    json_object_end(w);
}

static void status_waiting(struct line *l, struct json_writer *w)
{
    struct slice name;
    const char *why;
    for (unsigned i = 0; deliveries_waiting(l->deliveries, i, &name, &why); i++) {
        json_object(w);
        json_key(w, SLICE("name"));
        json_string(w, name);
        json_key(w, SLICE("why"));
        json_string(w, slice_str(why));
        json_object_end(w);
    }
}

void line_status(struct line *l, struct json_writer *w)
{
    static const char *const roles[] = {[JOURNEY_RECALLS] = "reads what is remembered",
                                        [JOURNEY_STANDBY] = "standby",
                                        [JOURNEY_BEGINS] = "begins to lead",
                                        [JOURNEY_LEADS] = "leads"};
    struct journey_stats st;
    struct err err;
    uint64_t records = 0;
    int64_t oldest = 0;
    journey_stats(l->journey, &st);
    journey_lag(l->journey, &records, &oldest, &err);
    json_key(w, SLICE("journey"));
    json_object(w);
    json_key(w, SLICE("role"));
    json_string(w, slice_str(roles[st.role]));
    member(w, SLICE("events"), st.events);
    member(w, SLICE("repeats"), st.repeats);
    member(w, SLICE("unreadable"), st.unreadable);
    member(w, SLICE("unrouted"), router_unrouted(l->router));
    member(w, SLICE("lag"), records);
    member(w, SLICE("identities"), st.people);
    member(w, SLICE("ids"), st.ids);
    if (st.failing) { /* units are whole: no route gets what one of them cannot take */
        json_key(w, SLICE("stands"));
        json_string(w, slice_str(st.why));
    }
    json_object_end(w);
    json_key(w, SLICE("consumers"));
    json_array(w);
    struct delivery *d;
    for (unsigned i = 0; (d = line_nth(l, i)); i++)
        status_one(d, w);
    status_waiting(l, w);
    json_array_end(w);
}

bool line_leads(const struct line *l)
{
    struct journey_stats st;
    journey_stats(l->journey, &st);
    return st.role == JOURNEY_LEADS;
}

void line_routes(struct line *l, struct json_writer *w)
{
    router_report(l->router, w);
}

struct delivery *line_find(struct line *l, struct slice consumer)
{
    return deliveries_find(l->deliveries, consumer);
}

struct delivery *line_nth(struct line *l, unsigned nth)
{
    return deliveries_nth(l->deliveries, nth);
}

void line_look(struct line *l)
{
    deliveries_look(l->deliveries);
}

/* What holds for records that are written already. */
static int check_fixed(const struct site *now, const struct site *fresh, struct err *reterr)
{
    const struct yaml *journey = yaml_get(fresh->root, "journey");
    if (!yaml_same(yaml_get(now->root, "journey"), journey))
        return site_change_refuse(fresh, journey, "journey", reterr);
    for (unsigned i = 0; i < fresh->nroutes; i++) {
        const struct site_route *r = &fresh->routes[i], *old = site_route_find(now, r->name);
        if (old && !slice_eq(old->key, r->key))
            return site_change_refuse(fresh, r->key_node ? r->key_node : r->node,
                                      "the key of a route", reterr);
    }
    return 0;
}

int line_reload(struct line *l, const struct site *fresh, struct buf *what, struct err *reterr)
{
    struct router *router;
    if (check_fixed(l->site, fresh, reterr) < 0 ||
        router_open(fresh, l->o.metrics, &router, reterr) < 0)
        return -1;
    if (deliveries_check(l->deliveries, fresh, reterr) < 0) {
        router_close(router);
        return -1;
    }
    router_close(l->next_router);
    l->next_router = router;
    buf_printf(what, "rules and keep-lists of %u route%s", fresh->nroutes,
               fresh->nroutes == 1 ? "" : "s");
    deliveries_take(l->deliveries, fresh, what);
    site_close(l->site);
    l->site = site_hold(fresh);
    loop_timer_start(l->timer, 0);
    return 0;
}
