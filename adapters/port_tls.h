/* port_tls.h - TLS on one listening port of a source: which certificate is shown, who is let in,
 * and what is said of those who are not.
 *
 *   accepted -> handshake -> the certificate is a peer's -> ready
 *                  '---------------'--> refused, logged, counted and audited; no byte of content
 * was read
 *
 * Owns its tls and the handshakes under way; borrows the source. */
#ifndef WEIR_PORT_TLS_H
#define WEIR_PORT_TLS_H

#include "proc_tls.h"
#include "refused_peers.h"
#include "source.h"
#include "tls_accept.h"

struct port_tls_hooks {
    const struct site_tls *(*conf)(const struct source *source); /* the section of this port */
    /* Takes fd and link; who NULL: anybody may connect. */
    void (*ready)(int fd, struct tls_link *link, const struct address *peer,
                  const struct site_tls_peer *who, void *arg);
    /* The descriptor is closed: give its place back. */
    void (*released)(const struct address *peer, void *arg);
};

struct port_tls {
    struct loop *loop;
    struct source *source;
    const struct port_tls_hooks *hooks; /* must live as long */
    void *arg;
    struct tls *tls; /* NULL: plain text */
    struct tls_accept *accept;
    int64_t looked_at, warned_at; /* monotonic; the files, and how long they last */
    int64_t quiet_until; /* refusals are logged once a second, with a count of the others */
    uint64_t unsaid;
    struct refused_peers refused; /* the audit of them */
};

/* Opens the files that the section names; nothing is opened for plain text. ERR_CONF. */
int port_tls_open(struct port_tls *t, struct loop *loop, struct source *source,
                  const struct port_tls_hooks *hooks, void *arg, struct err *reterr);
/* The handshakes under way end. One that is all zero is fine. */
void port_tls_close(struct port_tls *t);
/* No more handshakes: those under way end. */
void port_tls_stop(struct port_tls *t);
/* The source has another configuration, whose TLS is `fresh` (taken; NULL: plain text). */
void port_tls_take(struct port_tls *t, struct tls *fresh);
/* A connection was accepted. Takes fd. */
void port_tls_accept(struct port_tls *t, int fd, const struct address *peer);
/* Whether a connection may go on under the configuration that there is now; *ret_who: as whom. */
bool port_tls_welcome(const struct port_tls *t, const struct tls_link *link,
                      const struct site_tls_peer **ret_who);
/* Logs and counts a connection that the configuration lets in no longer. */
void port_tls_log_ended(struct port_tls *t, const struct tls_link *link,
                        const struct address *peer);
/* Looks now and then whether the files changed, or end soon. */
void port_tls_tick(struct port_tls *t, int64_t now);
/* Sets the figures of when its certificates end. */
void port_tls_collect(const struct port_tls *t);

#endif
