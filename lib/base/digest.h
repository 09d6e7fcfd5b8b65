/* digest.h - SHA-256 and HMAC-SHA-256 (libcrypto, only here), and the texts made from them.
 *
 * A digest context is made once and used for many messages; no call but digest_open allocates. One
 * thread at a time. */
#ifndef WEIR_DIGEST_H
#define WEIR_DIGEST_H

#include <stddef.h>
#include "err.h"
#include "slice.h"

enum { DIGEST_SIZE = 32, DIGEST_HEX = 65, DIGEST_B64 = 44 };

struct digest; /* a hash, or a keyed hash when opened with a key */

/* Opens SHA-256 (key absent) or HMAC-SHA-256 (key: 1 byte or more, copied). Returns -1 with
 * ERR_NOMEM. */
int digest_open(struct slice key, struct digest **ret, struct err *reterr);
/* NULL is fine; the key is wiped. */
void digest_close(struct digest *d);
/* Starts a message anew, adds to it, ends it. */
void digest_begin(struct digest *d);
void digest_add(struct digest *d, struct slice bytes);
void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE]);
/* begin + add + end. */
void digest_of(struct digest *d, struct slice bytes, unsigned char out[DIGEST_SIZE]);
/* Lower-case hex of n bytes; out has 2n + 1. Returns a view of it. */
struct slice digest_hex(const unsigned char *bytes, size_t n, char *out);
/* base64url without padding (RFC 4648 §5) of n bytes; out has (n*4+2)/3 + 1. Returns a view of it.
 */
struct slice digest_b64url(const unsigned char *bytes, size_t n, char *out);

#endif
