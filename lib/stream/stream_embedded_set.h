/* stream_embedded_set.h - a set on its way to the writer thread: one block of memory with copies of
 * everything, freed by free(). */
#ifndef WEIR_STREAM_EMBEDDED_SET_H
#define WEIR_STREAM_EMBEDDED_SET_H

#include <stdbool.h>
#include "stream.h"

struct embedded_record {
    struct slice topic, key, headers, value;
};

struct embedded_set {
    struct embedded_set *next;
    stream_done_fn done; /* may be NULL */
    void *arg;
    int64_t time_ms;
    uint64_t bytes; /* as the queue counts them */
    bool failed;
    bool first_positions; /* kept only where the group has none */
    unsigned nrecords, npositions;
    struct embedded_record *records;
    struct stream_position *positions;
};

/* NULL without memory. */
struct embedded_set *embedded_set_new(const struct stream_record *set, unsigned n,
                                      const struct stream_position *positions, unsigned npositions);

struct embedded_set_list {
    struct embedded_set *first, *last;
};

void embedded_set_push(struct embedded_set_list *list, struct embedded_set *set);
/* Moves all of `more` behind list; more is empty then. */
void embedded_set_move(struct embedded_set_list *list, struct embedded_set_list *more);

#endif
