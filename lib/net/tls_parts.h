/* tls_parts.h - what the files of TLS share (internal to lib/net). */
#ifndef WEIR_TLS_PARTS_H
#define WEIR_TLS_PARTS_H

#include <openssl/ssl.h>
#include "tls.h"
#include "tls_name.h"

/* With the files last taken. Borrowed. */
SSL_CTX *tls_context(const struct tls *t);
/* The newest error of OpenSSL in words, without its numbers and places; empties its queue. */
const char *tls_why(char *out, size_t n);
/* "CN=a,O=b" (RFC 4514 order turned round: as written), control bytes escaped; cut to fit. */
void tls_name_text(const X509_NAME *name, char *out, size_t n);
bool tls_name_of(const struct tls_name *name, const X509 *cert);
/* Wall clock, ms; 0 where it cannot be told. */
int64_t tls_time(const ASN1_TIME *t);

#endif
