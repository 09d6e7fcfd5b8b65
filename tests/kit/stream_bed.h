/* stream_bed.h - a stream in a folder of its own, and the waiting that tests of it share: always
 * for a state, with a deadline, never for a time.
 *
 * The bed keeps a reading handle open, so that the memory engine's records outlive the handle that
 * wrote them. */
#ifndef WEIR_STREAM_BED_H
#define WEIR_STREAM_BED_H

#include "kit.h"
#include "stream.h"

enum { BED_DEADLINE_MS = 20000 };

struct stream_bed {
    struct kit_dir dir;
    struct stream_options options; /* of the next handle */
    struct stream *keeper;
};

void stream_bed_open(struct stream_bed *bed, const char *engine);
void stream_bed_close(struct stream_bed *bed);
/* A handle that writes under that name; NULL: one that reads. */
struct stream *stream_bed_handle(struct stream_bed *bed, const char *writer);

/* What callbacks said. Give its address as arg of stream_bed_done. */
struct stream_tally {
    unsigned durable, failed;
    struct err last; /* of those that failed */
};
void stream_bed_done(void *arg, const struct err *e);
/* Dispatches until so many callbacks have run. */
void stream_bed_wait(struct stream *s, const struct stream_tally *t, unsigned callbacks);
/* Appends one record and waits until it is durable. */
void stream_bed_put(struct stream *s, const char *topic, const char *key, struct slice value);
/* Moves a group's position and waits until that is durable. */
void stream_bed_commit(struct stream *s, const char *group, const struct stream_message *m);

struct stream_reader *stream_bed_reader(struct stream *s, const char *topic, const char *group,
                                        enum stream_start start);
/* The next message; waits on the reader's descriptor. Fails the test past the deadline. */
void stream_bed_next(struct stream_reader *r, struct stream_message *ret);
/* As stream_bed_next, and its value has to be this text. */
void stream_bed_expect(struct stream_reader *r, const char *value);
/* Nothing is there now. */
void stream_bed_expect_none(struct stream_reader *r);

#endif
