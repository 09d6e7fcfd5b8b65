/* stream_kafka_push.h - "send now" for a producer: what it was given leaves at once, each
 * partition's in one request.
 *
 * Without a linger librdkafka's sending thread wakes at the first record of many, sends it alone,
 * and polls without rest until the answer comes, because five messages of a partition, not
 * requests, may be under way (2.0.2). So records linger, and rd_kafka_flush ends that as soon as
 * the last of a group is given. It waits, so it runs on a thread of its own. */
#ifndef WEIR_STREAM_KAFKA_PUSH_H
#define WEIR_STREAM_KAFKA_PUSH_H

#include <librdkafka/rdkafka.h>
#include "err.h"
#include "stream_kafka_conf.h"

struct kafka_push;

/* Whether the linger is ours to choose: a property may have set it, and then nothing is pushed. */
bool kafka_push_wanted(const struct kafka_conf *c);
/* The linger of a producer that is pushed: how late a group is that the thread came too late for.
 */
int kafka_push_settings(rd_kafka_conf_t *conf, struct err *reterr);
/* Borrows rk. ERR_NOMEM. */
int kafka_push_open(rd_kafka_t *rk, struct kafka_push **ret, struct err *reterr);
/* Before the client is retired; takes a millisecond or two while the thread pushes. NULL is fine.
 */
void kafka_push_close(struct kafka_push *p);
/* What has been given leaves. NULL is fine. */
void kafka_push_now(struct kafka_push *p);
/* The threads that it passes through stay off the caller's processor (stream_kafka_apart.h): to be
 * called again and again, as the caller moves. NULL is fine. */
void kafka_push_apart(struct kafka_push *p, int64_t now_ms);

#endif
