/* listen.h - a listening TCP socket with its rules: who may connect, how many in all and per peer.
 *
 * The listener owns its socket; an accepted descriptor (non-blocking, keep-alive, no delay) goes to
 * the hook, which must give the place back with listener_release when the connection is over. When
 * descriptors run out a reserve one is spent to turn callers away, so that accept never spins and
 * live connections go on. */
#ifndef WEIR_LISTEN_H
#define WEIR_LISTEN_H

#include <stdbool.h>
#include "address.h"
#include "err.h"
#include "loop.h"

struct listener;

enum { LISTEN_ALLOW_MAX = 256 };

enum listen_refusal { LISTEN_NOT_ALLOWED, LISTEN_TOO_MANY, LISTEN_PEER_TOO_MANY, LISTEN_NO_FD };
const char *listen_refusal_name(enum listen_refusal r);

struct listen_options {
    struct address at;               /* port 0: any free one */
    const struct address_net *allow; /* copied; none: loopback only */
    unsigned nallow;                 /* at most LISTEN_ALLOW_MAX, else ERR_LIMIT */
    unsigned max, per_peer;          /* connections; 0 = no limit but the system's */
    bool shared; /* other processes of this user listen there too: SO_REUSEPORT */
};

struct listen_hooks {
    void (*accepted)(int fd, const struct address *peer, void *arg); /* takes fd */
    void (*refused)(enum listen_refusal why, const struct address *peer, void *arg);
};

/* ERR_IO names the address and the cause. */
int listener_open(struct loop *l, const struct listen_options *o, const struct listen_hooks *hooks,
                  void *arg, struct listener **ret, struct err *reterr);
/* Connections that were accepted live on. NULL is fine. */
void listener_close(struct listener *s);
/* The address with the port that was bound. */
const struct address *listener_address(const struct listener *s);
/* Who may connect from now on, and how many; the address stays. More than LISTEN_ALLOW_MAX: nothing
 * changes, -1. */
int listener_rules(struct listener *s, const struct listen_options *o);
/* `to` counts the connections that `from` counted and takes its place; from is closed. */
void listener_replace(struct listener *to, struct listener *from);
void listener_release(struct listener *s, const struct address *peer);
unsigned listener_connections(const struct listener *s);

#endif
