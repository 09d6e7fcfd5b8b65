/* http_server.h - a small HTTP/1.1 server on the loop: health and metrics now, intake later.
 *
 * The server owns its connections and exchanges. Each head has a deadline from its first byte, each
 * body one of its own; what dribbles is cut. One request of a connection is served at a time;
 * pipelined ones wait. */
#ifndef WEIR_HTTP_SERVER_H
#define WEIR_HTTP_SERVER_H

#include <stdbool.h>
#include "address.h"
#include "err.h"
#include "loop.h"
#include "slice.h"

struct http_server;
struct http_exchange;

struct http_server_options {
    struct address at;
    const struct address_net *allow; /* none: loopback only */
    unsigned nallow;
    unsigned connections;              /* 0 = 64 */
    size_t head_max, body_max;         /* bytes; 0 = 16 KiB, 64 KiB */
    int64_t head_ms, body_ms, idle_ms; /* 0 = 10 s, 30 s, 60 s */
};

/* Serves one request: ends, now or later, with http_reply. */
typedef void (*http_serve_fn)(struct http_exchange *x, void *arg);

int http_server_open(struct loop *l, const struct http_server_options *o, http_serve_fn serve,
                     void *arg, struct http_server **ret, struct err *reterr);
/* Exchanges under way are dropped: do not reply to them afterwards. NULL is fine. */
void http_server_close(struct http_server *s);
/* No more connections are taken; those that there are end behind their answers. */
void http_server_drain(struct http_server *s);
const struct address *http_server_address(const struct http_server *s);

/* The request; borrowed until http_reply. */
struct slice http_method(const struct http_exchange *x);
struct slice http_path(const struct http_exchange *x); /* as sent, without the query */
struct slice http_query(const struct http_exchange *x);
struct slice http_body(const struct http_exchange *x);
struct slice http_field(const struct http_exchange *x, const char *name);
/* Answers later. gone is called, once, where the peer leaves or the server closes before: do not
 * reply then. */
void http_defer(struct http_exchange *x, void (*gone)(void *arg), void *arg);
/* A header of the answer, such as Retry-After; text without CR or LF, borrowed until http_reply. */
void http_reply_field(struct http_exchange *x, const char *name, const char *value);
/* Answers; body and type are borrowed for the call. The body of a HEAD is left out. */
void http_reply(struct http_exchange *x, int status, const char *content_type, struct slice body);

#endif
