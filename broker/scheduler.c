#include "scheduler.h"

#include <stdio.h>
#include <stdlib.h>
#include "barrier.h"
#include "span.h"

enum {
    DOUBT_LANES = 16,  /* failed in a row */
    DOUBT_MS = 20,     /* between two attempts then; more with every further lane, */
    DOUBT_MAX_MS = 160 /* up to this */
};

struct queue {
    struct sched_item *first, *last;
};

struct sched {
    struct sched_options o;
    struct lanes lanes;
    struct barriers barriers;
    struct breaker breaker;
    struct backoff backoff;
    struct span *spans; /* by partition */
    unsigned nspans;
    size_t read;              /* records in all spans */
    struct queue store, done; /* to be told */
    struct sched_item *parked, *parked_last;
    size_t in_memory, under_way, nparked;
    uint64_t bytes; /* of those in memory */
    bool caught_up, draining, held;
    int64_t last_success; /* -1 = none yet */
    int64_t last_sent;
    uint64_t delivered, skipped, retries, flagged, spilled;
};

int sched_open(const struct sched_options *o, struct sched **ret, struct err *reterr)
{
    struct sched *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for the scheduler");
    s->o = *o;
    s->last_success = -1;
    s->breaker.after = o->breaker_after;
    s->backoff = (struct backoff){o->backoff_min, o->backoff_max, o->retry_after_max, o->seed};
    lanes_init(&s->lanes, SIZE_MAX);
    barriers_init(&s->barriers);
    *ret = s;
    return 0;
}

static void put(struct queue *q, struct sched_item *item)
{
    item->order_next = NULL;
    if (q->last)
        q->last->order_next = item;
    else
        q->first = item;
    q->last = item;
}

static struct sched_item *take(struct queue *q)
{
    struct sched_item *item = q->first;
    if (item && !(q->first = item->order_next))
        q->last = NULL;
    return item;
}

void sched_close(struct sched *s, void (*drop)(void *arg, struct sched_item *item), void *arg)
{
    if (!s)
        return;
    for (struct sched_item *i; (i = take(&s->done));)
        drop(arg, i);
    size_t at = 0;
    struct slice key;
    uint64_t value;
    while (dict_next(&s->lanes.by_key, &at, &key, &value))
        for (struct sched_item *i = ((struct lane *)(uintptr_t)value)->head, *next; i; i = next) {
            next = i->next;
            drop(arg, i);
        }
    barriers_fini(&s->barriers);
    lanes_fini(&s->lanes);
    for (unsigned i = 0; i < s->nspans; i++)
        span_fini(&s->spans[i]);
    free(s->spans);
    free(s);
}

static bool window_full(const struct sched *s)
{
    return s->in_memory >= s->o.window || s->bytes >= s->o.window_bytes;
}

static void leave_window(struct sched *s, const struct sched_item *item)
{
    s->in_memory--;
    s->bytes -= item->size;
}

static bool room_in_memory(const struct sched *s)
{
    return !window_full(s) && s->read < (size_t)s->o.window * SCHED_SPAN_PER_WINDOW;
}

bool sched_room(const struct sched *s)
{
    return !s->held && room_in_memory(s) && s->nparked < s->o.parked_max;
}

static void list_parked(struct sched *s, struct sched_item *item)
{
    item->parked_next = NULL;
    item->parked_prev = s->parked_last;
    if (s->parked_last)
        s->parked_last->parked_next = item;
    else
        s->parked = item;
    s->parked_last = item;
    s->nparked++;
}

static void unlist_parked(struct sched *s, struct sched_item *item)
{
    if (item->parked_prev)
        item->parked_prev->parked_next = item->parked_next;
    else
        s->parked = item->parked_next;
    if (item->parked_next)
        item->parked_next->parked_prev = item->parked_prev;
    else
        s->parked_last = item->parked_prev;
    s->nparked--;
}

/* Its lane is looked at by the next sched_next. */
static void rouse(struct sched *s, struct sched_item *item)
{
    if (item && item->lane && !item->lane->sent)
        lanes_sleep(&s->lanes, item->lane, INT64_MIN);
}

