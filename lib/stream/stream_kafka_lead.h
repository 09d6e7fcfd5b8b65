/* stream_kafka_lead.h - a handle that asks to lead a group, and the transactions of its forwards
 * while it does.
 *
 * A worker thread of its own is a member of the election and runs the transactions; what arrives
 * while one runs shares the next. The caller's thread puts sets in and dispatches what came of
 * them. A term is the life of one transactional producer: it ends when another takes the id, when
 * the partition goes, or when it is no longer known what stands; then the worker tries for the
 * next.
 */
#ifndef WEIR_STREAM_KAFKA_LEAD_H
#define WEIR_STREAM_KAFKA_LEAD_H

#include "stream_kafka.h"
#include "stream_kafka_set.h"

/* Starts the worker; fn runs from kafka_lead_dispatch. */
int kafka_lead_open(struct kafka_stream *s, struct slice group, stream_lead_fn fn, void *arg,
                    struct kafka_lead **ret, struct err *reterr);
/* Ends the worker and what it does, within seconds; the sets are answered by the dispatch that
 * follows. */
void kafka_lead_stop(struct kafka_lead *l);
/* Stopped, and nothing is outstanding. NULL is fine. */
void kafka_lead_close(struct kafka_lead *l);

/* Whether a forward of these positions is the leader's. */
bool kafka_lead_owns(const struct kafka_lead *l, const struct stream_position *positions,
                     unsigned n);
/* Takes the set, which has its records; false where this handle does not lead (reterr). */
bool kafka_lead_put(struct kafka_lead *l, struct kafka_set *set, struct err *reterr);
void kafka_lead_dispatch(struct kafka_lead *l);
/* When the oldest that is outstanding was accepted (monotonic ms; INT64_MAX = nothing is), and how
 * often a term has ended. */
int64_t kafka_lead_since(struct kafka_lead *l);
uint64_t kafka_lead_replaced(struct kafka_lead *l);
/* For the tests: the transactional client at work, or NULL; the worker does not touch it while
 * nothing is forwarded. */
rd_kafka_t *kafka_lead_client(struct kafka_lead *l);

#endif
