/* stream_kafka_probe.h - the first look at the nodes, when a handle opens that writes. */
#ifndef WEIR_STREAM_KAFKA_PROBE_H
#define WEIR_STREAM_KAFKA_PROBE_H

#include "stream_kafka.h"

/* Learns the topics, so that no first record waits for that, and compares what the nodes take with
 * what may be appended: record_max with max.message.bytes, and min.insync.replicas with two. Blocks
 * for a few seconds at most; nodes that do not answer, or may not be asked, are no error. ERR_CONF:
 * they do not fit, with both numbers; ERR_REFUSED: they refuse this user. rk's queue may get events
 * of its own meanwhile; they are noted. */
int kafka_probe(struct kafka_stream *s, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                struct err *reterr);

#endif
