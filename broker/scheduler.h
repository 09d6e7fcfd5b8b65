/* scheduler.h - the delivery scheduler of one consumer: what may be sent now, what goes to
 * flow.parked, how far the position may go. Pure: no I/O, and the clock is passed in (ms,
 * monotonic).
 *
 * Order: one lane per route key, one item of a lane under way at a time, in_flight over all lanes.
 * An item that fails waits (back-off with jitter, Retry-After); an item at fault is parked at once;
 * a lane that fails longer than spill_after while others succeed moves to flow.parked as waiting.
 * What comes later for a lane that stands in flow.parked waits there behind it, so the position
 * goes on and memory stays bounded. Whatever is retried, released or discarded there keeps its
 * order.
 *
 * Breaker: opens at once when the consumer is at fault, or when nothing succeeded for breaker_after
 * over two or more lanes. Behind it one probe at a time, each from another lane; no attempt counts,
 * nothing is parked, no merge_wait runs. It closes when a probe is delivered, or when the answer to
 * one is about the event (park): the consumer is back, and that event is parked then. Before it
 * opens, sixteen lanes that fail in a row slow the attempts down to one each 20 ms, and further
 * ones to one each 160 ms, until one succeeds.
 *
 * Merge: the survivor's copy waits until the retired copy, and so all before it, is finished; at
 * most merge_wait, then it goes on flagged. Where the retired lane stands in flow.parked, the
 * survivor's copy and what follows wait there too, for as long as it takes. Where the two copies
 * may stand in different partitions, one may be finished and passed by its position, or be another
 * scheduler's, while the other one is not: so the end of a retired copy is written down before its
 * position passes it (SCHED_NOTE), and whoever has the survivor's copy reads it (sched_retired).
 * Should what waits for a copy that was not read yet fill the window, it moves to flow.parked as
 * waiting, so that reading goes on. */
#ifndef WEIR_SCHEDULER_H
#define WEIR_SCHEDULER_H

#include "breaker.h"
#include "err.h"
#include "lane.h"

struct sched_options {
    unsigned in_flight;    /* items under way, over all lanes */
    unsigned window;       /* items in memory: read, and neither finished nor in flow.parked */
    uint64_t window_bytes; /* the same in bytes: at it reading stops */
    unsigned
        parked_max; /* open items in flow.parked at which reading stops; the window comes on top */
    int64_t backoff_min, backoff_max, retry_after_max;
    int64_t spill_after, breaker_after, merge_wait;
    bool one_partition; /* the route has one: a retired copy stands before its survivor's copy, so
                           one that was not read up to there is finished, and nothing is noted */
    uint64_t seed;      /* of the jitter */
};
/* Records read and not passed by the position, per item of the window: finished ones cost a few
 * bytes, and one slow lane must not stop the others. */
enum { SCHED_SPAN_PER_WINDOW = 16, SCHED_PARTITIONS_MAX = 1024 };

enum sched_verdict_kind {
    SCHED_OK,    /* the consumer has it */
    SCHED_RETRY, /* may succeed later */
    SCHED_SKIP,  /* there is nothing in it for this consumer: over, and nothing was tried */
    SCHED_PARK,  /* this event will never be taken */
    SCHED_FAULT, /* the consumer takes nothing until somebody mends it (401, TLS, config) */
};
struct sched_verdict {
    enum sched_verdict_kind kind;
    int64_t retry_after; /* ms as the consumer asked; negative = nothing usable */
    const char *reason;  /* NULL for SCHED_OK, SCHED_SKIP; never bytes of the event */
};

struct sched;
int sched_open(const struct sched_options *o, struct sched **ret, struct err *reterr);
/* Frees the scheduler; drop is called for each item it still holds. */
void sched_close(struct sched *s, void (*drop)(void *arg, struct sched_item *item), void *arg);

/* May another record be read? */
bool sched_room(const struct sched *s);
/* Takes an item that was read (sched_room was true). -1 without memory: nothing was taken. */
int sched_add(struct sched *s, struct sched_item *item, int64_t now);
/* A record that needs no delivery (it stands in flow.parked already): only the position cares. */
int sched_pass(struct sched *s, unsigned partition, int64_t offset);
/* The reader has come to the end for the first time: what was not read by now is finished. */
void sched_caught_up(struct sched *s, int64_t now);
/* Of the retired copy of that event and key: it stands in flow.parked, or is finished; written by
 * another scheduler, or before this one was opened. What this one has in a lane it knows better. */
void sched_retired(struct sched *s, struct slice id, struct slice key, bool finished);
/* Before anything else: an open item of flow.parked, `park` as stored, in order per lane. */
int sched_restore(struct sched *s, struct sched_item *item);

enum sched_do {
    SCHED_NOTHING,
    SCHED_SEND,  /* send it, then sched_verdict */
    SCHED_STORE, /* append it to flow.parked as `park` says; when that is durable sched_stored */
    SCHED_NOTE,  /* finished as `end` says: the item is the caller's again. Append that state to
                    flow.parked; when it is durable sched_noted, and only then free the item */
    SCHED_DONE,  /* the same, but the position does not wait. Where `park` is not SCHED_LIVE, append
                    that state to flow.parked */
};
/* What is to be done next; call until SCHED_NOTHING. */
enum sched_do sched_next(struct sched *s, int64_t now, struct sched_item **ret);
/* Holds: nothing is read nor sent, nothing is parked but by the verdict on what is under way, and
 * no wait counts; or goes on, with all waits anew. */
void sched_hold(struct sched *s, bool held, int64_t now);
/* Nothing is sent any more; what is under way ends as ever. */
void sched_drain(struct sched *s);
/* When to call again though nothing else happened: ms from now, -1 = never. */
int64_t sched_wait(const struct sched *s, int64_t now);
void sched_verdict(struct sched *s, struct sched_item *item, const struct sched_verdict *v,
                   int64_t now);
void sched_stored(struct sched *s, struct sched_item *item, int64_t now);
void sched_noted(struct sched *s, const struct sched_item *item);
/* The next position of a partition whose position moved since it was last asked. */
bool sched_position(struct sched *s, unsigned *ret_partition, int64_t *ret_next);

/* For somebody who resolves: tries the first of its lane now; takes it out. ERR_REFUSED: it is
 * under way, or being written, or (release) waits behind another. */
int sched_release(struct sched *s, struct sched_item *item, struct err *reterr);
int sched_discard(struct sched *s, struct sched_item *item, int64_t now, struct err *reterr);
/* Asks without doing. */
int sched_may_release(const struct sched_item *item, struct err *reterr);
int sched_may_discard(const struct sched_item *item, struct err *reterr);
/* All open items of flow.parked, oldest first: NULL begins, NULL ends. */
struct sched_item *sched_parked(const struct sched *s, const struct sched_item *after);

struct sched_stats {
    size_t in_memory, under_way, lanes, parked, span;
    enum breaker_state breaker;
    bool parked_full;
    uint64_t delivered, skipped, retries, flagged, spilled;
};
void sched_stats(const struct sched *s, struct sched_stats *ret);
/* Append time of the oldest unfinished record, parked ones too; 0 = none. Looks at all that is
 * parked. */
int64_t sched_oldest_ms(const struct sched *s);

#endif
