/* stream_kafka_reading.h - a reader of the Kafka engine from within.
 *
 *   stream_kafka_reader.c  the calls of stream_engine.h, on the caller's thread
 *   stream_kafka_seek.c    those that move it
 *   stream_kafka_feed.c    what lies between the two threads
 *   stream_kafka_fetch.c   the reader's own thread: polls, pauses, ends
 *   stream_kafka_alone.c   a reader that takes all partitions by itself
 *   stream_kafka_group.c   a reader that shares them with the members of its group
 *   stream_kafka_place.c   which partitions there are, where each is begun, what is lost
 *   stream_kafka_prove.c   whether a log is still the one that was read before
 *   stream_kafka_lag.c     where the ends are
 *   stream_kafka_ask.c     the questions to Kafka that all this needs
 *   stream_kafka_asker.c   the client that they go through
 *
 * A reader has a client and a thread of its own: the thread waits for Kafka's answers and keeps the
 * group informed however long the caller is busy, the caller never waits for more than a moment. */
#ifndef WEIR_STREAM_KAFKA_READING_H
#define WEIR_STREAM_KAFKA_READING_H

#include "stream_kafka.h"
#include "stream_kafka_asker.h"
#include "stream_kafka_feed.h"

struct kafka_topic {
    char name[STREAM_NAME_MAX + 1];
    struct kafka_name kafka;       /* with the prefix */
    rd_kafka_topic_t *handle;      /* the asker's: metadata is asked for the topics that have one */
    struct kafka_cursor **cursors; /* by number */
    int32_t ncursors, npartitions; /* known here; there are, says Kafka */
    bool met;                      /* Kafka knew it once */
    bool denied;                   /* it is forbidden, or was deleted */
    bool late; /* came after the reader: its partitions are read from their beginning */
};

/* How far the answer to STREAM_LEAVE or STREAM_MOVED has come. */
enum kafka_told { KAFKA_QUIET, KAFKA_TO_TELL, KAFKA_TOLD, KAFKA_YIELDED, KAFKA_ANSWERED };

struct kafka_reader {
    struct stream_reader base;

    /* the caller's thread */
    struct kafka_stream *stream;
    struct kafka_reader *next_reader; /* of the stream */
    struct kafka_member *member;      /* NULL: shares nothing */
    struct kafka_item current;        /* given last */
    struct stream_header headers[STREAM_HEADERS_MAX];

    /* fixed when the thread begins */
    char group[STREAM_NAME_MAX + 1]; /* without the prefix; "" = none */
    bool shares;                     /* a member that gets its partitions from the group */
    bool records;                    /* first positions are committed */
    enum stream_start start;
    int64_t start_ms;
    struct kafka_topic *topics; /* sorted by name */
    unsigned ntopics;
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;
    struct kafka_asker *asker;
    pthread_t thread;

    /* the reader's thread */
    struct kafka_trouble trouble;
    rd_kafka_topic_partition_list_t *given; /* by the group, not begun yet */
    bool subscribed, paused, find_wanted;
    bool warm;                         /* it was assigned something once */
    size_t waited;                     /* in librdkafka's queue while the ring was full, at most */
    int64_t turn_ms, failing_since_ms; /* 0 = all is well */
    int64_t full_since_ms, find_at_ms, retry_at_ms, look_at_ms;

    /* both, under feed.lock */
    struct kafka_feed feed;
    bool stop, ended, abandoned;
    bool placed;    /* once: partitions are known, and where each is begun */
    bool away;      /* a question failed: nobody waits for the next answer */
    bool caught_up; /* once since the last seek */
    bool sought;    /* to `sought_ms`, all partitions */
    int64_t sought_ms;
    bool settled; /* Kafka reads from the held cursors, or soon will */
    bool anew;    /* some cursor moved: the partitions have to be assigned again */
    enum kafka_told leave, moved;
    int64_t yielded_ms;
    unsigned looks_wanted, looks_done;
    bool looked;                /* once */
    int64_t impatient_until_ms; /* no waiting for a look before this time */
};

/* ---- stream_kafka_reader.c; locked ---- */
/* Until partitions are known, or a question failed. */
void kafka_wait_placed(struct kafka_reader *r, int wait_ms);
/* NULL: not here. topic without the prefix. */
struct kafka_cursor *kafka_cursor_held(const struct kafka_reader *r, struct slice topic,
                                       struct slice partition);

