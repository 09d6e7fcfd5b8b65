/* stream_kafka_txn.h - a transactional producer: sets and their positions as one unit, and a
 * transactional id that ends whoever had it before (KIP-98).
 *
 * Calls block for a second or so at a time; they are the leader's worker's. */
#ifndef WEIR_STREAM_KAFKA_TXN_H
#define WEIR_STREAM_KAFKA_TXN_H

#include <stdatomic.h>
#include "stream_kafka_conf.h"
#include "stream_kafka_set.h"

struct kafka_txn;

enum kafka_txn_result {
    KAFKA_TXN_DONE,
    KAFKA_TXN_AGAIN,  /* not yet: call again */
    KAFKA_TXN_FAILED, /* nothing of it stands; the producer goes on (reterr) */
    KAFKA_TXN_ENDED,  /* the producer is of no more use: fenced, fatal, or it is not known whether
                         the unit stands (reterr). Whoever inits next makes that certain */
};

/* The transactional id is the prefix and the group. conf and trouble are borrowed. */
int kafka_txn_open(const struct kafka_conf *c, struct kafka_trouble *trouble, const char *group,
                   struct kafka_txn **ret, struct err *reterr);
/* What is open is aborted, or left to the transaction timeout. NULL is fine. */
void kafka_txn_close(struct kafka_txn *t);
/* Ends the former owner of the id and what it left open: DONE, AGAIN or ENDED. */
enum kafka_txn_result kafka_txn_init(struct kafka_txn *t, struct err *reterr);
/* The sets as one transaction, tried until until_ms (monotonic) or *stop: DONE, FAILED or ENDED. */
enum kafka_txn_result kafka_txn_run(struct kafka_txn *t, const struct kafka_set *first,
                                    int64_t until_ms, const atomic_bool *stop, struct err *reterr);
/* For the tests. */
rd_kafka_t *kafka_txn_client(const struct kafka_txn *t);

#endif
