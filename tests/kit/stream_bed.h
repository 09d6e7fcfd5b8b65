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
    char prefix[48];
    struct stream_options options; /* of the next handle */
    struct stream *keeper;
};

/* Whether that engine can be tried here; else *ret_why is what is missing. */
bool stream_bed_can(const char *engine, const char **ret_why);

void stream_bed_open(struct stream_bed *bed, const char *engine);
void stream_bed_close(struct stream_bed *bed);
/* A handle that writes under that name; NULL: one that reads. */
struct stream *stream_bed_handle(struct stream_bed *bed, const char *writer);

/* The name of the partition that records of that writer go to. */
const char *stream_bed_partition(const struct stream_bed *bed, const char *writer);
/* A topic gets one partition more, where partitions are not files of writers. */
void stream_bed_add_partition(const struct stream_bed *bed, const char *topic);
/* What stands in the topic's first partition before that offset is gone; only where it is not the
 * engine's own doing to let records go (stream_bed_prunes). */
void stream_bed_forget(const struct stream_bed *bed, const char *topic, int64_t before);
bool stream_bed_prunes(const char *engine);

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
/* The next message; waits on the reader's descriptor. A member of a group takes the partitions that
 * it is given and yields those it is asked for. Fails the test past the deadline. */
void stream_bed_next(struct stream_reader *r, struct stream_message *ret);
/* As stream_bed_next, and its value has to be this text. */
void stream_bed_expect(struct stream_reader *r, const char *value);
/* Nothing is there: the end is reached, not only waited for. */
void stream_bed_expect_none(struct stream_reader *r);

#endif