/* ---- stream_kafka_fetch.c ---- */
int kafka_fetch_start(struct kafka_reader *r, struct err *reterr);
/* Ends the thread; waits for at most wait_ms, then leaves it to itself. r is gone afterwards. */
void kafka_fetch_stop(struct kafka_reader *r, int wait_ms);
/* The thread looks at its orders now. Locked. */
void kafka_fetch_nudge(struct kafka_reader *r);
/* Tells the caller, with the last complaint of the connections; what may pass by itself only when
 * it has lasted. */
void kafka_fetch_fail(struct kafka_reader *r, struct err *e);
/* Kafka reads on from where the held cursors are. */
int kafka_fetch_assign(struct kafka_reader *r, struct err *reterr);
/* Nothing is read. */
void kafka_fetch_unassign(struct kafka_reader *r);
void kafka_reader_free(struct kafka_reader *r);

/* ---- stream_kafka_alone.c, stream_kafka_group.c ---- */
/* Seeks, looks and losses that are due; returns when something is next, monotonic. */
int64_t kafka_orders_serve(struct kafka_reader *r, int64_t now);
/* What is due, with them. */
int64_t kafka_alone_serve(struct kafka_reader *r, int64_t now);
int64_t kafka_group_serve(struct kafka_reader *r, int64_t now);
/* Borrows the event. */
void kafka_group_rebalance(struct kafka_reader *r, rd_kafka_event_t *e);
/* Whether the caller is told of the group instead of given a message. Locked. */
bool kafka_group_next(struct kafka_reader *r, enum stream_next *ret);
/* The caller's: once what it forwarded before it yielded is committed, the thread goes on. */
void kafka_group_settle(struct kafka_reader *r);

/* ---- stream_kafka_place.c ---- */
struct kafka_topic *kafka_place_topic(const struct kafka_reader *r, const char *kafka_name);
/* The cursor of that partition; makes it (locked, the thread). NULL: no memory. */
struct kafka_cursor *kafka_place_cursor(struct kafka_topic *t, int32_t number);
/* Adds to ret every partition that Kafka has and no cursor holds. *ret_missing: some topic is not
 * there yet. A topic that was there and is not, or is forbidden, is told to the caller. */
int kafka_place_find(struct kafka_reader *r, rd_kafka_topic_partition_list_t *ret,
                     bool *ret_missing, struct err *reterr);
/* Fills the offsets where each is begun, and records what is new for the group. */
int kafka_place_first(struct kafka_reader *r, rd_kafka_topic_partition_list_t *list,
                      struct err *reterr);
/* Makes cursors of the list, held, at its offsets. */
int kafka_place_hold(struct kafka_reader *r, const rd_kafka_topic_partition_list_t *list,
                     struct err *reterr);
/* All held partitions. Locked. */
rd_kafka_topic_partition_list_t *kafka_held(const struct kafka_reader *r);
/* All held cursors to the first record of sought_ms or later. */
int kafka_place_time(struct kafka_reader *r, struct err *reterr);

/* ---- stream_kafka_prove.c; locked ---- */
/* The cursor was placed at `next`, with the mark of the group's position, which may be none. */
void kafka_prove_begin(const struct kafka_reader *r, struct kafka_cursor *c,
                       const struct kafka_mark *mark);
/* The offset to read from. */
int64_t kafka_prove_from(const struct kafka_cursor *c);
/* Whether the message is to be given to the caller, or an end at that offset counts. */
bool kafka_prove_message(struct kafka_reader *r, struct kafka_cursor *c,
                         const rd_kafka_message_t *m);
bool kafka_prove_end(struct kafka_cursor *c, int64_t offset);
/* The node said that the place, or its mark, is not in the log, yet the place is within it. */
void kafka_prove_gone(struct kafka_cursor *c);
/* The log may have been replaced since the last record: it is proved again. NULL is fine. */
void kafka_doubt(struct kafka_reader *r, struct kafka_cursor *c);
void kafka_doubt_topic(struct kafka_reader *r, struct kafka_topic *t);
void kafka_doubt_all(struct kafka_reader *r);

/* ---- stream_kafka_lag.c ---- */
/* Whether somebody waits to know where the ends are, or a place that is gone. */
bool kafka_look_due(const struct kafka_reader *r);
/* Asks where the held logs begin and end, and settles what is gone. */
int kafka_look(struct kafka_reader *r, struct err *reterr);
/* Locked. */
bool kafka_reached_end(struct kafka_reader *r);
/* The thread's: if the end has come within reach, the caller is to ask for it again. Locked. */
void kafka_tell_end(struct kafka_reader *r);

#endif