static void store_as(struct sched *s, struct sched_item *item, enum sched_park park)
{
    if (item->park == SCHED_LIVE) {
        list_parked(s, item);
        if (item->mark == SCHED_RETIRED)
            rouse(s, barrier_note(&s->barriers, item, BARRIER_PARKED));
    }
    item->park = park;
    item->stored = false;
    put(&s->store, item);
}

/* Moves a whole lane to flow.parked; its first item as said, the others wait behind it. */
static void park_lane(struct sched *s, struct lane *lane, enum sched_park first)
{
    lane->parked = true;
    for (struct sched_item *i = lane->head; i; i = i->next) {
        if (i->park == SCHED_LIVE)
            store_as(s, i, i == lane->head ? first : SCHED_WAITING);
        else if (i == lane->head && i->park != first)
            store_as(s, i, first);
    }
}

/* A retired copy that is not known: was it finished in an earlier run, or is it still to be read?
 * In one partition it stands before the survivor's copy. */
static bool was_finished(const struct sched *s, const struct sched_item *survivor)
{
    if (!s->o.one_partition)
        return false;
    return s->caught_up || (survivor->partition < s->nspans &&
                            s->spans[survivor->partition].last >= survivor->offset);
}

/* May the survivor's copy at the head of the lane go? If not, the lane is put where it waits. */
static bool barrier_passes(struct sched *s, struct lane *lane, int64_t now)
{
    struct sched_item *head = lane->head;
    enum barrier_retired what = barrier_ask(&s->barriers, head);
    if (what == BARRIER_PASSED || (what == BARRIER_UNKNOWN && was_finished(s, head)) ||
        head->flagged) {
        barrier_unwait(&s->barriers, head);
        return true;
    }
    if (head->since < 0)
        barrier_wait(&s->barriers, head, now);
    if (s->breaker.open || s->held)
        return false;
    if (what == BARRIER_PARKED) {
        if (!lane->parked)
            park_lane(s, lane, SCHED_WAITING);
        return false;
    }
    if (now - head->since < s->o.merge_wait) {
        lanes_sleep(&s->lanes, lane, head->since + s->o.merge_wait);
        return false;
    }
    head->flagged = true;
    s->flagged++;
    barrier_unwait(&s->barriers, head);
    return true;
}

static bool failing(const struct sched *s, const struct lane *lane)
{
    return lane->fail_since >= 0 && lane->fail_epoch == s->breaker.epoch && !s->breaker.open &&
           !s->held;
}

/* A lane that fails for long while others succeed must not hold the window; nor one that fails
 * alone and has filled it, so that no other can succeed. Where two fail the breaker decides. */
static bool spills(const struct sched *s, const struct lane *lane, int64_t now)
{
    return !lane->parked && failing(s, lane) && now - lane->fail_since >= s->o.spill_after &&
           (s->last_success > lane->fail_since || (window_full(s) && s->breaker.failing < 2));
}

/* Puts the lane where it belongs now. */
static void settle(struct sched *s, struct lane *lane, int64_t now)
{
    lanes_nowhere(&s->lanes, lane);
    if (lane->sent)
        return;
    if (spills(s, lane, now)) {
        s->spilled++;
        park_lane(s, lane, SCHED_WAITING);
    }
    struct sched_item *head = lane->head;
    if (lane->parked && (!head->stored || head->park == SCHED_PARKED))
        return;
    if (head->mark == SCHED_SURVIVOR && !barrier_passes(s, lane, now))
        return;
    if (lane->due <= now) {
        lanes_ready(&s->lanes, lane);
        return;
    }
    int64_t spill_at = lane->fail_since + s->o.spill_after;
    bool early = !lane->parked && failing(s, lane) && spill_at > now && spill_at < lane->due;
    lanes_sleep(&s->lanes, lane, early ? spill_at : lane->due);
}

static int span_of(struct sched *s, unsigned partition)
{
    if (partition >= SCHED_PARTITIONS_MAX)
        return -1;
    if (partition >= s->nspans) {
        struct span *more = realloc(s->spans, (partition + 1) * sizeof(*more));
        if (!more)
            return -1;
        s->spans = more;
        while (s->nspans <= partition)
            span_init(&s->spans[s->nspans++]);
    }
    return 0;
}

static void span_done(struct sched *s, unsigned partition, uint64_t serial)
{
    struct span *span = &s->spans[partition];
    size_t before = span->count;
    span_finish(span, serial);
    s->read -= before - span->count;
}

