/* net_bed.h - a loop with a deadline, and a server that answers each request with prepared bytes.
 */
#ifndef WEIR_NET_BED_H
#define WEIR_NET_BED_H

#include "address.h"
#include "buf.h"
#include "conn.h"
#include "listen.h"
#include "loop.h"

enum { BED_CONNS = 64, BED_DEADLINE_MS = 20000 };

/* Turns the loop until *flag, or fails the test after BED_DEADLINE_MS. */
void bed_wait(struct loop *l, const bool *flag);

struct bed_server {
    struct loop *loop;
    struct listener *listener;
    struct conn_shared *shared;
    struct conn *conns[BED_CONNS];
    unsigned nconns, refused, requests;
    enum listen_refusal why;
    struct slice answer; /* sent for each read; absent: say nothing */
    bool hang_up;        /* and close */
    struct buf got;
};
void bed_server_open(struct bed_server *s, struct loop *l, const struct listen_options *o,
                     struct slice answer);
void bed_server_close(struct bed_server *s);
/* Those of its listener, for another one; arg is the server. */
extern const struct listen_hooks bed_listen_hooks;
/* A connected, non-blocking socket of our own. */
int bed_connect(const struct address *at);
/* All that comes on fd until it closes or stop was read, turning the loop meanwhile. */
void bed_read(struct loop *l, int fd, const char *stop, struct buf *ret);
void bed_write(int fd, struct slice bytes);

#endif
