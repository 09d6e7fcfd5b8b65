#include "relay_parts.h"

#include <stdlib.h>

struct set *relay_nth(struct relay *r, unsigned i)
{
    return &r->sets[(r->first + i) % r->o.sets];
}

bool relay_any(const struct relay *r, enum set_state state)
{
    for (unsigned i = 0; i < r->o.sets; i++)
        if (r->sets[i].state == state)
            return true;
    return false;
}

static void open_metrics(struct relay *r)
{
    struct metrics *m = r->o.metrics;
    if (!m)
        return;
    r->copied = metrics_counter(m, "weir_relay_records_total",
                                "Records that the other stream has called durable", "topic", 64);
    r->failures =
        metric_of(metrics_counter(m, "weir_relay_failures_total",
                                  "Sets that did not become durable there at once", NULL, 1),
                  SLICE_ABSENT);
    r->lost = metric_of(metrics_counter(m, "weir_relay_lost_records_total",
                                        "Records that were gone before they were copied", NULL, 1),
                        SLICE_ABSENT);
}

int relay_open(const struct relay_options *o, struct relay **ret, struct err *reterr)
{
    struct stream_reader_options ro = {.topics = o->topics,
                                       .ntopics = o->ntopics,
                                       .group = o->group,
                                       .start = o->start,
                                       .start_ms = o->start_ms};
    struct relay *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    r->o = *o;
    for (unsigned i = 0; i < RELAY_SETS_MAX; i++) {
        r->sets[i].relay = r;
        unit_init(&r->sets[i].unit);
    }
    open_metrics(r);
    if (stream_reader_open(o->source, &ro, &r->reader, reterr) < 0) {
        relay_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void relay_close(struct relay *r)
{
    if (!r)
        return;
    stream_reader_close(r->reader);
    for (unsigned i = 0; i < RELAY_SETS_MAX; i++)
        unit_fini(&r->sets[i].unit);
    free(r);
}

static struct set *open_set(struct relay *r)
{
    for (unsigned i = 0; i < r->o.sets && !r->stopped && !r->held; i++) {
        struct set *s = relay_nth(r, i);
        if (s->state == SET_EMPTY || (s->state == SET_FILLING && relay_has_room(s)))
            return s;
    }
    return NULL;
}

bool relay_step(struct relay *r, int64_t now_ms)
{
    r->now_ms = now_ms;
    r->held = false;
    relay_move(r);
    relay_give(r);
    struct set *s = open_set(r);
    if (!s)
        return false;
    relay_leave_out(r, s);
    bool more = relay_fill(r, s);
    if (s->reads)
        s->state = SET_FILLING;
    relay_give(r);
    relay_move(r); /* a set of positions only */
    return more && open_set(r);
}

bool relay_reads(const struct relay *r)
{
    return open_set((struct relay *)(uintptr_t)r) != NULL;
}

int relay_fd(const struct relay *r)
{
    return stream_reader_fd(r->reader);
}

bool relay_held(const struct relay *r)
{
    return r->held;
}

void relay_stop(struct relay *r)
{
    r->stopped = true;
}

void relay_abandon(struct relay *r)
{
    r->stopped = r->abandoned = true;
}

bool relay_under_way(const struct relay *r)
{
    return r->moving || relay_any(r, SET_UNDER_WAY);
}

bool relay_idle(const struct relay *r)
{
    for (unsigned i = 0; i < r->o.sets; i++)
        if (r->sets[i].state != SET_EMPTY)
            return false;
    return true;
}

bool relay_ended(const struct relay *r)
{
    return r->at_end && !r->nstops && relay_idle(r);
}

const struct relay_stop_at *relay_stopped(const struct relay *r, unsigned nth)
{
    return nth < r->nstops ? &r->stops[nth] : NULL;
}

bool relay_skip(struct relay *r, struct slice topic, struct slice partition, int64_t offset)
{
    struct relay_stop_at *at = relay_find_stop(r, topic, partition);
    if (!at || at->offset != offset)
        return false;
    at->skip = true;
    return true;
}

void relay_stats(const struct relay *r, struct relay_stats *ret)
{
    *ret = r->stats;
    ret->waits = relay_any(r, SET_UNDER_WAY);
    ret->waits_ms = r->moved_ms;
}

static void add_oldest(int64_t *oldest, int64_t ms)
{
    if (ms && (!*oldest || ms < *oldest))
        *oldest = ms;
}

int relay_lag(struct relay *r, uint64_t *ret_records, int64_t *ret_oldest_ms, struct err *reterr)
{
    uint64_t records = 0;
    int64_t oldest = 0;
    if (stream_lag(r->reader, &records, &oldest, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < r->o.sets; i++) {
        records += r->sets[i].unit.nrecords;
        add_oldest(&oldest, r->sets[i].oldest_ms);
    }
    for (unsigned i = 0; i < r->nstops; i++) {
        records += 1 + r->stops[i].behind;
        add_oldest(&oldest, r->stops[i].time_ms);
    }
    *ret_records = records;
    *ret_oldest_ms = oldest;
    return 0;
}
