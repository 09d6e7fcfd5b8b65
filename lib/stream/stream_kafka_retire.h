/* stream_kafka_retire.h - an end for clients of librdkafka: closing and destroying one can take
 * seconds, or forever with some releases (the group's node is away), so it runs on a thread. */
#ifndef WEIR_STREAM_KAFKA_RETIRE_H
#define WEIR_STREAM_KAFKA_RETIRE_H

#include <librdkafka/rdkafka.h>

/* Takes rk: what it has not sent is purged, a consumer leaves its group. Waits for the end for at
 * most wait_ms; later it goes on by itself. The caller has destroyed its queues and topics of rk
 * before, or does not touch them again. NULL is fine. */
void kafka_retire(rd_kafka_t *rk, int wait_ms);
/* The same; what rk was given without a copy is let go when it has ended: fn(arg), on the thread.
 */
void kafka_retire_with(rd_kafka_t *rk, int wait_ms, void (*fn)(void *arg), void *arg);

#endif
