/* kafka_mock.h - a Kafka of librdkafka's own within this process, for what real nodes cannot be
 * made to do at will. */
#ifndef WEIR_KAFKA_MOCK_H
#define WEIR_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include "stream_bed.h"
#include "stream_kafka.h"

enum { MOCK_NODES = 3, MOCK_PRODUCE = 0, MOCK_OFFSET_COMMIT = 8 /* Kafka's ApiKeys */ };

struct kafka_mock {
    rd_kafka_t *rk;
    rd_kafka_mock_cluster_t *cluster;
    struct stream_options options; /* of the next handle: writes, small records */
};

void kafka_mock_open(struct kafka_mock *m);
void kafka_mock_close(struct kafka_mock *m);
struct stream *kafka_mock_handle(struct kafka_mock *m);
/* All nodes down, or up again. */
void kafka_mock_down(struct kafka_mock *m, bool down);
/* The client at work in the handle's producer. */
rd_kafka_t *kafka_mock_client(struct stream *s);
/* Values of a topic's partition, in order, joined by blanks; at most n of them. */
void kafka_mock_read(struct kafka_mock *m, const char *topic, int partition, int n, char *ret,
                     size_t room);
/* Commits a position as another tool may: metadata NULL, or that text. */
void kafka_mock_commit(struct kafka_mock *m, const char *group, const char *topic, int partition,
                       int64_t offset, const char *metadata);
/* The committed position of a group, or -1001. */
int64_t kafka_mock_position(struct kafka_mock *m, const char *group, const char *topic,
                            int partition);

#endif
