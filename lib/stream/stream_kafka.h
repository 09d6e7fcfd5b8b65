/* stream_kafka.h - the Kafka engine from within: what its parts share. Only stream_kafka*.c include
 * this.
 *
 *   stream_kafka.c           the engine's table; open, close, dispatch
 *   stream_kafka_conf.c      options and properties become a client's configuration
 *   stream_kafka_err.c       what Kafka says becomes an error with a remedy
 *   stream_kafka_wake.c      a descriptor that a client's queue, or we, make readable
 *   stream_kafka_retire.c    clients are destroyed on a thread: that may take seconds
 *   stream_kafka_set.c       what was accepted and waits for its callback
 *   stream_kafka_probe.c     the first look at the nodes
 *   stream_kafka_limits.c    topics that take less than they did at the start
 *   stream_kafka_mark.c      by what a record is known again
 *   stream_kafka_send.c      a record on its way into a client
 *   stream_kafka_producer.c  the plain idempotent producer
 *   stream_kafka_commit.c    positions outside of transactions
 *   stream_kafka_lead.c      who leads, and the leader's transactions
 *   stream_kafka_reader.c    readers with and without a group (stream_kafka_reading.h)
 *
 * Every thread of librdkafka only puts events into queues; what is written here runs on the
 * caller's thread, but for the leader's worker (stream_kafka_lead.c) and the thread that each
 * reader has (stream_kafka_fetch.c). */
#ifndef WEIR_STREAM_KAFKA_H
#define WEIR_STREAM_KAFKA_H

#include "stream_engine.h"
#include "stream_kafka_commit.h"
#include "stream_kafka_conf.h"
#include "stream_kafka_err.h"
#include "stream_kafka_set.h"
#include "stream_kafka_wake.h"

struct kafka_asker;
struct kafka_lead;
struct kafka_producer;
struct kafka_reader;

struct kafka_stream {
    struct stream base;
    struct kafka_conf conf;
    struct kafka_trouble trouble; /* what the clients of this handle complained of last */
    struct kafka_wake wake;
    struct kafka_commit commit;
    struct kafka_producer *producer; /* NULL: read only */
    struct kafka_lead *lead;         /* NULL: this handle never asked to lead */
    struct kafka_reader *readers;    /* open ones */
    struct kafka_asker *asker;       /* of the readers; NULL: there was none yet */
    /* accepted and without an answer */
    uint32_t queued;
    uint64_t queued_bytes;
    struct kafka_spares spares; /* memory of those that had theirs */
    bool closing;
    int64_t due_ms; /* the wake's timer: INT64_MAX = not set */
};

static inline struct kafka_stream *kafka_of(struct stream *s)
{
    return (struct kafka_stream *)s;
}

/* Runs the callback of a set and frees it; e as stream_done_fn has it. */
void kafka_stream_answer(struct kafka_stream *s, struct kafka_set *set, const struct err *e);

/* Whether this handle has asked to lead that group: then its readers of the group take all
 * partitions by themselves and join nothing. */
bool kafka_leads(const struct kafka_stream *s, struct slice group);

#endif
