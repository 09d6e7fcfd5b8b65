#include "stream_kafka_asker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include "stream_kafka_retire.h"

enum { RETIRE_MS = 2000 };

struct kafka_asker {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    atomic_uint shares;
};

int kafka_asker_open(const struct kafka_conf *c, struct kafka_asker **ret, struct err *reterr)
{
    struct kafka_asker *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    rd_kafka_conf_t *conf = kafka_conf_client(c, RD_KAFKA_EVENT_NONE, reterr);
    a->rk = conf ? kafka_client_open(RD_KAFKA_CONSUMER, conf, reterr) : NULL;
    if (!a->rk) {
        free(a);
        return -1;
    }
    a->queue = rd_kafka_queue_get_main(a->rk);
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
    rd_kafka_queue_destroy(a->queue);
    kafka_retire(a->rk, RETIRE_MS);
    free(a);
}

void kafka_asker_listen(struct kafka_asker *a, struct kafka_trouble *t)
{
    rd_kafka_event_t *e;
    while ((e = rd_kafka_queue_poll(a->queue, 0))) {
        if (rd_kafka_event_type(e) == RD_KAFKA_EVENT_ERROR)
            kafka_trouble_event(t, e);
        rd_kafka_event_destroy(e);
    }
}

rd_kafka_t *kafka_asker_client(const struct kafka_asker *a)
{
    return a->rk;
}
