#include "stream_kafka_asker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include "stream_kafka_retire.h"

enum { RETIRE_MS = 2000 };

struct kafka_asker {
    rd_kafka_t *rk;
    atomic_uint shares;
};

int kafka_asker_open(const struct kafka_conf *c, struct kafka_asker **ret, struct err *reterr)
{
    struct kafka_asker *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    rd_kafka_conf_t *conf = kafka_conf_client(c, RD_KAFKA_EVENT_NONE, reterr);
    /* With sparse connections the first question waits for up to a second (librdkafka 5032). */
    if (conf && kafka_conf_set(conf, "enable.sparse.connections", "false", reterr)) {
        rd_kafka_conf_destroy(conf);
        conf = NULL;
    }
    a->rk = conf ? kafka_client_open(RD_KAFKA_CONSUMER, conf, reterr) : NULL;
    if (!a->rk) {
        free(a);
        return -1;
    }
    atomic_init(&a->shares, 1);
    *ret = a;
    return 0;
}

struct kafka_asker *kafka_asker_share(struct kafka_asker *a)
{
    atomic_fetch_add(&a->shares, 1);
    return a;
}

void kafka_asker_leave(struct kafka_asker *a)
{
    if (!a || atomic_fetch_sub(&a->shares, 1) > 1)
        return;
    kafka_retire(a->rk, RETIRE_MS);
    free(a);
}

rd_kafka_t *kafka_asker_client(const struct kafka_asker *a)
{
    return a->rk;
}
