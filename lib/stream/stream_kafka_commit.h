/* stream_kafka_commit.h - positions that move outside of transactions: through the member that
 * reads for the group in this handle, or memberless where none does.
 *
 * The positions of some sets are committed together, one such commit is under way at a time. What
 * is no longer held (the member's partitions moved on) changes nothing and is no error. */
#ifndef WEIR_STREAM_KAFKA_COMMIT_H
#define WEIR_STREAM_KAFKA_COMMIT_H

#include <librdkafka/rdkafka.h>
#include "stream.h"
#include "stream_kafka_set.h"

struct kafka_stream;
struct kafka_member;
struct kafka_ask;

/* Whether the member has that partition now; topic without the prefix. */
typedef bool (*kafka_holds_fn)(const void *arg, struct slice topic, struct slice partition);

struct kafka_commit {
    struct kafka_member *members;
    struct kafka_ask *asks; /* under way: one per group and way */
    uint64_t number;        /* of the last ask, or member */
    bool again; /* the group's node was away: the same commit may go through a little later */
    bool failed;
    struct err why; /* of either */
};

/* A consumer that is a member of the group (the group's name without the prefix; both borrowed
 * until kafka_member_leave): positions of the group that are forwarded from now on are committed
 * through it, and those of partitions that no member of this handle holds when they are forwarded
 * are dropped. NULL: no memory. */
struct kafka_member *kafka_member_join(struct kafka_stream *s, const char *group,
                                       rd_kafka_t *consumer, kafka_holds_fn holds, const void *arg);
/* Whether something that was forwarded for its partitions is not yet committed: it gives up no
 * partition before. */
bool kafka_member_busy(const struct kafka_stream *s, const struct kafka_member *m);
/* Before the consumer leaves its group or is destroyed; waits for a commit under way for at most
 * two seconds. NULL is fine. */
void kafka_member_leave(struct kafka_stream *s, struct kafka_member *m);

/* Notes through whom the positions of a set that is being accepted will be committed. */
void kafka_commit_assign(const struct kafka_commit *c, struct kafka_set *set);
/* Commits the positions of the sets from first to last; memberless ones through rk, whose queue
 * gets the answer. None is under way. -1: reterr, nothing is under way. */
int kafka_commit_begin(struct kafka_stream *s, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                       const struct kafka_set *first, const struct kafka_set *last,
                       struct err *reterr);
/* An event of rk's queue; others than answers to a commit are left alone. */
void kafka_commit_event(struct kafka_stream *s, rd_kafka_event_t *event);
/* Takes the answers that came to the members. */
void kafka_commit_poll(struct kafka_stream *s);
bool kafka_commit_busy(const struct kafka_commit *c);
/* What is under way will not be waited for. */
void kafka_commit_forget(struct kafka_commit *c);

#endif