static void item_begin(struct sched_item *item)
{
    item->since = -1;
    item->sent = item->probe = item->flagged = item->noted = false;
    item->lane = NULL;
}

int sched_add(struct sched *s, struct sched_item *item, int64_t now)
{
    bool new_lane;
    item_begin(item);
    item->park = SCHED_LIVE;
    item->attempts = 0;
    item->stored = item->kept = false;
    if (span_of(s, item->partition) < 0 || lanes_push(&s->lanes, item, &new_lane) < 0)
        return -1;
    if ((item->mark == SCHED_RETIRED && barrier_begin(&s->barriers, item) < 0) ||
        span_add(&s->spans[item->partition], item->offset, item->time_ms, &item->serial) < 0) {
        lanes_remove(&s->lanes, item);
        return -1;
    }
    s->read++;
    s->in_memory++;
    s->bytes += item->size;
    if (new_lane)
        item->lane->fail_round = s->breaker.round - 1;
    if (item->lane->parked)
        store_as(s, item, SCHED_WAITING);
    else if (item->lane->head == item)
        settle(s, item->lane, now);
    return 0;
}

int sched_pass(struct sched *s, unsigned partition, int64_t offset)
{
    uint64_t serial;
    if (span_of(s, partition) < 0 || span_add(&s->spans[partition], offset, 0, &serial) < 0)
        return -1;
    s->read++;
    span_done(s, partition, serial);
    return 0;
}

int sched_restore(struct sched *s, struct sched_item *item)
{
    bool new_lane;
    item_begin(item);
    item->stored = item->kept = true;
    if (lanes_push(&s->lanes, item, &new_lane) < 0)
        return -1;
    if (item->mark == SCHED_RETIRED) {
        if (barrier_begin(&s->barriers, item) < 0) {
            lanes_remove(&s->lanes, item);
            return -1;
        }
        barrier_note(&s->barriers, item, BARRIER_PARKED);
    }
    if (new_lane) {
        item->lane->fail_round = s->breaker.round - 1;
        item->lane->parked = true;
        rouse(s, item);
    }
    list_parked(s, item);
    return 0;
}

void sched_retired(struct sched *s, struct slice id, struct slice key, bool finished)
{
    rouse(s, barrier_tell(&s->barriers, id, key, finished ? BARRIER_PASSED : BARRIER_PARKED));
}

void sched_noted(struct sched *s, const struct sched_item *item)
{
    span_done(s, item->partition, item->serial);
}

static void next_head(struct sched *s, struct lane *lane, int64_t now)
{
    lane->due = 0;
    lane->attempts = 0;
    lane->fail_since = -1;
    settle(s, lane, now);
}

static void finish(struct sched *s, struct sched_item *item, enum sched_end end, int64_t now)
{
    struct lane *lane = item->lane;
    bool was_head = lane->head == item;
    if (item->mark == SCHED_SURVIVOR)
        barrier_end(&s->barriers, item);
    if (!lanes_remove(&s->lanes, item) && was_head)
        next_head(s, lane, now);
    if (item->mark == SCHED_RETIRED)
        rouse(s, barrier_note(&s->barriers, item, BARRIER_PASSED));
    if (!item->kept) {
        item->noted = item->mark == SCHED_RETIRED && !s->o.one_partition;
        if (!item->noted)
            span_done(s, item->partition, item->serial);
        leave_window(s, item);
    }
    if (item->park != SCHED_LIVE)
        unlist_parked(s, item);
    item->end = end;
    put(&s->done, item);
}

static struct sched_item *send_from(struct sched *s, struct lane *lane, bool probe, int64_t now)
{
    struct sched_item *item = lane->head;
    s->last_sent = now;
    lane->sent = item;
    item->sent = true;
    item->probe = probe;
    s->under_way++;
    return item;
}

/* When the next attempt may go out. Where many lanes failed and none succeeded in between, the
 * consumer may be away: until one succeeds, or the breaker opens, attempts keep a distance, the
 * longer the more lanes have failed, so that a dead consumer costs the others nothing. */
