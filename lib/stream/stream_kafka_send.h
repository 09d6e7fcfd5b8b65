/* stream_kafka_send.h - the topics of a producer, and a record given to it.
 *
 * A topic is looked up by name once and kept for the life of the client. */
#ifndef WEIR_STREAM_KAFKA_SEND_H
#define WEIR_STREAM_KAFKA_SEND_H

#include "dict.h"
#include "stream_kafka_conf.h"
#include "stream_kafka_set.h"

struct kafka_topics {
    const struct kafka_conf *conf; /* borrowed */
    rd_kafka_t *rk;                /* borrowed */
    struct dict known;
};

void kafka_topics_init(struct kafka_topics *t, const struct kafka_conf *c, rd_kafka_t *rk);
/* Before the client is retired. All zero is fine. */
void kafka_topics_fini(struct kafka_topics *t);

/* The sizes of a producer's queue and batches. What else a producer of ours is, idempotent and so
 * on, every client's configuration says. */
int kafka_send_settings(rd_kafka_conf_t *conf, const struct kafka_conf *c, struct err *reterr);
/* No batch of several records is larger than that. */
int kafka_send_batch(rd_kafka_conf_t *conf, const struct kafka_conf *c, uint64_t most,
                     struct err *reterr);
/* Gives a copy of the record to the client. Not taken: reterr, and *ret_code has librdkafka's
 * code. */
int kafka_send(struct kafka_topics *t, const struct stream_record *r, rd_kafka_resp_err_t *ret_code,
               struct err *reterr);
/* Gives every record from the set `first` on that is not given yet, topic by topic, so that those
 * of one are nearly in one piece when the client's thread looks: a request for each partition.
 * Values are not copied: the set stays until the client has ended or reported. The set comes back
 * with each report. Where the client takes no more: reterr, and *ret_code as above; `given` counts
 * those it took. */
int kafka_send_all(struct kafka_topics *t, struct kafka_set *first, uint32_t *given,
                   rd_kafka_resp_err_t *ret_code, struct err *reterr);

#endif
