/* kafka_bed.h - what the stream's bed needs of Kafka beyond the engine: nodes to talk to, names of
 * its own per test, and the things that only an administrator does.
 *
 * WEIR_KAFKA names the nodes (tests/kafka/with_kafka.py --bed sets it); without it there are none.
 * Topics are made when they are first named, with one partition. */
#ifndef WEIR_KAFKA_BED_H
#define WEIR_KAFKA_BED_H

#include <stdint.h>

/* "host:port,…", or NULL. */
const char *kafka_bed_nodes(void);
/* A prefix that no other test of any process has. */
void kafka_bed_prefix(char *ret, unsigned size);
/* Gives the topic one partition more. The name is the nodes', with the prefix. */
void kafka_bed_add_partition(const char *topic);
/* Everything of partition 0 before that offset is gone. */
void kafka_bed_forget(const char *topic, int64_t before);

#endif
