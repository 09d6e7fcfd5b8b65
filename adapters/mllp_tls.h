/* mllp_tls.h - TLS on one port for MLLP (port_tls.h): sessions that begin with it, and whose peers
 * it lets in no longer. Part of its port (mllp_port.h). */
#ifndef WEIR_MLLP_TLS_H
#define WEIR_MLLP_TLS_H

#include "port_tls.h"

struct mllp_port;

struct mllp_tls {
    struct port_tls port;
    int64_t foreign_quiet_until; /* messages under a name that is not the peer's are logged once a
                                    second, with a count of the others */
    uint64_t foreign_unsaid;
};

/* ERR_CONF. */
int mllp_tls_open(struct mllp_port *p, struct err *reterr);
/* The port has another configuration, whose TLS is `fresh` (taken; NULL: plain text). Connections
 * whose peer is still let in go on; the others are drained. */
void mllp_tls_take(struct mllp_port *p, struct tls *fresh);
/* Logs a message under a name that the certificate of its connection does not stand for. */
void mllp_tls_log_foreign(struct mllp_port *p, const struct site_tls_peer *who,
                          const struct tls_link *link);

#endif
