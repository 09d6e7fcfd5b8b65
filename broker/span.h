/* span.h - what was read of one partition and is not yet committed: which offsets are finished, and
 * so how far the position may go.
 *
 * The position is the end of the contiguous prefix of finished records; it never passes unfinished
 * work, in whatever order the work ends. The span owns its ring. */
#ifndef WEIR_SPAN_H
#define WEIR_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span_entry;

struct span {
    struct span_entry *ring;
    size_t cap, count; /* count: read and not yet passed */
    uint64_t first;    /* serial of the oldest of them */
    int64_t last;      /* offset read last; -1 = none */
    int64_t next;      /* position: everything before is finished */
    bool moved;        /* since the last span_take */
};

void span_init(struct span *s);
void span_fini(struct span *s);
/* Notes a record that was read; offsets rise. *ret_serial names it. -1 without memory. */
int span_add(struct span *s, int64_t offset, int64_t time_ms, uint64_t *ret_serial);
/* That record is finished: delivered, or durable in flow.parked. */
void span_finish(struct span *s, uint64_t serial);
/* The position, when it moved since the last call. */
bool span_take(struct span *s, int64_t *ret_next);
/* When the oldest unfinished record was appended; 0 = none. */
int64_t span_oldest_ms(const struct span *s);

#endif
