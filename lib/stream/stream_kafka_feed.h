/* stream_kafka_feed.h - what a reader's thread has read and its caller has not taken yet.
 *
 * A ring of at most KAFKA_FEED_ITEMS entries and KAFKA_FEED_BYTES (one record always fits), filled
 * by the thread, emptied by the caller, and a descriptor that is readable as long as the caller has
 * something to take or to be told. The lock covers the ring, the cursors and every word that the
 * two sides say to each other. */
#ifndef WEIR_STREAM_KAFKA_FEED_H
#define WEIR_STREAM_KAFKA_FEED_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "stream_kafka_mark.h"

enum { KAFKA_FEED_ITEMS = 1024, KAFKA_FEED_BYTES = 4 << 20 };

struct kafka_topic;

/* Whether the log is the one that the place was taken in (stream_kafka_prove.c). */
enum kafka_proof {
    KAFKA_PROVED,
    KAFKA_TO_PROVE, /* `expected` has to be there */
    KAFKA_TO_LEARN, /* what is there is noted */
};

/* A place in one partition of one topic. Freed with the reader only, so that messages may point to
 * its name. */
struct kafka_cursor {
    struct kafka_topic *topic;
    int32_t number;
    char name[12];    /* the number in decimal */
    bool held;        /* read by this reader now */
    bool moved;       /* sought, or to be begun anew: what still comes is of the old place */
    bool gone;        /* the node says that `next` is not in its log */
    int64_t next;     /* the next offset into the ring */
    int64_t given;    /* the next offset to the caller */
    int64_t given_ms; /* time of the last one given; 0 = none yet */
    int64_t eof;      /* the end was here; counts when the ring has nothing more of this one */
    int64_t low, end; /* of the log, as of the last look */
    int64_t goal;     /* the end when it was opened or sought; -1 = not known yet */
    unsigned queued;  /* entries in the ring */
    enum kafka_proof proof;
    struct kafka_mark expected; /* while the proof is open: where it is read from */
    struct kafka_marks marks;   /* of what went into the ring */
    bool forgotten; /* the group's position went with the topic, though it was read here */
    bool another;   /* gone, for the log is another one, whatever its length */
    bool replacing; /* it is, and the caller is not told yet */
    bool replaced;  /* the caller is told: positions past `given` are of the old log */
};

struct kafka_item {
    struct kafka_cursor *cursor;
    rd_kafka_event_t *event;           /* owns the message */
    const rd_kafka_message_t *message; /* NULL: [from, to) is lost */
    int64_t from, to;
    bool anew; /* lost, and the log is read from its beginning, for it is another one */
};

struct kafka_feed {
    pthread_mutex_t lock;
    pthread_cond_t room, told; /* for the thread; for the caller */
    int event;
    bool ringing;
    struct kafka_item items[KAFKA_FEED_ITEMS];
    unsigned first, n;
    uint64_t bytes;
    bool failed; /* error is to be told */
    struct err error;
    int64_t quiet_until_ms; /* monotonic: the same trouble is told once in a while */
};

int kafka_feed_open(struct kafka_feed *f, struct err *reterr);
/* Destroys what is left in it. */
void kafka_feed_close(struct kafka_feed *f);

void kafka_feed_lock(struct kafka_feed *f);
void kafka_feed_unlock(struct kafka_feed *f);
/* Waits on cond, which is f's, until that monotonic time; false when it has passed. Locked. */
bool kafka_feed_wait(struct kafka_feed *f, pthread_cond_t *cond, int64_t until_ms);

/* All below: locked. */
void kafka_feed_ring(struct kafka_feed *f);
void kafka_feed_hush(struct kafka_feed *f);
bool kafka_feed_full(const struct kafka_feed *f);
/* Takes the event, whose message m is. The feed is not full. */
void kafka_feed_push(struct kafka_feed *f, struct kafka_cursor *c, rd_kafka_event_t *event,
                     const rd_kafka_message_t *m);
void kafka_feed_push_lost(struct kafka_feed *f, struct kafka_cursor *c, int64_t to, bool anew);
/* False when there is nothing. The event is the caller's to destroy. */
bool kafka_feed_pop(struct kafka_feed *f, struct kafka_item *ret);
/* The oldest entry of that cursor, or NULL. */
const struct kafka_item *kafka_feed_oldest(const struct kafka_feed *f,
                                           const struct kafka_cursor *c);
/* Destroys the entries of that cursor, NULL: all. */
void kafka_feed_drop(struct kafka_feed *f, const struct kafka_cursor *c);
/* To be told to the caller, unless one was told in the last seconds. */
void kafka_feed_fail(struct kafka_feed *f, const struct err *e);

#endif
