/* jwt.h - bearer tokens (JWT, RFC 7519) checked here, without asking anybody: signature, issuer,
 * audience, times, scope (ASVS 9.1, 9.2). What a token says of keys (jku, jwk, x5u) is not looked
 * at, "none" and shared secrets are no algorithms. */
#ifndef WEIR_JWT_H
#define WEIR_JWT_H

#include <stdint.h>
#include "jwt_keys.h"

struct jwt_rules {
    const struct slice *algorithms; /* allowed: RS256, RS384, RS512, PS…, ES… */
    unsigned nalgorithms;
    struct slice issuer, audience; /* `iss` must be it, `aud` must be or hold it */
    const struct slice *scopes;    /* `scope` must hold all of them */
    unsigned nscopes;
    int64_t leeway; /* seconds that clocks may differ by */
};

enum jwt_verdict { JWT_GOOD, JWT_BAD, JWT_NOT_ENOUGH /* its scope */ };

/* Whether it is the name of an algorithm that can be checked. */
bool jwt_algorithm_known(struct slice name);

/* now and *ret_until (the time from which the token is of no use) in seconds since 1970. What is
 * wrong is said in reterr, without a word of the token. */
enum jwt_verdict jwt_check(const struct jwt_keys *keys, const struct jwt_rules *rules,
                           struct slice token, int64_t now, int64_t *ret_until, struct err *reterr);

#endif
