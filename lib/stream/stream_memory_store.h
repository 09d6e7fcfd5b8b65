/* stream_memory_store.h - what the handles of the memory engine share: logs and positions under a
 * name, for as long as one handle stands.
 *
 * The store owns every byte in it. All calls but mem_store_get and mem_store_put want its lock to
 * be held; a record borrowed from a log is valid until the lock is given back. */
#ifndef WEIR_STREAM_MEMORY_STORE_H
#define WEIR_STREAM_MEMORY_STORE_H

#include <pthread.h>
#include <stdbool.h>
#include "stream.h"
#include "stream_keep.h"

struct mem_record {
    int64_t time_ms;
    uint64_t size;
    struct slice key, headers, value; /* into the bytes behind */
    char bytes[];
};

struct mem_log { /* of one topic in one partition */
    struct mem_log *next;
    char topic[STREAM_NAME_MAX + 1], partition[STREAM_NAME_MAX + 1];
    struct mem_record **records; /* of [first, end) */
    size_t cap, head;
    int64_t first, end;
    uint64_t bytes; /* of the records in it */
};

struct mem_position {
    struct mem_position *next;
    char group[STREAM_NAME_MAX + 1], topic[STREAM_NAME_MAX + 1];
    char partition[STREAM_NAME_MAX + 1]; /* "" says: this group knows this topic */
    int64_t at;
};

struct mem_store {
    struct mem_store *next;
    pthread_mutex_t lock;
    unsigned refs;
    struct mem_log *logs;
    struct mem_position *positions;
    struct mem_reader *readers; /* linked by stream_memory.c, rung after an append */
    char name[];
};

/* The store of that name, made where it is new; NULL without memory. */
struct mem_store *mem_store_get(struct slice name);
/* Lets go; the last one frees all. */
void mem_store_put(struct mem_store *store);

/* NULL where there is none (or no memory to create it). */
struct mem_log *mem_log_find(struct mem_store *store, struct slice topic, struct slice partition,
                             bool create);
/* NULL where offset is outside of [first, end). */
const struct mem_record *mem_log_at(const struct mem_log *log, int64_t offset);
/* A copy of r, not in any log yet; NULL without memory. Freed by free(). */
struct mem_record *mem_record_new(const struct stream_record *r, int64_t time_ms);
/* Room for n more records, so that mem_log_push cannot fail. */
bool mem_log_reserve(struct mem_log *log, size_t n);
/* Takes the record. */
void mem_log_push(struct mem_log *log, struct mem_record *r);
/* Drops what retention no longer keeps in that partition (limits as in stream.h). */
void mem_store_prune(struct mem_store *store, struct slice partition,
                     const struct stream_options *limits, struct stream_kept *keep, int64_t now_ms);

/* NULL where the group has none; partition "" for the mark of the topic. */
struct mem_position *mem_position_find(struct mem_store *store, struct slice group,
                                       struct slice topic, struct slice partition);
/* False without memory. */
bool mem_position_set(struct mem_store *store, struct slice group, struct slice topic,
                      struct slice partition, int64_t at);

#endif
