/* http_server.h - a small HTTP/1.1 server on the loop: health and metrics, messages and documents.
 *
 * The server owns its connections and exchanges. Each head has a deadline from its first byte, each
 * body one of its own; what dribbles is cut. One request of a connection is served at a time;
 * pipelined ones wait. */
#ifndef WEIR_HTTP_SERVER_H
#define WEIR_HTTP_SERVER_H

#include <stdbool.h>
#include "address.h"
#include "err.h"
#include "listen.h"
#include "loop.h"
#include "slice.h"
#include "tls_link.h"

struct http_server;
struct http_exchange;

enum { HTTP_REPLY_FIELDS = 8 };

/* All may be NULL; arg is that of the server. */
struct http_server_hooks {
    /* A connection was accepted: takes fd, to give it back with http_server_take once it is known
     * who calls, or to close it and say so with http_server_forget. */
    void (*accepted)(int fd, const struct address *peer, void *arg);
    void (*turned_away)(enum listen_refusal why, const struct address *peer, void *arg);
    /* The head of a request is there, of its body nothing was looked at. May answer with
     * http_reply: the body is then not read, and the connection ends behind the answer where one
     * follows. */
    void (*head)(struct http_exchange *x, void *arg);
    /* The body of an answer to what never becomes a request (400, 408, 413, 431, …). Borrowed for
     * the call. Without it: the status in words. */
    struct slice (*refusal)(int status, const char **ret_content_type, void *arg);
};

struct http_server_options {
    struct address at;
    const struct address_net *allow; /* none: loopback only */
    unsigned nallow;
    unsigned connections, per_peer;        /* 0 = 64, no limit */
    size_t head_max, body_max, answer_max; /* bytes; 0 = 16 KiB, 64 KiB, 8 MiB */
    size_t bodies_max; /* of all requests under way, for one alone it is body_max; 0: no limit */
    int64_t head_ms, body_ms, idle_ms;     /* 0 = 10 s, 30 s, 60 s */
    const struct http_server_hooks *hooks; /* must live as long; NULL: none */
};

/* Serves one request: ends, now or later, with http_reply. */
typedef void (*http_serve_fn)(struct http_exchange *x, void *arg);

int http_server_open(struct loop *l, const struct http_server_options *o, http_serve_fn serve,
                     void *arg, struct http_server **ret, struct err *reterr);
/* Exchanges under way are dropped: do not reply to them afterwards. NULL is fine. */
void http_server_close(struct http_server *s);
/* No more connections are taken; those that there are end behind their answers. */
void http_server_drain(struct http_server *s);
/* Where it listens, or did before it was drained. */
const struct address *http_server_address(const struct http_server *s);
/* Goes on with a connection that the hook `accepted` was given. Takes fd and tls (NULL: plain
 * text). */
void http_server_take(struct http_server *s, int fd, const struct address *peer,
                      struct tls_link *tls);
void http_server_forget(struct http_server *s, const struct address *peer);
unsigned http_server_connections(const struct http_server *s);
/* No connection is left: after http_server_drain, each answer has left, or nobody takes it. */
bool http_server_quiet(const struct http_server *s);

/* The request; borrowed until http_reply. */
struct slice http_method(const struct http_exchange *x);
struct slice http_path(const struct http_exchange *x); /* as sent, without the query */
struct slice http_query(const struct http_exchange *x);
struct slice http_body(const struct http_exchange *x);
struct slice http_field(const struct http_exchange *x, const char *name); /* the first */
bool http_field_repeats(const struct http_exchange *x, const char *name);
/* Content-Encoding says gzip: the body is unpacked in place, to no more than body_max. ERR_INPUT:
 * damaged; ERR_LIMIT; ERR_NOMEM: also where bodies_max is passed. */
int http_unpack(struct http_exchange *x, struct err *reterr);
/* The body is empty from now on, its memory given back; it counts for bodies_max until the answer,
 * as who took it has a copy. */
void http_drop_body(struct http_exchange *x);
/* NULL: plain text. */
const struct tls_link *http_tls(const struct http_exchange *x);
const struct address *http_peer(const struct http_exchange *x);
/* Answers later. gone is called, once, where the connection breaks or the server closes before: do
 * not reply then. Who leaves is mostly not noticed before the answer, which is then lost. */
void http_defer(struct http_exchange *x, void (*gone)(void *arg), void *arg);
/* A header of the answer, such as Retry-After; text without CR or LF, borrowed until http_reply. At
 * most HTTP_REPLY_FIELDS. */
void http_reply_field(struct http_exchange *x, const char *name, const char *value);
/* Answers; body and type are borrowed for the call. The body of a HEAD is left out. content_type
 * NULL: there is no body. One longer than answer_max: 500 instead, as the hook `refusal` says it.
 */
void http_reply(struct http_exchange *x, int status, const char *content_type, struct slice body);

#endif
