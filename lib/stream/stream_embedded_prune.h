/* stream_embedded_prune.h - retention of one writer's file, in slices that nobody feels.
 *
 * Borrows the store, in the writer's thread only. Deleted pages are used again; the file does not
 * shrink. */
#ifndef WEIR_STREAM_EMBEDDED_PRUNE_H
#define WEIR_STREAM_EMBEDDED_PRUNE_H

#include "stream.h"
#include "stream_embedded_kept.h"
#include "stream_embedded_store.h"

struct embedded_prune {
    struct embedded_store *store;
    const struct embedded_tuning *tuning;
    const char *dir, *writer; /* borrowed */
    uint64_t retain_ms, retain_bytes, disk_mark_bytes;
    struct embedded_kept kept;
    int64_t due_ms;         /* monotonic: when to look again */
    int64_t needs_ms;       /* monotonic: when `needs` was read; 0 = not yet */
    struct dict needs;      /* topic -> first offset that some group has still to read */
    bool needs_all, marked; /* the groups could not be read; over the disk mark */
};

void embedded_prune_init(struct embedded_prune *p, struct embedded_store *store,
                         const struct embedded_tuning *tuning, const char *dir, const char *writer,
                         const struct stream_options *o);
void embedded_prune_fini(struct embedded_prune *p);
/* Monotonic ms of the next slice, INT64_MAX where nothing is limited. `idle`: nobody waits. */
int64_t embedded_prune_due(const struct embedded_prune *p, bool idle);
/* Deletes at most 500 records of one topic and decides when to look again. A failure is left to the
 * next time. */
void embedded_prune_slice(struct embedded_prune *p);
/* A write failed: kept topics wait for their grace anew. */
void embedded_prune_failed(struct embedded_prune *p);

#endif
