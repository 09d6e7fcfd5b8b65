/* tls_accept.h - the handshakes of one listening port: a bounded number under way, each with a
 * deadline, none in the way of another.
 *
 * Takes a descriptor that was accepted and gives it on with its link once the peer is known, or
 * closes it and says why. At the limit the oldest gives up its place, once it has had a second:
 * whoever is slow on purpose holds up nobody. Owns what is under way; borrows the tls. */
#ifndef WEIR_TLS_ACCEPT_H
#define WEIR_TLS_ACCEPT_H

#include "address.h"
#include "loop.h"
#include "tls_link.h"

struct tls_accept;

struct tls_accept_hooks {
    /* Takes fd and link. */
    void (*ready)(int fd, struct tls_link *link, const struct address *peer, void *arg);
    /* The descriptor is closed. subject: of the certificate that was shown, or "". */
    void (*refused)(enum tls_fault fault, const char *subject, const char *why,
                    const struct address *peer, void *arg);
};

struct tls_accept_rules {
    const struct tls *tls; /* for handshakes that begin from now on */
    int64_t time_ms;
    unsigned max;
};

int tls_accept_open(struct loop *l, const struct tls_accept_rules *rules,
                    const struct tls_accept_hooks *hooks, void *arg, struct tls_accept **ret,
                    struct err *reterr);
/* Closes what is under way, without a word. NULL is fine. */
void tls_accept_close(struct tls_accept *a);
void tls_accept_set(struct tls_accept *a, const struct tls_accept_rules *rules);
/* Takes fd; a hook is called for it, maybe from within. */
void tls_accept_start(struct tls_accept *a, int fd, const struct address *peer);
unsigned tls_accept_under_way(const struct tls_accept *a);

#endif
