/* stream.h - the ordered, durable log between the processes. Bytes in, bytes out: a stream never
 * looks inside an event.
 *
 * One interface, several engines (embedded, kafka, memory, null). No call blocks on the other side:
 * what takes time ends in a callback that stream_dispatch runs on the caller's thread. One thread
 * uses a stream; engines may have threads of their own. Where the embedded engine has one file per
 * writer process, that file is a partition; nothing here promises more order than a partition
 * gives.
 *
 * Ownership: records are borrowed for the call (the engine copies what it keeps); messages read are
 * the reader's until its next call. */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "slice.h"

enum { STREAM_HEADERS_MAX = 16, STREAM_NAME_MAX = 128, STREAM_KEEP_MAX = 16 };

struct stream_header {
    struct slice name, value;
};

/* What is appended. Key absent: any partition. */
struct stream_record {
    struct slice topic, key, value;
    const struct stream_header *headers;
    unsigned nheaders;
    bool own; /* only weir reads it: an engine may keep the headers in a form of its own */
};

/* Where a record stands. The partition is a name ("acute" in the embedded engine, "3" in Kafka).
 * Offsets rise, with gaps. */
struct stream_message {
    struct slice topic, partition, key, value;
    const struct stream_header *headers;
    unsigned nheaders;
    int64_t offset;
    int64_t time_ms;   /* wall clock of the append */
    int64_t lost_from; /* STREAM_LOST only: [lost_from, offset) of topic and partition is gone */
};

/* "Everything before `next` in this partition is done", for one group. */
struct stream_position {
    struct slice group, topic, partition;
    int64_t next;
};

/* A topic that no limit on size takes from and no group holds back: only its own age counts. */
struct stream_keep {
    struct slice topic;
    uint64_t retain_ms; /* 0 = for good */
};

/* A setting of the engine's client library, passed through as it is (kafka: librdkafka). */
struct stream_property {
    struct slice name, value;
};

struct stream_options {
    struct slice kind; /* engine: "embedded", "kafka", "memory", "null" */
    struct slice dir;  /* embedded: the data directory; memory: a name shared by all handles of this
                          process; kafka: the nodes to begin with, "host:port,host:port" */
    struct slice prefix; /* kafka: before every topic, group and transactional id; may be absent */
    const struct stream_property *properties; /* kafka; borrowed for stream_open */
    unsigned nproperties;
    bool allow_unsafe;          /* kafka: fewer than two replicas in sync are enough */
    uint32_t append_timeout_ms; /* kafka: what is not durable after so long fails, retriable;
                                   default 20 s, 0 = never */
    struct slice
        writer; /* embedded: name of the file that this process alone writes; absent = read only */
    uint64_t record_max;      /* bytes of key, headers and value; default 64 MiB */
    uint32_t queue_records;   /* accepted, callback not yet run; default 65536. A set larger than
                                 this or than queue_bytes is STREAM_BAD */
    uint64_t queue_bytes;     /* the same in bytes; default 256 MiB */
    uint64_t retain_ms;       /* 0 = for good */
    uint64_t retain_bytes;    /* per writer file; 0 = no limit */
    uint64_t disk_mark_bytes; /* retention is stretched to the slowest group up to this size per
                                 writer file; past it the oldest go, read or not, and the group
                                 loses, loudly. 0 = no mark: stretched for as long as it takes */
    const struct stream_keep *keep; /* topics that the limits above leave alone, and whose bytes do
                                       not count against one. At most STREAM_KEEP_MAX, borrowed for
                                       stream_open */
    unsigned nkeep;
    uint64_t
        keep_grace_ms;   /* nothing of them goes before the writer has been open, has written
                            without a failure and has seen no clock jump for so long: time to append
                            again, after a long   absence, what is still needed. Default one hour */
    bool unsafe_no_sync; /* embedded: synchronous=OFF. A power cut loses what was called durable;
                            for tests on throw-away data */
};
/* Everything at its default, kind "embedded", no dir, no writer. */
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
    STREAM_FULL, /* no room in the queue now: stop reading your sockets; nothing was taken,
                    no callback */
    STREAM_BAD,  /* can never be taken (a record too large, a bad topic name, a read-only handle):
                    reterr; no callback */
};

/* e is NULL when the whole set is durable. Else a part of it may stand in the stream all the same:
 * append the whole set again with the same ids. A set that fails takes with it every set accepted
 * behind it, so that no position moves past a hole and appending the failed ones again, in the
 * order of their callbacks, keeps the order. May call stream_append, not stream_close; while the
 * stream closes, append answers FULL. */
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

/* What was accepted and has no answer yet, for metrics. */
struct stream_queue {
    uint32_t records; /* and positions */
    uint64_t bytes;
    int64_t oldest_ms; /* since the oldest of it was accepted; 0 where nothing waits */
    uint64_t replaced; /* clients that failed and were replaced, since the start */
};
/* False where the engine does not say. */
bool stream_queue(const struct stream *s, struct stream_queue *ret);

