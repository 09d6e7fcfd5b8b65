/* stream_embedded_kept.h - how much of a writer's file is in kept topics, so that retention can
 * leave it out of its sums. Counted in slices, in the writer's thread only: what is old once, what
 * is new as it comes. Owns nothing that is to be freed. */
#ifndef WEIR_STREAM_EMBEDDED_KEPT_H
#define WEIR_STREAM_EMBEDDED_KEPT_H

#include "stream_embedded_store.h"
#include "stream_keep.h"

struct embedded_kept {
    struct stream_kept keep;
    int64_t counted[STREAM_KEEP_MAX]; /* the offset up to which a topic is counted */
    uint64_t bytes;                   /* that they take in the file, roughly */
};

void embedded_kept_init(struct embedded_kept *k, const struct stream_options *o);
/* Counts at most 4096 records. Returns 1 when all are counted, 0 when there are more, -1 where the
 * file cannot be read. */
int embedded_kept_count(struct embedded_kept *k, struct embedded_store *store, struct err *reterr);
/* What the records of a kept topic before that offset were counted for. */
int embedded_kept_weigh(const struct embedded_kept *k, struct embedded_store *store,
                        const struct embedded_topic *t, int64_t before, uint64_t *ret,
                        struct err *reterr);
/* They are gone. */
void embedded_kept_gone(struct embedded_kept *k, const struct embedded_topic *t, int64_t before,
                        uint64_t weight);

#endif
