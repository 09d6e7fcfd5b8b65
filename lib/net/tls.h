/* tls.h - what one end of TLS connections shows and trusts: certificate, key, authorities, rules.
 * OpenSSL is named only in tls*.c and jwt*.c.
 *
 * Who opens a tls owns it; connections made with it (tls_link.h) hold on to what they were made
 * with, so that files that changed count for connections made from then on and disturb no other.
 * TLS 1.2 and later, ECDHE with AEAD ciphers, no renegotiation, no compression, no resumption: each
 * connection shows its certificate (BCP 195). One thread. */
#ifndef WEIR_TLS_H
#define WEIR_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"
#include "slice.h"

struct tls;

struct tls_options { /* strings are borrowed for as long as the tls lives */
    bool server;
    const char *cert_file, *key_file; /* PEM, the chain behind the certificate; a client may have
                                         none */
    const char *ca_file;              /* PEM: who signs the peer's; NULL: client the system's */
    const char *crl_file;             /* PEM: what these have revoked; NULL: none is looked at */
    struct slice key_password;        /* absent: none */
    bool ask;                         /* server: the client must show a certificate of ca_file */
    bool only_1_3;
};

/* Reads the files. ERR_CONF: one is missing, unreadable, no PEM, key and certificate do not belong
 * together, or others may read the key. What is out of date is taken: see tls_dates. */
int tls_open(const struct tls_options *o, struct tls **ret, struct err *reterr);
bool tls_serves(const struct tls *t);
/* NULL is fine. */
void tls_close(struct tls *t);

/* Takes files that have changed since they were last read. 1: new ones are in use, 0: nothing has
 * changed, -1: they changed and are of no use (told once, until they change again): the old ones
 * stay. */
int tls_renew(struct tls *t, struct err *reterr);

enum { TLS_NAME_TEXT = 256 };

struct tls_dates {       /* wall clock, ms */
    int64_t from, until; /* of the certificate and its chain: last begin, first end; 0: has none */
    int64_t ca_until;    /* of the authority that lasts longest; 0: the system's */
    int64_t crl_until;   /* the first of the lists to need a newer one; 0: none, or it does not say
                          */
};
void tls_dates(const struct tls *t, struct tls_dates *ret);
/* Subject of the certificate, as in "CN=weir,O=RZZ"; "" without one. */
const char *tls_subject(const struct tls *t);

#endif
