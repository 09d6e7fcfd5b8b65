/* stream.h - the ordered, durable log between the processes. Bytes in, bytes out: a stream never
 * looks inside an event.
 *
 * One interface, several engines (embedded, memory; kafka later). No call blocks on the other side:
 * what takes time ends in a callback that stream_dispatch runs on the caller's thread. One thread
 * uses a stream; engines may have threads of their own. Where the embedded engine has one file per
 * writer process, that file is a partition; nothing here promises more order than a partition
 * gives.
 *
 * Ownership: records are borrowed for the call (the engine copies what it keeps); messages read are
 * the reader's until its next call. */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <stdint.h>
#include "err.h"
#include "slice.h"

enum { STREAM_HEADERS_MAX = 16, STREAM_NAME_MAX = 128 };

struct stream_header {
    struct slice name, value;
};

/* What is appended. Key absent: any partition. */
struct stream_record {
    struct slice topic, key, value;
    const struct stream_header *headers;
    unsigned nheaders;
};

/* Where a record stands. The partition is a name ("acute" in the embedded engine, "3" in Kafka).
 * Offsets rise, with gaps. */
struct stream_message {
    struct slice topic, partition, key, value;
    const struct stream_header *headers;
    unsigned nheaders;
    int64_t offset;
    int64_t time_ms; /* wall clock of the append */
};

/* "Everything before `next` in this partition is done", for one group. */
struct stream_position {
    struct slice group, topic, partition;
    int64_t next;
};

struct stream_options {
    struct slice kind; /* engine: "embedded", "memory" */
    struct slice dir;  /* embedded: the data directory; memory: a name shared by all handles of this
                          process */
    struct slice
        writer; /* embedded: name of the file that this process alone writes; absent = read only */
    uint64_t record_max;      /* bytes of key, headers and value; default 64 MiB */
    uint32_t queue_records;   /* accepted and not yet durable; default 65536 */
    uint64_t queue_bytes;     /* the same in bytes; default 256 MiB */
    uint64_t retain_ms;       /* 0 = for good */
    uint64_t retain_bytes;    /* per writer file; 0 = no limit */
    uint64_t disk_mark_bytes; /* retention is stretched to the slowest group up to this size; past
                                 it that group loses, loudly */
};
void stream_options_default(struct stream_options *o);

struct stream;

/* Opens. ERR_CONF (unknown kind), ERR_REFUSED (another process writes this file: says who), ERR_IO.
 */
int stream_open(const struct stream_options *o, struct stream **ret, struct err *reterr);
/* Waits for what was accepted to become durable or fail (its callbacks run), then frees. NULL is
 * fine. */
void stream_close(struct stream *s);

/* A descriptor that turns readable when stream_dispatch has something to do. */
int stream_fd(const struct stream *s);
/* Runs the callbacks that are due. */
void stream_dispatch(struct stream *s);

enum stream_result {
    STREAM_OK,   /* accepted; the callback will say whether it became durable */
    STREAM_FULL, /* no room now (queue or disk mark): stop reading your sockets; nothing was taken,
                    no callback */
    STREAM_BAD,  /* can never be taken (a record too large, no topic): reterr; no callback */
};

/* e is NULL when the whole set is durable. Else a part of it may stand in the stream all the same:
 * append the whole set again with the same ids. May call stream_append. */
typedef void (*stream_done_fn)(void *arg, const struct err *e);

/* Appends a set; it is durable when done says so. Sets of one handle become durable in the order of
 * the calls, per partition. Sizes are checked before anything is taken. */
enum stream_result stream_append(struct stream *s, const struct stream_record *set, unsigned n,
                                 stream_done_fn done, void *arg, struct err *reterr);
/* As stream_append, and moves positions with it as one unit where the engine can (embedded: one
 * transaction): either may be empty. */
enum stream_result stream_forward(struct stream *s, const struct stream_record *set, unsigned n,
                                  const struct stream_position *positions, unsigned npositions,
                                  stream_done_fn done, void *arg, struct err *reterr);

enum stream_start { STREAM_EARLIEST, STREAM_LATEST, STREAM_AT_TIME };

struct stream_reader_options {
    const struct slice *topics;
    unsigned ntopics;
    struct slice group;      /* absent: reads without a group, from `start` */
    enum stream_start start; /* the first position of a group that has none; recorded by the first
                                commit or forward */
    int64_t start_ms;        /* for STREAM_AT_TIME */
};

struct stream_reader;

int stream_reader_open(struct stream *s, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr);
void stream_reader_close(struct stream_reader *r);
/* Readable when there may be more to read. Poll it, call stream_next until STREAM_NONE. */
int stream_reader_fd(const struct stream_reader *r);

enum stream_next {
    STREAM_GOT,   /* *ret is filled; valid until the next call on this reader */
    STREAM_NONE,  /* nothing now */
    STREAM_LOST,  /* the position is no longer there: reterr names group, topic, partition and the
                     lost range [from, to). The reader stands at  `to` and goes on with the next call;
                     nothing is skipped silently */
    STREAM_ERROR, /* reterr: ERR_IO; try later */
};
enum stream_next stream_next(struct stream_reader *r, struct stream_message *ret,
                             struct err *reterr);

/* Go on reading that partition of that topic at an offset, or all at a time. Does not touch the
 * group's positions. */
int stream_seek(struct stream_reader *r, struct slice topic, struct slice partition, int64_t offset,
                struct err *reterr);
int stream_seek_time(struct stream_reader *r, int64_t wall_ms, struct err *reterr);

/* Records between the reader's place and the end, all partitions; and the wall time of the oldest
 * of them (0 = none). */
int stream_lag(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
               struct err *reterr);

/* Names of the engines built in, NULL-terminated: the conformance suite runs for each. */
const char *const *stream_engines(void);

#endif
