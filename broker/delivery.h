/* delivery.h - one consumer served: reads its route, asks the scheduler, sends, parks, moves the
 * position of group deliver.<consumer>.
 *
 * A delivery owns its reader, its parcels and its consumer; it borrows the rest. A record counts as
 * done when the consumer has it or when it was read back from flow.parked; only then does the
 * position pass it.
 *
 * Where the consumer's group shares its partitions out among brokers, a delivery knows those that
 * it held when it was started. When others of the group are to get some (STREAM_LEAVE) it sends
 * nothing more, lets what is under way end, and gives up its partitions; once it holds others
 * (STREAM_MOVED) it has to be closed, and another one opened on the same reader (delivery_moved,
 * delivery_hand_over): nothing that was known of the former ones is kept. */
#ifndef WEIR_DELIVERY_H
#define WEIR_DELIVERY_H

#include "audit.h"
#include "consumer_kind.h"
#include "fetcher.h"
#include "loop.h"
#include "metrics.h"
#include "parked.h"
#include "site.h"
#include "stream.h"

struct delivery;

struct delivery_options {
    struct stream *stream;
    struct loop *loop;
    const struct site *site;
    const struct site_consumer *conf;
    struct parked *parked;
    struct fetcher *fetcher;
    struct metrics *metrics; /* may be NULL */
    struct audit *audit;     /* may be NULL */
    /* Taken once the delivery is open: of one before it, by delivery_hand_over. NULL: it opens one.
     */
    struct stream_reader *reader;
    void (*moved)(void *arg); /* delivery_moved has become true. May be NULL */
    void *arg;
};

/* Opens the consumer. Then give it what stands in flow.parked (delivery_apply), then start. */
int delivery_open(const struct delivery_options *o, struct delivery **ret, struct err *reterr);
void delivery_close(struct delivery *d);
struct slice delivery_name(const struct delivery *d);
/* A record of flow.parked of this consumer: before delivery_start what earlier runs left,
 * afterwards what was just written. */
void delivery_apply(struct delivery *d, const struct parked_record *r);
/* Restores what is open in the partitions that it holds, opens the reader, begins. */
int delivery_start(struct delivery *d, struct err *reterr);
/* Reads, sends, parks and commits what it can now. Runs by itself from the loop; call it after the
 * stream's callbacks have run. */
void delivery_wake(struct delivery *d);
/* Pauses, or goes on: see sched_hold. */
void delivery_hold(struct delivery *d, bool held);
/* Stops reading and sending; positions are committed. */
void delivery_stop(struct delivery *d);
/* Nothing is under way any more. */
bool delivery_idle(const struct delivery *d);

/* It holds other partitions than it knows: it does nothing more. */
bool delivery_moved(const struct delivery *d);
/* Its reader, for the one after it; NULL where it has none. */
struct stream_reader *delivery_hand_over(struct delivery *d);

/* Before delivery_close: gives nothing more to the stream. True while a callback is due. */
bool delivery_abandon(struct delivery *d);

struct delivery_stats {
    struct sched_stats sched;
    uint64_t parked_total, lag;
    int64_t oldest_ms;       /* append time of the oldest event not delivered; 0 = none */
    int64_t last_success_ms; /* wall; 0 = none yet */
    int64_t last_failure_ms; /* the same of an attempt that failed */
    const char *last_reason; /* why it failed; borrowed from the delivery */
    bool stopped;            /* it gave up by itself */
    const char *why;         /* what holds it up, until the next call; NULL = nothing */
};
void delivery_stats(struct delivery *d, struct delivery_stats *ret);
/* Sets the gauges of this consumer. */
void delivery_collect(struct delivery *d);

/* The open parked event of that id, or NULL; a merge has two, the first in a lane comes first. */
struct parcel *delivery_find(struct delivery *d, struct slice id);
/* The open ones, oldest first: NULL begins, NULL ends. */
struct parcel *delivery_parked(struct delivery *d, const struct parcel *after);
/* Gives its event to fn, as fetcher_ask; owner is for fetcher_forget. */
void delivery_fetch(struct delivery *d, struct parcel *p, const void *owner, lookup_fn fn,
                    void *arg);
/* After the audit record is durable. ERR_REFUSED as sched_release and sched_discard. */
int delivery_release(struct delivery *d, struct parcel *p, struct err *reterr);
int delivery_discard(struct delivery *d, struct parcel *p, struct err *reterr);

#endif
