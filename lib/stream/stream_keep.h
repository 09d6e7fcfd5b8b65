/* stream_keep.h - the topics that only their own age takes from: a copy of what the options name,
 * for the engines. Owns what is in it; nothing to free. */
#ifndef WEIR_STREAM_KEEP_H
#define WEIR_STREAM_KEEP_H

#include "stream.h"

struct stream_kept {
    char topics[STREAM_KEEP_MAX][STREAM_NAME_MAX + 1];
    uint64_t retain_ms[STREAM_KEEP_MAX];
    unsigned n;
    uint64_t grace_ms;
    int64_t since_ms; /* monotonic: opened, failed to write or saw the clock set forward last */
    int64_t ahead_ms; /* wall clock less monotonic when last looked at */
};

/* The options have passed stream_open's checks. */
void stream_keep_init(struct stream_kept *k, const struct stream_options *o);
/* Its number, -1 where it is not kept. */
int stream_keep_find(const struct stream_kept *k, const char *topic);
/* Records of that topic appended before this wall time may go; INT64_MIN = none may. */
int64_t stream_keep_cut(struct stream_kept *k, int topic);
/* Whether any of them ever ages. */
bool stream_keep_ages(const struct stream_kept *k);
/* A write failed: what is still needed was perhaps not appended again. */
void stream_keep_failed(struct stream_kept *k);

#endif
