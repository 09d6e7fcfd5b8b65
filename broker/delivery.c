#include "delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "delivery_parts.h"
#include "event_fields.h"
#include "log.h"
#include "lost.h"
#include "rfc3339.h"

enum {
    READ_MAX = 512,  /* records read per turn */
    COMMIT_MS = 200, /* positions are committed this often */
    PAUSE_MS = 200,  /* before something that failed is tried again */
    COMMIT_PARTITIONS = 64,
    MOVES_MS = 1000,          /* who reads nothing looks this often whether it has to leave */
    LEAVE_MAX_MS = 10 * 1000, /* others of the group wait for so long at most */
    EVENT_ARENA = 16 * 1024 * 1024,
};

struct slice delivery_name(const struct delivery *d)
{
    return d->o.conf->name;
}

int delivery_partition(struct delivery *d, struct slice name)
{
    for (unsigned i = 0; i < d->npartitions; i++)
        if (slice_eq(d->partitions[i], name))
            return (int)i;
    char *copy = d->npartitions < PARTITIONS_MAX ? malloc(name.n + 1) : NULL;
    if (!copy)
        return -1;
    memcpy(copy, name.p, name.n);
    d->partitions[d->npartitions] = slice_make(copy, name.n);
    d->pending[d->npartitions] = d->moving[d->npartitions] = -1;
    return (int)d->npartitions++;
}

static void open_metrics(struct delivery *d)
{
    struct metrics *m = d->o.metrics;
    struct slice name = delivery_name(d);
    enum { CONSUMERS = 1000 };
    if (!m)
        return;
#define COUNTER(metric, help)                                                                      \
    metric_of(metrics_counter(m, metric, help, "consumer", CONSUMERS), name)
#define GAUGE(metric, help) metric_of(metrics_gauge(m, metric, help, "consumer", CONSUMERS), name)
    d->delivered = COUNTER("weir_delivered_events_total", "Events that the consumer has");
    d->skipped = COUNTER("weir_skipped_events_total",
                         "Events that no message of the consumer's format tells: passed over");
    d->retries = COUNTER("weir_delivery_retries_total", "Attempts that failed and count");
    d->parked_count = COUNTER("weir_parked_events_total", "Events that went to flow.parked");
    d->open = GAUGE("weir_parked_open_events", "Events that stand in flow.parked");
    d->breaker = GAUGE("weir_breaker_state", "0 closed, 1 half-open, 2 open");
    d->lag = GAUGE("weir_delivery_lag_records", "Records of the route not delivered nor parked");
    d->oldest = GAUGE("weir_delivery_oldest_seconds", "Age of the oldest event not delivered");
    d->success = GAUGE("weir_delivery_last_success_timestamp_seconds",
                       "When the consumer last took an event; 0 = not since the start");
#undef COUNTER
#undef GAUGE
    d->counted[0] = (uint64_t)series_value(d->delivered);
    d->counted[1] = (uint64_t)series_value(d->retries);
    d->counted[2] = (uint64_t)series_value(d->skipped);
    d->last_success_ms = (int64_t)(series_value(d->success) * 1000);
}

static int64_t now_ms(const struct delivery *d)
{
    return loop_now(d->o.loop);
}

static void failed_for(struct delivery *d, const char *reason)
{
    snprintf(d->last_reason, sizeof(d->last_reason), "%s", reason);
    d->last_failure_ms = clock_wall_ms();
}

static void on_verdict(void *arg, void *ticket, const struct sched_verdict *v)
{
    struct delivery *d = arg;
    struct parcel *p = ticket;
    if (v->kind == SCHED_OK)
        d->last_success_ms = clock_wall_ms();
    else if (v->reason)
        failed_for(d, v->reason);
    sched_verdict(d->sched, &p->item, v, now_ms(d));
    delivery_wake(d);
}

static void step(void *arg);

static void on_readable(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    ((struct delivery *)arg)->more = true;
    step(arg);
}

static int open_sched(struct delivery *d, struct err *reterr)
{
    const struct site_consumer *c = d->o.conf;
    struct sched_options so = {
        .in_flight = d->kind->in_flight(c),
        .window = (unsigned)c->window,
        .window_bytes = c->window_bytes,
        .parked_max = (unsigned)c->parked_max,
        .backoff_min = c->backoff_min,
        .backoff_max = c->backoff_max,
        .retry_after_max = c->retry_after_max,
        .spill_after = c->spill_after,
        .breaker_after = c->breaker_after,
        .merge_wait = c->merge_wait,
        .one_partition = !slice_eq_str(d->o.site->stream.kind, "kafka"),
        .seed = (uint64_t)clock_mono_ns(),
    };
    return sched_open(&so, &d->sched, reterr);
}

