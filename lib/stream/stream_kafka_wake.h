/* stream_kafka_wake.h - a descriptor that turns readable when a queue of librdkafka has something,
 * when one of our threads rings, or when a time has come.
 *
 * Order for whoever waits on it: kafka_wake_clear, then poll the queues until they are empty. */
#ifndef WEIR_STREAM_KAFKA_WAKE_H
#define WEIR_STREAM_KAFKA_WAKE_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include "err.h"

struct kafka_wake {
    int fd; /* what is given to the caller: an epoll descriptor over the two below */
    int event, timer;
};

int kafka_wake_open(struct kafka_wake *w, struct err *reterr);
void kafka_wake_close(struct kafka_wake *w);
/* From any thread. */
void kafka_wake_ring(const struct kafka_wake *w);
void kafka_wake_clear(const struct kafka_wake *w);
/* Rings once at that monotonic time (ms); INT64_MAX = never. */
void kafka_wake_at(const struct kafka_wake *w, int64_t mono_ms);
/* The queue rings whenever something comes into it while it is empty. */
void kafka_wake_attach(const struct kafka_wake *w, rd_kafka_queue_t *queue);
/* Before the queue or the wake goes away. */
void kafka_wake_detach(rd_kafka_queue_t *queue);

#endif
