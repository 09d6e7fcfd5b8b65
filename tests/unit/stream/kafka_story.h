/* kafka_story.h - the order in which appends of a test end, and how. Plain memory. */
#ifndef WEIR_KAFKA_STORY_H
#define WEIR_KAFKA_STORY_H

#include "stream.h"

struct story {
    char text[512]; /* names of lines, "!" behind those that failed, each with a blank */
    struct err last;
    unsigned calls;
};
struct story_line {
    struct story *story;
    const char *name;
};

/* A stream_done_fn; arg is a line. */
void story_tell(void *arg, const struct err *e);
/* Appends a record whose value is the name of the line. */
void story_append(struct stream *s, struct story_line *l, const char *topic);
/* Dispatches until so many have ended. */
void story_wait(struct stream *s, const struct story *story, unsigned calls);

#endif