static int reader_options(const struct delivery *d, struct stream_reader_options *ret,
                          struct err *reterr)
{
    struct slice start = d->o.conf->start;
    int offset_min;
    *ret = (struct stream_reader_options){
        .topics = &d->topic, .ntopics = 1, .group = d->group, .start = STREAM_EARLIEST};
    if (slice_eq_str(start, "latest"))
        ret->start = STREAM_LATEST;
    else if (slice_eq_str(start, "earliest") || !start.n)
        ret->start = STREAM_EARLIEST;
    else if (rfc3339_read(start, &ret->start_ms, &offset_min))
        ret->start = STREAM_AT_TIME;
    else
        return yaml_err(d->o.conf->node, reterr,
                        "start: '%.*s' is neither earliest, latest nor a time with offset",
                        SLICE_ARG(start));
    return 0;
}

static int open_parts(struct delivery *d, struct err *reterr)
{
    struct consumer_options co = {.conf = d->o.conf,
                                  .loop = d->o.loop,
                                  .stream = d->o.stream,
                                  .verdict = on_verdict,
                                  .arg = d};
    if (consumer_kind_check(d->o.conf, reterr) < 0)
        return -1;
    d->kind = consumer_kind_find(d->o.conf->kind);
    struct stream_reader_options checked;
    if (reader_options(d, &checked, reterr) < 0 || open_sched(d, reterr) < 0 ||
        d->kind->open(&co, &d->consumer, reterr) < 0 ||
        event_encoder_open(&d->flagged, &d->encoder, reterr) < 0)
        return -1;
    return loop_timer_add(d->o.loop, step, d, &d->timer, reterr);
}

int delivery_open(const struct delivery_options *o, struct delivery **ret, struct err *reterr)
{
    struct delivery *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    d->o = *o;
    dict_init(&d->known, SIZE_MAX);
    buf_init(&d->flagged, EVENT_SIZE_MAX * 2);
    arena_init(&d->arena, EVENT_ARENA);
    int n =
        snprintf(d->group_text, sizeof(d->group_text), "deliver.%.*s", SLICE_ARG(o->conf->name));
    d->group = slice_make(d->group_text, (size_t)n);
    n = snprintf(d->topic_text, sizeof(d->topic_text), "flow.route.%.*s",
                 SLICE_ARG(o->conf->route));
    d->topic = slice_make(d->topic_text, (size_t)n);
    open_metrics(d);
    if (open_parts(d, reterr) < 0) {
        err_at(reterr, "consumer %.*s", SLICE_ARG(o->conf->name));
        delivery_close(d);
        return -1;
    }
    d->reader = o->reader;
    *ret = d;
    return 0;
}

static void drop(void *arg, struct sched_item *item)
{
    (void)arg;
    parcel_free((struct parcel *)item);
}

static void close_later(struct delivery *d)
{
    while (d->later) {
        struct parcel *p = d->later;
        d->later = p->later_next;
        if (p->closing) /* the others are the scheduler's */
            parcel_free(p);
    }
}

/* What was folded and is not the scheduler's yet. */
static void close_known(struct delivery *d)
{
    size_t at = 0;
    struct slice name;
    uint64_t v;
    while (!d->restored && dict_next(&d->known, &at, &name, &v))
        parcel_free((struct parcel *)(uintptr_t)v);
    dict_fini(&d->known);
}

/* Nothing of it stands in the gauges any more. */
static void leave_metrics(struct delivery *d)
{
    if (!d->sched)
        return;
    delivery_collect(d);
    series_set(d->open, 0);
    series_set(d->breaker, 0);
    series_set(d->lag, 0);
    series_set(d->oldest, 0);
}

void delivery_close(struct delivery *d)
{
    if (!d)
        return;
    leave_metrics(d);
    if (d->kind)
        d->kind->close(d->consumer);
    loop_fd_remove(d->watch);
    loop_timer_remove(d->timer);
    if (d->o.fetcher)
        fetcher_forget(d->o.fetcher, d, NULL);
    stream_reader_close(d->reader);
    close_later(d);
    sched_close(d->sched, drop, d);
    event_encoder_close(d->encoder);
    buf_fini(&d->flagged);
    arena_fini(&d->arena);
    for (unsigned i = 0; i < d->npartitions; i++)
        free((void *)(uintptr_t)d->partitions[i].p);
    close_known(d);
    free(d);
}

