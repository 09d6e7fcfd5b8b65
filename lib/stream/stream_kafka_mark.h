/* stream_kafka_mark.h - by what a record is known again: so a log that was made anew under the same
 * name is told from the one that a position was taken in, however long it has grown.
 *
 * Kafka says which of the two it is by ids and epochs that librdkafka 2.0.2 does not show. A mark
 * of a record before the position goes with each commit, as its metadata; where the position is
 * taken up again, that record is read first and compared (stream_kafka_prove.c). */
#ifndef WEIR_STREAM_KAFKA_MARK_H
#define WEIR_STREAM_KAFKA_MARK_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

enum { KAFKA_MARKS = 64, KAFKA_MARK_TEXT = 96 };

struct kafka_mark {
    int64_t offset; /* -1: no mark */
    int64_t time_ms;
    uint64_t size; /* of key and value */
    uint32_t sum;  /* of both, of their first bytes only */
};

/* Of what was read last, offsets rising: the newer, the denser. All zero is empty. */
struct kafka_marks {
    struct kafka_mark list[KAFKA_MARKS];
    unsigned n;
};

struct kafka_mark kafka_mark_of(const rd_kafka_message_t *m);
bool kafka_mark_same(const struct kafka_mark *a, const struct kafka_mark *b);

/* Marks at and behind its offset go. */
void kafka_marks_add(struct kafka_marks *m, const struct kafka_mark *mark);
/* The last one of a record before that offset. */
struct kafka_mark kafka_marks_before(const struct kafka_marks *m, int64_t offset);

/* Into the metadata of p; a mark that is none leaves it empty. */
void kafka_mark_attach(const struct kafka_mark *mark, rd_kafka_topic_partition_t *p);
/* What stands in the metadata of p; none where that is another's. */
struct kafka_mark kafka_mark_attached(const rd_kafka_topic_partition_t *p);

#endif
