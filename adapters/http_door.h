/* http_door.h - one port over HTTP(S) of a source, whatever is posted there: who may connect and
 * call, TLS, limits, what is logged and counted of those who may not.
 *
 *   connection -> certificate of a peer -> head of a request -> good token -> body -> served
 *       '------------------'------------------------------------'-> turned away, unread
 *
 * Owns its server, the key set of its tokens and the handshakes under way; borrows the source. */
#ifndef WEIR_HTTP_DOOR_H
#define WEIR_HTTP_DOOR_H

#include "bearer.h"
#include "http_server.h"
#include "port_tls.h"

struct http_door_options {
    struct loop *loop;
    struct source *source;
    bearer_conf_fn *conf;             /* the section of this port */
    const struct port_tls_hooks *tls; /* conf is set; must live as long */
    size_t answer_max;                /* bytes; 0: what is preset */
    http_serve_fn serve;
    /* Whether anybody may ask this, without a token; NULL: nothing is so. */
    bool (*open_to_all)(const struct http_exchange *x, void *arg);
    /* Answers, at the end of the head, who has no good token (401) or not its scope (403), or says
     * twice what has one value (400). */
    void (*keep_out)(struct http_exchange *x, int status, const char *why, void *arg);
    /* The body of an answer to what never becomes a request; NULL: the status in words. */
    struct slice (*refusal)(int status, const char **ret_content_type, void *arg);
    void *arg;
};

struct http_door {
    struct http_door_options o;
    struct http_server *server;
    struct port_tls tls;
    struct bearer bearer;
    struct loop_timer *timer;
};

/* Listens. ERR_IO, ERR_CONF. d must stay where it is; one that failed is closed, too. */
int http_door_open(struct http_door *d, const struct http_door_options *o, struct err *reterr);
/* One that is all zero is fine. No exchange of it is to be replied to afterwards. */
void http_door_close(struct http_door *d);
/* No more requests. */
void http_door_drain(struct http_door *d);
/* After http_door_drain: whether each answer has left. */
bool http_door_quiet(const struct http_door *d);
/* Unpacks the body of a request whose Content-Encoding is gzip, in place. Returns 0, or the status
 * to refuse it with: 400, 413, 503. */
int http_door_unpack(struct http_exchange *x, struct err *reterr);
/* Says in the log that it listens; what: "http=", path: what stands behind the address. */
void http_door_tell(const struct http_door *d, const char *what, struct slice path);

/* For the hooks of o->tls: what they do for every door. */
void http_door_ready(int fd, struct tls_link *link, const struct address *peer,
                     const struct site_tls_peer *who, void *door);
void http_door_released(const struct address *peer, void *door);

#endif