/* The value of the header of that name, or absent. */
struct slice stream_header_get(const struct stream_message *m, const char *name);

enum stream_start { STREAM_EARLIEST, STREAM_LATEST, STREAM_AT_TIME };

/* ---- who leads ---- */

/* leads: this handle begins to lead; all that the leader before made durable can be read now, and
 * nothing more will come of it. Else it has ended: another one took over, or the engine lost its
 * footing (why); what is under way fails in its callbacks, after fn, and the handle asks again by
 * itself. Also where it does not lead yet, why says what keeps it from that (a missing right). */
typedef void (*stream_lead_fn)(void *arg, bool leads, const struct err *why);

/* Asks to lead a group: of all handles of all processes one at a time does. A leader's
 * stream_forward of that group's positions is one unit with its records, and a former leader's is
 * refused, however late it comes (FULL while it knows that it does not lead). Such forwards and the
 * other sets of a handle are two orders: neither waits for the other, and a set that fails takes
 * with it those behind it in its own. A leader reads the group whole: its partitions are not shared
 * out among members. One group a handle; fn runs from stream_dispatch, or within this call, not
 * from stream_close. Engines where one process alone can write lead at once and for good. */
int stream_lead(struct stream *s, struct slice group, stream_lead_fn fn, void *arg,
                struct err *reterr);

/* ---- reading ---- */

struct stream_reader_options {
    const struct slice *topics;
    unsigned ntopics;
    struct slice group;      /* absent: reads without a group, from `start` */
    enum stream_start start; /* for a group that has never read this topic; recorded at open where
                                the handle can write. Partitions that appear later are read from
                                their beginning, also when they appear while nobody reads */
    int64_t start_ms;        /* for STREAM_AT_TIME */
};

struct stream_reader;

/* A reader of a group on a read-only handle sees the positions of whichever process moves them. A
 * topic or partition need not exist yet. Close readers before their stream. */
int stream_reader_open(struct stream *s, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr);
void stream_reader_close(struct stream_reader *r);
/* Readable when there may be more to read. Poll it, call stream_next until STREAM_NONE. */
int stream_reader_fd(const struct stream_reader *r);

enum stream_next {
    STREAM_GOT,   /* *ret is filled; valid until the next call on this reader */
    STREAM_NONE,  /* nothing now; whether it is the end, stream_caught_up tells */
    STREAM_LOST,  /* the position is no longer there: reterr names group, topic, partition and the
                     lost range [from, to), ret gives them as values. The reader stands at `to` and
                     goes on with the next call; nothing is skipped silently */
    STREAM_ERROR, /* reterr: ERR_IO; try later */
    STREAM_LEAVE, /* other members of the group get partitions of it: end or drop what is under
                     way, forward its positions, then call stream_yield; nothing is read before */
    STREAM_MOVED, /* the reader holds other partitions than before (stream_holds), each from its
                     group's position on; what the caller knows of the others is no longer its own
                   */
};
enum stream_next stream_next(struct stream_reader *r, struct stream_message *ret,
                             struct err *reterr);

/* Everything that could be read when the reader was opened, or was last sought, has been given:
 * STREAM_NONE is the end and not a wait. Once true it stays so until a seek. */
bool stream_caught_up(const struct stream_reader *r);
/* The next stream_next gives STREAM_LEAVE or STREAM_MOVED: for a reader that takes no record now
 * and has to answer all the same. Both come before any record. */
bool stream_moves(const struct stream_reader *r);
/* The answer to STREAM_LEAVE; STREAM_MOVED follows, be it with the same partitions or with none.
 * Positions forwarded later for partitions that are no longer held change nothing. */
void stream_yield(struct stream_reader *r);
/* Whether the reader reads that partition now. Engines that share nothing out: always. */
bool stream_holds(const struct stream_reader *r, struct slice topic, struct slice partition);

/* Go on reading that partition of that topic at an offset, or all at the first record of a time or
 * later (0: the oldest there is). Does not touch the group's positions. An offset that is gone is
 * STREAM_LOST at the next call. ERR_INPUT: no such topic or partition here. */
int stream_seek(struct stream_reader *r, struct slice topic, struct slice partition, int64_t offset,
                struct err *reterr);
int stream_seek_time(struct stream_reader *r, int64_t wall_ms, struct err *reterr);

/* Records between the reader's place and the end, all partitions; and the wall time of the oldest
 * of them (0 = none). */
int stream_lag(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
               struct err *reterr);

/* Names of the engines built in, NULL-terminated: the conformance suite runs for each. */
const char *const *stream_engines(void);
/* Whether that engine gives back what it took: only then the whole suite applies, and only then it
 * is of use for messages. */
bool stream_engine_keeps(const char *name);

#endif
