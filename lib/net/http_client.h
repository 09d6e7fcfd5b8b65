/* http_client.h - HTTP requests under way side by side on the loop, over connections kept open;
 * libcurl only here.
 *
 * The client owns its calls. Answers are bounded, redirects are never followed, proxies never used,
 * and no host is reached that the guard refuses: the address is judged after the name was resolved
 * and before it is connected to (loopback, link-local, private, shared, multicast, metadata;
 * IPv4 inside IPv6 as well), unless allow_private. */
#ifndef WEIR_HTTP_CLIENT_H
#define WEIR_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"
#include "loop.h"
#include "slice.h"

struct http_client;
struct http_call;

struct http_client_options {
    int64_t connections;        /* at most, kept open when idle; 0 = 8 */
    int64_t connect_timeout_ms; /* 0 = 5 s */
    int64_t timeout_ms;         /* whole request; 0 = 15 s */
    size_t response_max;        /* bytes of an answer's body; 0 = 64 KiB; more is not read */
    bool allow_private;
    const char *ca_file; /* NULL: the system's */
    bool http_only_tls;  /* refuse http:// */
};

/* What went wrong before an answer was understood. */
enum http_fault {
    HTTP_FINE,            /* there is a status */
    HTTP_RESOLVE,         /* no such name, or the resolver is away */
    HTTP_CONNECT,         /* refused, unreachable */
    HTTP_TIMEOUT,         /* connecting or answering took too long */
    HTTP_TLS,             /* handshake, certificate, wrong host */
    HTTP_REFUSED_ADDRESS, /* the guard said no */
    HTTP_GARBAGE,         /* what came back is no HTTP, or was cut before the status */
    HTTP_CONFIG,          /* URL or option that can never work */
    HTTP_INTERNAL,        /* no memory, libcurl itself */
};

struct http_result {
    enum http_fault fault;
    int status;             /* 0 where fault is not HTTP_FINE */
    int64_t retry_after_ms; /* -1: not sent or not understood; a date in the past is 0 */
    struct slice body;      /* what was kept of it; during the callback only */
    const char *text;       /* for a person, without URL query, body or patient data */
    int64_t took_ms;
};

struct http_header {
    const char *name;
    struct slice value; /* no CR, LF or NUL in it */
};

struct http_request {
    bool post;                 /* else GET */
    const char *url;           /* http:// or https:// */
    struct slice body;         /* copied */
    struct slice content_type; /* absent: none */
    struct slice bearer;       /* absent: no Authorization */
    const struct http_header *headers;
    unsigned nheaders;
};

/* Called once, from the loop, never from http_client_send. May send and cancel. */
typedef void (*http_done_fn)(const struct http_result *r, void *arg);

int http_client_open(struct loop *l, const struct http_client_options *o, struct http_client **ret,
                     struct err *reterr);
/* Calls under way are dropped without a callback. NULL is fine. */
void http_client_close(struct http_client *c);
/* Starts a request; *ret (may be NULL) is good until its callback. ERR_INPUT (a header value with
 * CR or LF), ERR_NOMEM. */
int http_client_send(struct http_client *c, const struct http_request *q, http_done_fn done,
                     void *arg, struct http_call **ret, struct err *reterr);
/* Ends it without a callback. */
void http_call_cancel(struct http_call *call);
/* Requests under way. */
unsigned http_client_active(const struct http_client *c);
/* "timeout" and the like, for metrics. */
const char *http_fault_name(enum http_fault f);
/* Seconds or an HTTP date as milliseconds from now_wall_ms on; -1 for anything else. */
int64_t http_retry_after(struct slice value, int64_t now_wall_ms);

#endif
