/* jwt_keys.h - a key set (JWKS, RFC 7517) in a file: the public keys of who signs bearer tokens.
 *
 * Keys that are of another use or kind are passed over. Whoever opens a set owns it; the keys in it
 * live until the next renewal. One thread. */
#ifndef WEIR_JWT_KEYS_H
#define WEIR_JWT_KEYS_H

#include <openssl/types.h>
#include "err.h"
#include "slice.h"

struct jwt_keys;

enum jwt_kind { JWT_RSA, JWT_P256, JWT_P384, JWT_P521 };

struct jwt_key {
    EVP_PKEY *key;
    enum jwt_kind kind;
    struct slice kid, alg; /* absent: the set does not say */
};

/* Reads the file. ERR_CONF: unreadable, no key set, or no key of use in it; an RSA key below 2048
 * bits is refused. */
int jwt_keys_open(const char *file, struct jwt_keys **ret, struct err *reterr);
/* NULL is fine. */
void jwt_keys_close(struct jwt_keys *k);
/* Reads it again where it changed. 1: new keys are in use, 0: nothing has changed, -1: it changed
 * and is of no use (told once, until it changes again): the old keys stay. */
int jwt_keys_renew(struct jwt_keys *k, struct err *reterr);
unsigned jwt_keys_count(const struct jwt_keys *k);
const struct jwt_key *jwt_keys_at(const struct jwt_keys *k, unsigned i);

#endif
