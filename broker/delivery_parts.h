/* delivery_parts.h - the inside of a delivery, for delivery.c and delivery_parked.c. */
#ifndef WEIR_DELIVERY_PARTS_H
#define WEIR_DELIVERY_PARTS_H

#include "delivery.h"
#include "dict.h"
#include "event.h"
#include "parcel.h"

enum { PARTITIONS_MAX = SCHED_PARTITIONS_MAX, PARTITION_NAME_MAX = 128 };

struct delivery {
    struct delivery_options o;
    const struct consumer_kind *kind;
    struct consumer *consumer;
    struct sched *sched;
    struct stream_reader *reader;
    struct slice group, topic;
    char group_text[80], topic_text[80];
    struct slice partitions[PARTITIONS_MAX]; /* by number; owned */
    unsigned npartitions;
    struct loop_timer *timer;
    struct loop_fd *watch;
    bool started, stopped, caught_up;
    bool leaving; /* what is under way ends, then its partitions are given up */
    int64_t leave_due;
    bool moved;  /* it holds other partitions */
    bool acting; /* within `act`, which flushes */
    bool held;
    bool restored;       /* what stands in flow.parked is the scheduler's */
    uint64_t counted[3]; /* delivered, retries, skipped in the metrics, of earlier deliveries of
                            that name */
    bool more;           /* there may be more to read */
    bool woken;          /* step is about to run */
    /* What stands in flow.parked, by "<route> <partition> <offset>" of the route record: a parcel,
     * or NULL where it was closed and the route record may be read again. */
    struct dict known;
    struct parcel *later, *later_last; /* to be appended when the stream has room */
    unsigned writing;                  /* appends under way, positions too */
    int64_t pending[PARTITIONS_MAX];   /* positions to commit; -1 = none */
    int64_t moving[PARTITIONS_MAX];    /* those that are being committed; -1 = none */
    bool committing;
    int64_t commit_due;
    const char *why; /* it stopped by itself: what went wrong */
    int64_t refresh_due;
    struct arena arena; /* of a flagged event */
    struct buf flagged;
    struct event_encoder *encoder;
    bool full_told, open_told;
    char last_reason[120];      /* of the last failure */
    char why_text[160];         /* what delivery_stats gave */
    int64_t parked_quiet_until; /* one log line of parked events in so long */
    uint64_t parked_unsaid;
    int64_t last_success_ms, last_failure_ms;
    uint64_t parked_total;
    struct series *delivered, *skipped, *retries, *parked_count;
    struct series *open, *breaker, *lag, *oldest, *success;
};

/* Number of a partition; its name is kept. -1 when there are too many. */
int delivery_partition(struct delivery *d, struct slice name);
/* The parcel that stands in flow.parked for that route record. *ret_closed: none, it was closed. */
struct parcel *delivery_known(struct delivery *d, struct slice route, struct slice partition,
                              int64_t offset, bool *ret_closed);
/* Appends its present state; `later` is tried again by delivery_append_later. */
void delivery_store(struct delivery *d, struct parcel *p);
/* Appends its end, then frees it. */
void delivery_end(struct delivery *d, struct parcel *p);
/* The same of one that never stood in flow.parked, and whose position waits for that. */
void delivery_note(struct delivery *d, struct parcel *p);
void delivery_append_later(struct delivery *d);
/* Appends again, with its event, what is open and has reached half the age at which it would go. */
void delivery_refresh(struct delivery *d, int64_t wall_ms);
/* All route records that can be read again were: closed ones need not be known any more. */
void delivery_forget_closed(struct delivery *d);
/* The restore of delivery_start. */
int delivery_restore(struct delivery *d, struct err *reterr);

#endif