static int64_t send_at(const struct sched *s)
{
    const struct breaker *b = &s->breaker;
    if (b->open)
        return b->due;
    if (b->failing < DOUBT_LANES)
        return 0;
    int64_t distance = (int64_t)b->failing * DOUBT_MS / DOUBT_LANES;
    return s->last_sent + (distance < DOUBT_MAX_MS ? distance : DOUBT_MAX_MS);
}

/* Nothing ends and nothing is read: what waits for retired copies that were not read yet makes
 * room. */
static void make_room(struct sched *s)
{
    bool stuck = !s->under_way && !s->lanes.ready && !s->breaker.open && !s->held && !s->draining &&
                 !room_in_memory(s) && s->nparked < s->o.parked_max;
    for (struct sched_item *i = s->barriers.waiting; stuck && i; i = i->wait_next)
        if (!i->lane->parked && barrier_ask(&s->barriers, i) == BARRIER_UNKNOWN) {
            s->spilled++;
            park_lane(s, i->lane, SCHED_WAITING);
        }
}

enum sched_do sched_next(struct sched *s, int64_t now, struct sched_item **ret)
{
    for (struct lane *lane; (lane = lanes_take_awake(&s->lanes, now));)
        settle(s, lane, now);
    make_room(s);
    if ((*ret = take(&s->done)))
        return (*ret)->noted ? SCHED_NOTE : SCHED_DONE;
    if ((*ret = take(&s->store)))
        return SCHED_STORE;
    struct breaker *b = &s->breaker;
    if (s->draining || s->held || s->under_way >= s->o.in_flight || (b->open && b->probing) ||
        send_at(s) > now)
        return SCHED_NOTHING;
    struct lane *lane = lanes_take_ready(&s->lanes);
    if (!lane)
        return SCHED_NOTHING;
    b->probing = b->open;
    *ret = send_from(s, lane, b->open, now);
    return SCHED_SEND;
}

void sched_drain(struct sched *s)
{
    s->draining = true;
}

int64_t sched_wait(const struct sched *s, int64_t now)
{
    if (s->done.first || s->store.first)
        return 0;
    if (s->draining || s->held)
        return -1;
    const struct breaker *b = &s->breaker;
    int64_t at = s->lanes.sleeping ? lanes_wake(&s->lanes) : INT64_MAX;
    if (s->lanes.ready && s->under_way < s->o.in_flight && !(b->open && b->probing)) {
        int64_t next = send_at(s);
        at = next < at ? next : at;
    }
    if (at == INT64_MAX)
        return -1;
    return at > now ? at - now : 0;
}

static void rouse_waiting(struct sched *s, int64_t now)
{
    for (struct sched_item *i = s->barriers.waiting; i; i = i->wait_next) {
        i->since = now;
        rouse(s, i);
    }
}

void sched_caught_up(struct sched *s, int64_t now)
{
    if (!s->caught_up) {
        s->caught_up = true;
        rouse_waiting(s, now);
    }
}

void sched_hold(struct sched *s, bool held, int64_t now)
{
    if (s->held == held)
        return;
    s->held = held;
    if (held)
        return;
    breaker_forget(&s->breaker);
    rouse_waiting(s, now);
}

static void answered(struct sched *s, bool probe, int64_t now)
{
    bool was_open = s->breaker.open;
    breaker_success(&s->breaker, probe);
    /* The consumer is back: what waits for a merge begins to wait anew. */
    if (was_open && !s->breaker.open)
        rouse_waiting(s, now);
}

static void failed(struct sched *s, struct sched_item *item, const struct sched_verdict *v,
                   bool probe, int64_t now)
{
    struct lane *lane = item->lane;
    bool fault = v->kind == SCHED_FAULT;
    if (s->breaker.open) {
        if (probe)
            breaker_open(&s->breaker, now,
                         backoff_wait(&s->backoff, s->breaker.probes + 1, v->retry_after));
        return;
    }
    if (!fault) {
        item->attempts++;
        lane->attempts++;
        s->retries++;
        if (lane->fail_since < 0 || lane->fail_epoch != s->breaker.epoch)
            lane->fail_since = now;
        lane->fail_epoch = s->breaker.epoch;
        lane->due = now + backoff_wait(&s->backoff, lane->attempts, v->retry_after);
        if (!breaker_failure(&s->breaker, &lane->fail_round, now))
            return;
    }
    breaker_open(&s->breaker, now, backoff_wait(&s->backoff, 1, v->retry_after));
}

