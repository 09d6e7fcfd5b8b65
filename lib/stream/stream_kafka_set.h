/* stream_kafka_set.h - what was accepted and waits for its callback. A set owns a copy of its
 * records and positions, and what a client has been given of it without a copy stays until that
 * client has ended: the last of its holders frees it. */
#ifndef WEIR_STREAM_KAFKA_SET_H
#define WEIR_STREAM_KAFKA_SET_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include "stream.h"
#include "stream_kafka_mark.h"

struct kafka_position {
    struct stream_position p;
    uint64_t member; /* who held the partition when the position was given; 0 = nobody had to */
    struct kafka_mark mark; /* goes with it */
};

struct kafka_set {
    struct kafka_set *next, *next_held;
    atomic_uint holders;
    stream_done_fn done;
    void *arg;
    uint32_t count; /* records and positions: what it takes of the queue */
    uint64_t bytes;
    int64_t since_ms; /* monotonic: accepted */
    int64_t until_ms; /* monotonic: not durable by then, it fails; INT64_MAX = never */
    unsigned left;    /* records without a report */
    struct kafka_position *positions;
    unsigned npositions;
    struct stream_record *records;
    struct kafka_giving *items; /* one of each record */
    unsigned nrecords;
    unsigned ungiven; /* records that no client has got */
    size_t room;      /* bytes of its memory */
};

/* Memory of sets that are done with, for the next ones: taking some anew for each costs as much as
 * copying the records. One thread. */
struct kafka_spares {
    struct kafka_set *first;
    size_t bytes;
};

/* A record on its way into the client. */
struct kafka_giving {
    rd_kafka_headers_t *headers; /* the set's until the client has the record; NULL = none */
    bool given;
};

/* In the order of the calls. */
struct kafka_sets {
    struct kafka_set *first, *last;
};

/* NULL: no memory. It has one holder. */
struct kafka_set *kafka_set_new(struct kafka_spares *spares, const struct stream_record *set,
                                unsigned n, const struct stream_position *positions,
                                unsigned npositions);
/* One holder less; any thread. */
void kafka_set_release(struct kafka_set *set);
/* The same on the thread of the spares, which get the memory of a set that nobody holds. */
void kafka_set_spare(struct kafka_spares *spares, struct kafka_set *set);
void kafka_spares_fini(struct kafka_spares *spares);
/* A holder more for each set of the list whose records a client may have got: the chain of them
 * (next_held), or NULL. */
struct kafka_set *kafka_sets_hold(const struct kafka_sets *l);
/* Releases such a chain; any thread. */
void kafka_sets_let_go(void *held);
void kafka_sets_push(struct kafka_sets *l, struct kafka_set *set);
/* NULL where it is empty. */
struct kafka_set *kafka_sets_pop(struct kafka_sets *l);
/* All of `from` behind what is in l. */
void kafka_sets_move(struct kafka_sets *l, struct kafka_sets *from);

#endif
