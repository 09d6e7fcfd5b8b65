/* tls_handshake.h - a TLS handshake on the loop, with a deadline, for either side.
 *
 *   under way -> done (the link is the caller's) | failed (why)
 *
 * The socket is borrowed until fn runs, and never closed. */
#ifndef WEIR_TLS_HANDSHAKE_H
#define WEIR_TLS_HANDSHAKE_H

#include "loop.h"
#include "tls_link.h"

struct tls_handshake;

/* The handshake is over and freed. fault TLS_NO_FAULT: link is the caller's from now on (for
 * conn_open, or tls_link_close). Else link lives until this returns, for its subject and reason;
 * why is in words. */
typedef void (*tls_handshake_fn)(struct tls_link *link, enum tls_fault fault, const char *why,
                                 void *arg);

/* host: as tls_link_open. fn runs later, never within. */
int tls_handshake_start(struct loop *l, const struct tls *t, int fd, const char *host,
                        int64_t time_ms, tls_handshake_fn fn, void *arg, struct tls_handshake **ret,
                        struct err *reterr);
/* Ends it without fn; call it before the socket is closed. NULL is fine. */
void tls_handshake_cancel(struct tls_handshake *h);

#endif
