/* stream_kafka_err.h - what Kafka and librdkafka say, as errors that tell an operator what to do.
 */
#ifndef WEIR_STREAM_KAFKA_ERR_H
#define WEIR_STREAM_KAFKA_ERR_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdint.h>
#include "err.h"

/* What a client complained of last. Errors of connections come as events of their own, far from the
 * call that then waits in vain; whoever gives up waiting quotes them. Safe on every thread. */
struct kafka_trouble {
    pthread_mutex_t lock;
    rd_kafka_resp_err_t code;
    uint64_t count;
    int64_t at_ms; /* monotonic */
    char text[256];
    char user[64]; /* whom the client logs in as; "" = nobody */
};

void kafka_trouble_init(struct kafka_trouble *t);
void kafka_trouble_fini(struct kafka_trouble *t);
void kafka_trouble_note(struct kafka_trouble *t, rd_kafka_resp_err_t code, const char *text);
/* What an RD_KAFKA_EVENT_ERROR says. */
void kafka_trouble_event(struct kafka_trouble *t, rd_kafka_event_t *event);
/* The last complaint's code, of the last minute, where no waiting mends it: TLS, a user or a
 * password that is refused; NO_ERROR: it was another, or none. */
rd_kafka_resp_err_t kafka_trouble_refusal(struct kafka_trouble *t);
/* Whom the client logs in as (sasl.username), NULL = nobody; before anything else is said. */
void kafka_trouble_user(struct kafka_trouble *t, const char *user);
/* Puts that name where e's text says "this user". */
void kafka_trouble_name(const struct kafka_trouble *t, struct err *e);
/* Appends ": <the last complaint of the last minute>" to e's text, if there is one. */
void kafka_trouble_quote(struct kafka_trouble *t, struct err *e);

/* Fills e: "<where>: what is wrong; what to do (librdkafka's text)". `where` is what it is about
 * ("topic flow.events"); detail is librdkafka's own text, NULL where there is none. retriable where
 * the same call may do later: everything that a node, a network or an administrator mends. */
void kafka_err_fill(struct err *e, rd_kafka_resp_err_t code, const char *where, const char *detail);
/* The same as an expression that is -1. */
#define kafka_err(e, code, where, detail)                                                          \
    (kafka_err_fill((e), (code), (where), (detail)), err_failed())
/* The error of a node that librdkafka's text names, where it gives no code; NO_ERROR = none. */
rd_kafka_resp_err_t kafka_err_named(const char *text);
/* From an rd_kafka_error_t, which it destroys. */
void kafka_err_take(struct err *e, rd_kafka_error_t *error, const char *where);

#endif
