/* stream_kafka_producer.h - the plain idempotent producer of a handle: every set that is not a
 * leader's transaction.
 *
 * Callbacks run in the order of the calls. A set is answered when all its records have their
 * report and its positions, if any, are committed. When one fails, or is not durable in time, all
 * fail, and the client is replaced: what the old one still had under way may arrive or not, but
 * nothing of it follows a hole (enable.gapless.guarantee), and the new one has no memory of it. */
#ifndef WEIR_STREAM_KAFKA_PRODUCER_H
#define WEIR_STREAM_KAFKA_PRODUCER_H

#include "stream_kafka.h"
#include "stream_kafka_set.h"

struct kafka_producer;

/* Waits for the nodes a few seconds, and opens without them if they do not answer. ERR_CONF: they
 * take no record of record_max, or too few replicas need to be in sync; ERR_REFUSED: they refuse
 * this user. */
int kafka_producer_open(struct kafka_stream *s, struct kafka_producer **ret, struct err *reterr);
/* Nothing is outstanding, or nobody asks any more. NULL is fine. */
void kafka_producer_close(struct kafka_producer *p);
/* ERR_LIMIT: a record is larger than its topic takes, as was found out since the start. */
int kafka_producer_check(const struct kafka_producer *p, const struct stream_record *set,
                         unsigned n, struct err *reterr);
/* Takes the set, which has its records. They go to the client with what else comes before the next
 * dispatch. */
void kafka_producer_put(struct kafka_producer *p, struct kafka_set *set);
void kafka_producer_dispatch(struct kafka_producer *p, int64_t now_ms);
/* Fails all that is outstanding. */
void kafka_producer_give_up(struct kafka_producer *p, const struct err *why);
/* When dispatch has to look again by itself; INT64_MAX = never. */
int64_t kafka_producer_due(const struct kafka_producer *p);
/* Whether a set is outstanding with a position to be committed through that member. */
bool kafka_producer_waits(const struct kafka_producer *p, uint64_t member);
/* When the oldest that is outstanding was accepted (monotonic ms; INT64_MAX = nothing is), and how
 * often the client was replaced. */
int64_t kafka_producer_since(const struct kafka_producer *p);
uint64_t kafka_producer_replaced(const struct kafka_producer *p);
/* For the tests: the client at work, NULL between two of them. */
rd_kafka_t *kafka_producer_client(const struct kafka_producer *p);

#endif
