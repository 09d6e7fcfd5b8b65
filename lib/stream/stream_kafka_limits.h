/* stream_kafka_limits.h - topics whose max.message.bytes was lowered while a producer runs.
 *
 * A start checks the limits (stream_kafka_probe.c); a record that a node refuses later as too large
 * makes its whole batch fail, and with it all that is under way. So the topic is asked for its
 * limit then: batches stay below it, records above it are refused before they are taken, and all
 * else goes on. The topic is asked again now and then, until the limit is what it was. One thread;
 * nothing blocks. */
#ifndef WEIR_STREAM_KAFKA_LIMITS_H
#define WEIR_STREAM_KAFKA_LIMITS_H

#include "stream_kafka_conf.h"

enum { KAFKA_LIMITS_MAX = 32 };

struct kafka_limit {
    struct kafka_name topic;
    uint64_t largest; /* 0: not known yet */
};

/* All zero is empty. */
struct kafka_limits {
    struct kafka_limit list[KAFKA_LIMITS_MAX];
    unsigned n;
    bool asked;      /* the answer is on its way */
    int64_t ask_ms;  /* the next question */
    int64_t hold_ms; /* nothing is sent before the answer, or this time */
};

/* A node refused a record for that topic (Kafka's name) as too large. */
void kafka_limits_doubt(struct kafka_limits *l, const char *topic, int64_t now_ms);
/* Asks, where that is due; the answer comes as an event of queue, which is rk's. */
void kafka_limits_ask(struct kafka_limits *l, rd_kafka_t *rk, rd_kafka_queue_t *queue,
                      int64_t now_ms);
/* Takes an answer, other events it leaves alone. True where a limit is lower than was known. */
bool kafka_limits_event(struct kafka_limits *l, const struct kafka_conf *c,
                        rd_kafka_event_t *event);
/* The client that was asked is gone. */
void kafka_limits_forget(struct kafka_limits *l);
/* Whether to wait with what is to be sent. */
bool kafka_limits_hold(const struct kafka_limits *l, int64_t now_ms);
/* When to ask, or to wait no longer; INT64_MAX = never. */
int64_t kafka_limits_due(const struct kafka_limits *l);
/* The lowest that is known; UINT64_MAX = none is low. */
uint64_t kafka_limits_least(const struct kafka_limits *l);
/* ERR_LIMIT: a record of the set is larger than its topic takes now. Where records are compressed
 * nobody knows before they are sent, and none is refused. */
int kafka_limits_check(const struct kafka_limits *l, const struct kafka_conf *c,
                       const struct stream_record *set, unsigned n, struct err *reterr);

#endif
