/* stream_kafka.c - the Kafka engine: its table, and what a handle is made of. */
#include "stream_kafka.h"

#include <stdlib.h>

static void kafka_close(struct stream *base)
{
    struct kafka_stream *s = kafka_of(base);
    kafka_wake_close(&s->wake);
    kafka_trouble_fini(&s->trouble);
    kafka_conf_fini(&s->conf);
    free(s);
}

static int kafka_open(const struct stream_options *o, struct stream **ret, struct err *reterr)
{
    struct kafka_stream *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    s->wake.fd = s->wake.event = s->wake.timer = -1;
    kafka_trouble_init(&s->trouble);
    if (kafka_conf_init(&s->conf, o, reterr) || kafka_wake_open(&s->wake, reterr)) {
        kafka_close(&s->base);
        return -1;
    }
    *ret = &s->base;
    return 0;
}

static int kafka_fd(const struct stream *base)
{
    return ((const struct kafka_stream *)base)->wake.fd;
}

const struct stream_engine stream_engine_kafka = {
    .name = "kafka",
    .open = kafka_open,
    .close = kafka_close,
    .fd = kafka_fd,
};
