/* stream_memory_share.h - how a test shares the partitions of a group out among handles of the
 * memory engine, as a consumer group of several processes would have them.
 *
 * One reader a group and handle. Shares live as long as their handle. */
#ifndef WEIR_STREAM_MEMORY_SHARE_H
#define WEIR_STREAM_MEMORY_SHARE_H

#include "stream.h"

/* From now on readers of that group on this handle hold these partitions and no others. A reader
 * that held some hears STREAM_LEAVE first; abrupt: it hears only STREAM_MOVED, as one that was
 * taken for dead. False without memory, or where s is no memory stream. */
bool stream_memory_share(struct stream *s, struct slice group, const struct slice *partitions,
                         unsigned n, bool abrupt);

enum { MEM_SHARE_MAX = 16 };
struct mem_set {
    char names[MEM_SHARE_MAX][STREAM_NAME_MAX + 1];
    unsigned n;
};
struct mem_share {
    struct mem_share *next;
    char group[STREAM_NAME_MAX + 1];
    struct mem_set held, due;
    enum { MEM_HOLDS, MEM_TOLD_TO_LEAVE, MEM_LEAVES, MEM_MOVES } state;
};

/* Of that group, or NULL. */
struct mem_share *mem_share_find(struct mem_share *all, struct slice group);
bool mem_share_holds(const struct mem_share *s, struct slice partition);
/* STREAM_LEAVE, STREAM_MOVED (held is what was due), STREAM_NONE while it has to yield, or
 * STREAM_GOT: read on. s may be NULL. */
enum stream_next mem_share_next(struct mem_share *s);
/* The next mem_share_next gives one of the first two. */
bool mem_share_moves(const struct mem_share *s);
void mem_share_yield(struct mem_share *s);
/* A reader that is opened holds nothing yet. */
void mem_share_begin(struct mem_share *s);
void mem_share_free(struct mem_share *all);

#endif