int delivery_start(struct delivery *d, struct err *reterr)
{
    struct stream_reader_options ro;
    if (reader_options(d, &ro, reterr) < 0 ||
        (!d->reader && stream_reader_open(d->o.stream, &ro, &d->reader, reterr) < 0) ||
        delivery_restore(d, reterr) < 0 ||
        loop_fd_add(d->o.loop, stream_reader_fd(d->reader), LOOP_READ, on_readable, d, &d->watch,
                    reterr) < 0)
        return -1;
    d->started = d->more = true;
    delivery_wake(d);
    return 0;
}

void delivery_wake(struct delivery *d)
{
    if (d->started) {
        d->woken = true;
        loop_timer_start(d->timer, 0);
    }
}

static void give_up(struct delivery *d, const char *why)
{
    log_line(LOG_ERROR, "alarm.delivery", "consumer=%.*s stopped: %s", SLICE_ARG(delivery_name(d)),
             why);
    d->why = why;
    d->stopped = true;
    sched_drain(d->sched);
}

/* Takes a route record. What stands or stood in flow.parked is passed over: an earlier run could
 * not move the position past it. */
static bool take(struct delivery *d, const struct stream_message *m)
{
    bool closed;
    int partition = delivery_partition(d, m->partition);
    if (partition < 0)
        return false;
    if (delivery_known(d, d->o.conf->route, m->partition, m->offset, &closed) || closed)
        return sched_pass(d->sched, (unsigned)partition, m->offset) == 0;
    struct parcel *p =
        parcel_of_message(m, d->o.conf->route, (unsigned)partition, d->partitions[partition]);
    if (!p)
        return false;
    p->owner = d;
    if (sched_add(d->sched, &p->item, now_ms(d)) < 0) {
        parcel_free(p);
        return false;
    }
    return true;
}

/* Others of the group get partitions of this one: what is under way ends first. */
static void begin_leave(struct delivery *d)
{
    int64_t drain = d->o.site->drain;
    d->leaving = true;
    d->leave_due = now_ms(d) + (drain < LEAVE_MAX_MS ? drain : LEAVE_MAX_MS);
    sched_drain(d->sched);
}

static void move(struct delivery *d)
{
    d->moved = true;
    d->leaving = false;
    for (unsigned i = 0; i < d->npartitions; i++)
        d->pending[i] = -1; /* they are no longer its own */
    sched_drain(d->sched);
    if (d->o.moved)
        d->o.moved(d->o.arg);
}

static bool reads(const struct delivery *d)
{
    if (d->leaving || d->moved)
        return false;
    return stream_moves(d->reader) || (d->more && !d->stopped && sched_room(d->sched));
}

static void read_end(struct delivery *d)
{
    d->more = false;
    if (d->caught_up || !stream_caught_up(d->reader))
        return;
    d->caught_up = true;
    sched_caught_up(d->sched, now_ms(d));
    delivery_forget_closed(d);
}

static void read_some(struct delivery *d)
{
    struct stream_message m;
    struct err err = {0};
    for (unsigned n = 0; reads(d) && n < READ_MAX; n++) {
        switch (stream_next(d->reader, &m, &err)) {
        case STREAM_GOT:
            if (!take(d, &m))
                give_up(d, "no memory: start the broker again");
            break;
        case STREAM_NONE:
            read_end(d);
            break;
        case STREAM_LOST:
            lost_tell(d->o.audit, d->group, &m, &err);
            break;
        case STREAM_LEAVE:
            begin_leave(d);
            break;
        case STREAM_MOVED:
            move(d);
            break;
        case STREAM_ERROR:
            log_line(LOG_ERROR, "delivery.read", "consumer=%.*s: %s", SLICE_ARG(delivery_name(d)),
                     err.text);
            d->more = false;
            break;
        }
    }
}

/* The retired patient's events are still on their way: whoever gets this one is told. */
static struct slice flag(struct delivery *d, struct slice json)
{
    struct err err = {0};
    struct event *e;
    arena_reset(&d->arena);
    buf_reset(&d->flagged);
    if (event_decode(json, &d->arena, &e, &err) < 0 ||
        !event_push(e, EV_DATA_QUALITY, SLICE("out_of_order")))
        return json;
    event_encode(d->encoder, e, NULL);
    return buf_ok(&d->flagged) ? buf_slice(&d->flagged) : json;
}

