/* http_door.h - one port over HTTP(S) of a source, whatever is posted there: who may connect, TLS,
 * limits, what is logged and counted of those who may not.
 *
 * Owns its server and the handshakes under way; borrows the source. */
#ifndef WEIR_HTTP_DOOR_H
#define WEIR_HTTP_DOOR_H

#include "http_server.h"
#include "port_tls.h"

struct http_door_options {
    struct loop *loop;
    struct source *source;
    struct slice listen;
    const struct conf_texts *allow;
    struct http_server_options
        limits;                       /* connections, sizes, times: the other fields are set here */
    const struct port_tls_hooks *tls; /* conf is set; must live as long */
    http_serve_fn serve;
    /* The body of an answer to what never becomes a request; NULL: the status in words. */
    struct slice (*refusal)(int status, const char **ret_content_type, void *arg);
    /* Now and then; NULL: nothing to do. now: monotonic, ms. */
    void (*tick)(void *arg, int64_t now);
    void *arg;
};

struct http_door {
    struct http_door_options o;
    struct http_server *server;
    struct port_tls tls;
    struct loop_timer *timer;
};

/* Listens. ERR_IO, ERR_CONF. d must stay where it is; one that failed is closed, too. */
int http_door_open(struct http_door *d, const struct http_door_options *o, struct err *reterr);
/* One that is all zero is fine. No exchange of it is to be replied to afterwards. */
void http_door_close(struct http_door *d);
/* No more requests. */
void http_door_drain(struct http_door *d);
/* Says in the log that it listens; what: "http=", path: what stands behind the address. */
void http_door_tell(const struct http_door *d, const char *what, struct slice path,
                    const char *more);

/* For the hooks of o->tls: what they do for every door. */
void http_door_ready(int fd, struct tls_link *link, const struct address *peer,
                     const struct site_tls_peer *who, void *door);
void http_door_released(const struct address *peer, void *door);

#endif
