/* tls_link.h - TLS over one connected, non-blocking socket. The link owns its TLS state; the socket
 * is the caller's and must outlive it.
 *
 *   handshake (tls_link_step until TLS_DONE) -> read, write -> shut
 *
 * A client checks that the server's certificate names the host it wants. */
#ifndef WEIR_TLS_LINK_H
#define WEIR_TLS_LINK_H

#include <stddef.h>
#include <sys/types.h>
#include "tls.h"
#include "tls_name.h"

struct tls_link;

enum tls_step { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_FAILED };

enum tls_fault {
    TLS_NO_FAULT,
    TLS_PLAIN_TEXT,     /* the peer does not speak TLS */
    TLS_NO_CERTIFICATE, /* the client shows none */
    TLS_CERTIFICATE,    /* it is expired, revoked, of another authority, of another host … */
    TLS_REFUSED_BY,     /* the peer says no: an alert */
    TLS_BROKEN,         /* anything else, such as no version or cipher in common, or a lost line */
    TLS_SLOW,           /* not within the time given */
    TLS_TOO_MANY,       /* handshakes under way (tls_accept.h) */
};
/* "plain_text", "no_certificate", …: for a label. */
const char *tls_fault_name(enum tls_fault f);

/* host: client only, a name or an IP address that the server's certificate must bear; NULL: any
 * certificate of ca_file. ERR_NOMEM, ERR_INPUT for a host that is no name. */
int tls_link_open(const struct tls *t, int fd, const char *host, struct tls_link **ret,
                  struct err *reterr);
/* Does not close the socket. NULL is fine. */
void tls_link_close(struct tls_link *l);
/* Goes on with the handshake as far as the socket lets it. */
enum tls_step tls_link_step(struct tls_link *l);
/* After TLS_FAILED, or a read or write that failed: what was wrong, and in words. */
enum tls_fault tls_link_fault(const struct tls_link *l);
const char *tls_link_why(const struct tls_link *l);

/* As recv and send: -1 with errno EAGAIN, or EPROTO and tls_link_why. A read gives all that is
 * there, up to n. What was to be sent and was not taken must come first in the next send, whole. */
ssize_t tls_link_read(struct tls_link *l, char *to, size_t n);
ssize_t tls_link_write(struct tls_link *l, const char *from, size_t n);
/* Bytes came that no event of the socket will tell of: read on. */
bool tls_link_pending(const struct tls_link *l);
/* Tells the peer that no more comes, as far as the socket takes it now. */
void tls_link_shut(struct tls_link *l);

/* Subject of the certificate that the peer showed (also one that was refused), control bytes
 * escaped; "" without one. */
const char *tls_link_subject(const struct tls_link *l);
/* Whether the certificate that the peer showed is one of these. */
bool tls_link_is(const struct tls_link *l, const struct tls_name *name);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384". */
void tls_link_cipher(const struct tls_link *l, char out[64]);

#endif
