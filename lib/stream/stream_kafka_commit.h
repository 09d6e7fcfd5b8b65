/* stream_kafka_commit.h - positions that move outside of transactions: through the member that
 * reads for the group in this handle, or memberless where none does.
 *
 * One commit is under way at a time. */
#ifndef WEIR_STREAM_KAFKA_COMMIT_H
#define WEIR_STREAM_KAFKA_COMMIT_H

#include <librdkafka/rdkafka.h>
#include "stream.h"

struct kafka_stream;
struct kafka_member;

/* Whether the member has that partition now; topic without the prefix. */
typedef bool (*kafka_holds_fn)(const void *arg, struct slice topic, struct slice partition);

struct kafka_commit {
    struct kafka_member *members;
};

/* A consumer that is a member of the group (the group's name without the prefix; both borrowed
 * until kafka_member_leave): from now on positions of the group are committed through it, and those
 * of partitions that no member of this handle holds are dropped. NULL: no memory. */
struct kafka_member *kafka_member_join(struct kafka_stream *s, const char *group,
                                       rd_kafka_t *consumer, kafka_holds_fn holds, const void *arg);
/* Before the consumer leaves its group or is destroyed; waits for a commit under way for at most a
 * second or two. NULL is fine. */
void kafka_member_leave(struct kafka_stream *s, struct kafka_member *m);

#endif