static void send(void *arg, struct slice json, const struct err *e)
{
    struct parcel *p = arg;
    struct delivery *d = p->owner;
    if (e) {
        struct sched_verdict v = {e->code == ERR_REFUSED ? SCHED_PARK : SCHED_RETRY, -1, e->text};
        sched_verdict(d->sched, &p->item, &v, now_ms(d));
    } else {
        if (p->item.flagged)
            json = flag(d, json);
        struct consumer_event out = {.id = p->item.id,
                                     .type = p->type,
                                     .json = json,
                                     .received = p->received,
                                     .time_ms = p->item.time_ms};
        d->kind->send(d->consumer, &out, p);
    }
    if (!d->acting)
        delivery_wake(d);
}

static void act(struct delivery *d)
{
    struct sched_item *item;
    d->acting = true;
    for (enum sched_do what; (what = sched_next(d->sched, now_ms(d), &item)) != SCHED_NOTHING;) {
        struct parcel *p = (struct parcel *)item;
        if (what == SCHED_SEND) {
            delivery_fetch(d, p, d, send, p);
        } else if (what == SCHED_STORE) {
            delivery_store(d, p);
        } else if (what == SCHED_NOTE) {
            delivery_note(d, p);
        } else if (item->park == SCHED_LIVE) {
            parcel_free(p);
        } else {
            delivery_end(d, p);
        }
    }
    if (d->kind->flush)
        d->kind->flush(d->consumer);
    d->acting = false;
}

static void on_commit(void *arg, const struct err *e)
{
    struct delivery *d = arg;
    d->writing--;
    d->committing = false;
    if (e)
        log_line(LOG_ERROR, "delivery.commit", "consumer=%.*s tried again: %s",
                 SLICE_ARG(delivery_name(d)), e->text);
    for (unsigned i = 0; i < d->npartitions; i++) {
        if (e && d->pending[i] < 0)
            d->pending[i] = d->moving[i];
        d->moving[i] = -1;
    }
    delivery_wake(d);
}

static bool uncommitted(struct delivery *d)
{
    unsigned partition;
    int64_t next;
    bool any = false;
    while (sched_position(d->sched, &partition, &next))
        d->pending[partition] = next;
    for (unsigned i = 0; i < d->npartitions; i++)
        any = any || d->pending[i] >= 0;
    return any;
}

static void commit(struct delivery *d)
{
    struct stream_position at[COMMIT_PARTITIONS];
    struct err err = {0};
    unsigned n = 0;
    bool wait = now_ms(d) < d->commit_due && !d->stopped && !d->leaving;
    if (d->moved || d->committing || !uncommitted(d) || wait)
        return;
    for (unsigned i = 0; i < d->npartitions && n < COMMIT_PARTITIONS; i++)
        if (d->pending[i] >= 0)
            at[n++] = (struct stream_position){d->group, d->topic, d->partitions[i], d->pending[i]};
    if (stream_forward(d->o.stream, NULL, 0, at, n, on_commit, d, &err) != STREAM_OK)
        return;
    for (unsigned i = 0, left = n; i < d->npartitions && left; i++)
        if (d->pending[i] >= 0) {
            d->moving[i] = d->pending[i];
            d->pending[i] = -1;
            left--;
        }
    d->writing++;
    d->committing = true;
    d->commit_due = now_ms(d) + COMMIT_MS;
}

static bool quiet(struct delivery *d)
{
    struct sched_stats st;
    sched_stats(d->sched, &st);
    return !st.under_way && !d->writing && !d->later && !uncommitted(d);
}

static void leave(struct delivery *d)
{
    if (!d->leaving || (!quiet(d) && now_ms(d) < d->leave_due))
        return;
    d->leaving = false;
    d->more = true;
    stream_yield(d->reader);
}

static void tell(struct delivery *d)
{
    struct sched_stats st;
    sched_stats(d->sched, &st);
    bool open = st.breaker != BREAKER_CLOSED;
    if (open != d->open_told)
        log_line(open ? LOG_WARN : LOG_INFO, open ? "breaker.open" : "breaker.closed",
                 "consumer=%.*s%s%s%s", SLICE_ARG(delivery_name(d)), open ? " reason=\"" : "",
                 open ? d->last_reason : "", open ? "\"" : "");
    if (st.parked_full && !d->full_told)
        log_line(LOG_ERROR, "alarm.parked_max",
                 "consumer=%.*s open=%zu: reading stopped until some are released or discarded",
                 SLICE_ARG(delivery_name(d)), st.parked);
    d->open_told = open;
    d->full_told = st.parked_full;
}

