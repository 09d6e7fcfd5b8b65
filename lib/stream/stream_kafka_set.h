/* stream_kafka_set.h - what was accepted and waits for its callback. A set owns a copy of its
 * records and positions. */
#ifndef WEIR_STREAM_KAFKA_SET_H
#define WEIR_STREAM_KAFKA_SET_H

#include "stream.h"

struct kafka_position {
    struct stream_position p;
    uint64_t member; /* who held the partition when the position was given; 0 = nobody had to */
};

struct kafka_set {
    struct kafka_set *next;
    stream_done_fn done;
    void *arg;
    uint32_t count; /* records and positions: what it takes of the queue */
    uint64_t bytes;
    int64_t until_ms; /* monotonic: not durable by then, it fails; INT64_MAX = never */
    unsigned left;    /* records without a report */
    struct kafka_position *positions;
    unsigned npositions;
    struct stream_record *records;
    unsigned nrecords;
};

/* In the order of the calls. */
struct kafka_sets {
    struct kafka_set *first, *last;
};

/* NULL: no memory. Free with free. */
struct kafka_set *kafka_set_new(const struct stream_record *set, unsigned n,
                                const struct stream_position *positions, unsigned npositions);
void kafka_sets_push(struct kafka_sets *l, struct kafka_set *set);
/* NULL where it is empty. */
struct kafka_set *kafka_sets_pop(struct kafka_sets *l);
/* All of `from` behind what is in l. */
void kafka_sets_move(struct kafka_sets *l, struct kafka_sets *from);

#endif
