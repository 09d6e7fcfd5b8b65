/* unit.h - what goes to the stream as one: records made by journey and router, and the positions
 * that move with them.
 *
 * A unit owns copies of all that is put into it, in its arena, so that it can be given to the
 * stream again and again until it is durable. */
#ifndef WEIR_UNIT_H
#define WEIR_UNIT_H

#include "arena.h"
#include "stream.h"

enum { UNIT_PARTITIONS_MAX = 64, UNIT_BYTES_MAX = 256 * 1024 * 1024 };

struct unit {
    struct arena arena;
    struct stream_record *records;
    unsigned nrecords, cap;
    uint64_t bytes; /* of the records: a value that several share counts for each */
    struct stream_position positions[UNIT_PARTITIONS_MAX];
    unsigned npositions;
    bool failed; /* sticky: no memory */
};

void unit_init(struct unit *u);
void unit_fini(struct unit *u);
/* Empties, keeps the memory. */
void unit_reset(struct unit *u);
/* A copy of some bytes in the unit. */
struct slice unit_copy(struct unit *u, struct slice bytes);
/* Room for headers in the unit; NULL (and failed) without memory. */
struct stream_header *unit_headers(struct unit *u, unsigned n);
/* Adds a record; all slices must live as long as the unit does (unit_copy, or longer). */
void unit_add(struct unit *u, struct slice topic, struct slice key, struct slice value,
              const struct stream_header *headers, unsigned nheaders);
/* Everything before `next` of that partition is done by this unit. Group and topic are borrowed for
 * good. False when there are too many partitions. */
bool unit_move(struct unit *u, struct slice group, struct slice topic, struct slice partition,
               int64_t next);

#endif