/* When to look again though nothing calls. */
static void sleep_on(struct delivery *d)
{
    bool room = sched_room(d->sched) && !d->stopped && !d->leaving && !d->moved;
    int64_t wait = sched_wait(d->sched, now_ms(d));
    loop_fd_set(d->watch, room ? LOOP_READ : 0);
    if (d->more && room)
        wait = 0;
    if ((d->later || uncommitted(d) || d->leaving) && (wait < 0 || wait > PAUSE_MS))
        wait = PAUSE_MS;
    if (!room && !d->moved && (wait < 0 || wait > MOVES_MS))
        wait = MOVES_MS;
    if (wait >= 0)
        loop_timer_start(d->timer, wait);
}

static void step(void *arg)
{
    struct delivery *d = arg;
    d->woken = false;
    delivery_append_later(d);
    read_some(d);
    act(d);
    commit(d);
    leave(d);
    delivery_refresh(d, clock_wall_ms());
    tell(d);
    sleep_on(d);
}

void delivery_hold(struct delivery *d, bool held)
{
    d->held = held;
    d->more = true;
    sched_hold(d->sched, held, now_ms(d));
    delivery_wake(d);
}

void delivery_stop(struct delivery *d)
{
    d->stopped = true;
    sched_drain(d->sched);
    delivery_wake(d);
}

bool delivery_idle(const struct delivery *d)
{
    struct sched_stats st;
    sched_stats(d->sched, &st);
    for (unsigned i = 0; i < d->npartitions; i++)
        if (d->pending[i] >= 0)
            return false;
    return !st.under_way && !d->writing && !d->later && !d->woken;
}

bool delivery_moved(const struct delivery *d)
{
    return d->moved;
}

struct stream_reader *delivery_hand_over(struct delivery *d)
{
    struct stream_reader *r = d->reader;
    loop_fd_remove(d->watch);
    d->watch = NULL;
    d->reader = NULL;
    return r;
}

bool delivery_abandon(struct delivery *d)
{
    d->started = d->woken = false; /* so that nothing wakes it */
    loop_timer_stop(d->timer);
    return d->writing > 0;
}

void delivery_stats(struct delivery *d, struct delivery_stats *ret)
{
    struct err err = {0};
    uint64_t ahead = 0;
    int64_t oldest = 0;
    *ret = (struct delivery_stats){.parked_total = d->parked_total,
                                   .last_success_ms = d->last_success_ms,
                                   .last_failure_ms = d->last_failure_ms,
                                   .last_reason = d->last_reason,
                                   .why = d->why};
    sched_stats(d->sched, &ret->sched);
    if (d->reader)
        stream_lag(d->reader, &ahead, &oldest, &err);
    ret->lag = ahead + ret->sched.in_memory;
    ret->oldest_ms = sched_oldest_ms(d->sched);
    if (!ret->oldest_ms)
        ret->oldest_ms = oldest;
    if (!ret->why && d->held)
        ret->why = "it, or its route, is paused: 'weir resume' lets it go on";
    if (!ret->why && ret->sched.parked_full)
        ret->why = "parked_max is reached";
    snprintf(d->why_text, sizeof(d->why_text), "breaker open: %s", d->last_reason);
    if (!ret->why && ret->sched.breaker != BREAKER_CLOSED)
        ret->why = d->why_text;
}

void delivery_collect(struct delivery *d)
{
    struct delivery_stats st;
    delivery_stats(d, &st);
    static const double breaker[] = {
        [BREAKER_CLOSED] = 0, [BREAKER_HALF_OPEN] = 1, [BREAKER_OPEN] = 2};
    int64_t age = st.oldest_ms ? clock_wall_ms() - st.oldest_ms : 0;
    series_add(d->delivered,
               d->counted[0] + st.sched.delivered - (uint64_t)series_value(d->delivered));
    series_add(d->retries, d->counted[1] + st.sched.retries - (uint64_t)series_value(d->retries));
    series_add(d->skipped, d->counted[2] + st.sched.skipped - (uint64_t)series_value(d->skipped));
    series_set(d->open, (double)st.sched.parked);
    series_set(d->breaker, breaker[st.sched.breaker]);
    series_set(d->lag, (double)st.lag);
    series_set(d->oldest, age > 0 ? (double)age / 1000 : 0);
    series_set(d->success, (double)st.last_success_ms / 1000);
}
