/* mllp_tls.h - TLS on one listening port: which certificate is shown, who is let in, and what is
 * said of those who are not.
 *
 *   accepted -> handshake -> the certificate is a peer's -> session
 *                  '---------------'--> refused, logged and counted; no byte of HL7 was read
 *
 * Part of its port (mllp_port.h), which borrows it to its hooks. */
#ifndef WEIR_MLLP_TLS_H
#define WEIR_MLLP_TLS_H

#include "metrics.h"
#include "proc_tls.h"
#include "tls_accept.h"

struct mllp_port;

struct mllp_tls {
    struct tls *tls; /* NULL: plain text */
    struct tls_accept *accept;
    int64_t looked_at, warned_at; /* monotonic; the files, and how long they last */
    int64_t quiet_until; /* refusals are logged once a second, with a count of the others */
    uint64_t unsaid;
    int64_t foreign_quiet_until; /* the same for messages under a name that is not the peer's */
    uint64_t foreign_unsaid;
};

/* Opens the files that the port's source names; nothing is opened for plain text. ERR_CONF. */
int mllp_tls_open(struct mllp_port *p, struct err *reterr);
/* The handshakes under way end. */
void mllp_tls_close(struct mllp_port *p);
/* The port has another configuration, whose TLS is `fresh` (taken; NULL: plain text). Connections
 * whose peer is still let in go on; the others are drained. */
void mllp_tls_take(struct mllp_port *p, struct tls *fresh);
/* A connection was accepted. Takes fd. */
void mllp_tls_accept(struct mllp_port *p, int fd, const struct address *peer);
/* Looks now and then whether the files changed, or end soon. */
void mllp_tls_tick(struct mllp_port *p, int64_t now);
/* Sets the figures of when its certificates end. */
void mllp_tls_collect(struct mllp_port *p);
/* Logs a message under a name that the certificate of its connection does not stand for. */
void mllp_tls_log_foreign(struct mllp_port *p, const struct site_tls_peer *who,
                          const struct tls_link *link);

#endif
