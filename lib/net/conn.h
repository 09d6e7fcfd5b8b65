/* conn.h - one connected stream socket, plain or under TLS: bytes in, bytes out, never blocking.
 *
 * The conn owns its descriptor and buffers. What comes in is given to `data` at once; what `data`
 * leaves is kept, up to in_max, and given again with what comes next or on conn_resume. Replies
 * leave by one writev; what the socket does not take is queued, up to out_max. A connection that
 * has nothing left over holds no read buffer: all of a thread share one. */
#ifndef WEIR_CONN_H
#define WEIR_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include "err.h"
#include "loop.h"
#include "slice.h"
#include "tls_link.h"

enum { CONN_PARTS_MAX = 16 };

struct conn;

struct conn_hooks {
    /* Returns how many bytes, from the front, are done with. May send, pause, finish and close. */
    size_t (*data)(struct conn *c, struct slice bytes, void *arg);
    /* The peer will send no more; what it left unfinished has been given to data. Sending is still
     * possible. Without this hook the connection is over. */
    void (*end)(struct conn *c, void *arg);
    /* All that was queued has left. May be NULL. */
    void (*sent)(struct conn *c, void *arg);
    /* The connection is over: error of the socket (why), in_max (why), or conn_finish has ended
     * (why NULL). The conn is freed when this returns. Not called after conn_close. */
    void (*closed)(struct conn *c, const char *why, void *arg);
};

struct conn_shared; /* the read buffer of all connections of one thread */
int conn_shared_open(size_t bytes, struct conn_shared **ret, struct err *reterr);
void conn_shared_close(struct conn_shared *s);

struct conn_options {
    size_t in_max, out_max;
    struct tls_link *tls; /* taken, its handshake done; NULL: plain text */
};

/* Takes fd and tls (also when it fails: then they are closed). shared is borrowed. */
int conn_open(struct loop *l, struct conn_shared *shared, int fd, const struct conn_options *o,
              const struct conn_hooks *hooks, void *arg, struct conn **ret, struct err *reterr);
/* Frees at once, without a hook; safe within a hook. NULL is fine. */
void conn_close(struct conn *c);
/* Sends parts in order. False when the socket is broken or out_max would be passed: the connection
 * is of no more use, close it. */
bool conn_send(struct conn *c, const struct slice *parts, unsigned n);
/* Bytes queued that the socket did not take yet. */
size_t conn_queued(const struct conn *c);
/* Bytes that conn_send takes even where the socket takes none. */
size_t conn_room(const struct conn *c);
/* Bytes kept that data has not taken. */
size_t conn_kept(const struct conn *c);
/* Stop and go on reading. conn_resume gives what is kept to data first. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/* No more reading: sends what is queued, says so to the peer, waits a little for its end, then
 * `closed`. */
void conn_finish(struct conn *c);
/* NULL: plain text. Borrowed. */
const struct tls_link *conn_tls(const struct conn *c);
/* Time (loop_now) at which bytes last came or left. */
int64_t conn_active_at(const struct conn *c);

#endif