void sched_verdict(struct sched *s, struct sched_item *item, const struct sched_verdict *v,
                   int64_t now)
{
    struct lane *lane = item->lane;
    bool probe = item->probe;
    lane->sent = NULL;
    item->sent = item->probe = false;
    s->under_way--;
    if (probe)
        s->breaker.probing = false;
    if (v->reason)
        snprintf(item->reason, sizeof(item->reason), "%s", v->reason);
    if (v->kind == SCHED_OK) {
        s->delivered++;
        s->last_success = now;
        answered(s, probe, now);
        finish(s, item, SCHED_DELIVERED, now);
        return;
    }
    if (v->kind == SCHED_SKIP) { /* says nothing of the consumer */
        s->skipped++;
        finish(s, item, SCHED_DELIVERED, now);
        return;
    }
    if (v->kind == SCHED_PARK && (probe || !s->breaker.open)) {
        answered(s, probe, now);
        item->attempts++;
        park_lane(s, lane, SCHED_PARKED);
    } else if (v->kind != SCHED_PARK) {
        failed(s, item, v, probe, now);
    }
    settle(s, lane, now);
}

void sched_stored(struct sched *s, struct sched_item *item, int64_t now)
{
    item->stored = true;
    if (!item->kept) {
        item->kept = true;
        leave_window(s, item);
        span_done(s, item->partition, item->serial);
    }
    if (item->lane->head == item)
        settle(s, item->lane, now);
}

bool sched_position(struct sched *s, unsigned *ret_partition, int64_t *ret_next)
{
    for (unsigned i = 0; i < s->nspans; i++)
        if (span_take(&s->spans[i], ret_next)) {
            *ret_partition = i;
            return true;
        }
    return false;
}

int sched_may_discard(const struct sched_item *item, struct err *reterr)
{
    if (item->sent)
        return err_set(reterr, ERR_REFUSED, "it is being delivered at this moment: try again");
    if (!item->stored)
        return err_set(reterr, ERR_REFUSED, "it is being written at this moment: try again");
    return 0;
}

int sched_may_release(const struct sched_item *item, struct err *reterr)
{
    if (sched_may_discard(item, reterr) < 0)
        return -1;
    const struct sched_item *head = item->lane->head;
    if (head != item)
        return err_set(
            reterr, ERR_REFUSED,
            "it waits behind %.*s of the same patient: release or discard that one first",
            SLICE_ARG(head->id));
    return 0;
}

int sched_release(struct sched *s, struct sched_item *item, struct err *reterr)
{
    if (sched_may_release(item, reterr) < 0)
        return -1;
    item->lane->due = 0;
    item->lane->attempts = 0;
    lanes_nowhere(&s->lanes, item->lane);
    store_as(s, item, SCHED_RELEASED);
    return 0;
}

int sched_discard(struct sched *s, struct sched_item *item, int64_t now, struct err *reterr)
{
    if (sched_may_discard(item, reterr) < 0)
        return -1;
    finish(s, item, SCHED_DISCARDED, now);
    return 0;
}

struct sched_item *sched_parked(const struct sched *s, const struct sched_item *after)
{
    return after ? after->parked_next : s->parked;
}

void sched_stats(const struct sched *s, struct sched_stats *ret)
{
    *ret = (struct sched_stats){
        .in_memory = s->in_memory,
        .under_way = s->under_way,
        .lanes = s->lanes.count,
        .parked = s->nparked,
        .span = s->read,
        .breaker = breaker_state(&s->breaker),
        .parked_full = s->nparked >= s->o.parked_max,
        .delivered = s->delivered,
        .skipped = s->skipped,
        .retries = s->retries,
        .flagged = s->flagged,
        .spilled = s->spilled,
    };
}

int64_t sched_oldest_ms(const struct sched *s)
{
    int64_t oldest = 0;
    for (unsigned i = 0; i < s->nspans; i++) {
        int64_t ms = span_oldest_ms(&s->spans[i]);
        if (ms && (!oldest || ms < oldest))
            oldest = ms;
    }
    for (const struct sched_item *i = s->parked; i; i = i->parked_next)
        if (!oldest || i->time_ms < oldest)
            oldest = i->time_ms;
    return oldest;
}
