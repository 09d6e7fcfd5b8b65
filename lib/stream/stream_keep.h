/* stream_keep.h - the topics that retention leaves alone: a copy of what the options name, for the
 * engines. Owns what is in it; nothing to free. */
#ifndef WEIR_STREAM_KEEP_H
#define WEIR_STREAM_KEEP_H

#include "stream.h"

struct stream_keep {
    char topics[STREAM_KEEP_MAX][STREAM_NAME_MAX + 1];
    unsigned n;
};

/* The options have passed stream_open's checks. */
void stream_keep_init(struct stream_keep *k, const struct stream_options *o);
/* Its number, -1 where it is not kept. */
int stream_keep_find(const struct stream_keep *k, const char *topic);

#endif
