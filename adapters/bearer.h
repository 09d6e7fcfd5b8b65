/* bearer.h - the bearer tokens of one port: checked against its key set, which is read again when
 * its file changes. Tokens that were good are remembered for as long as they are. Owns the keys;
 * borrows the source. */
#ifndef WEIR_BEARER_H
#define WEIR_BEARER_H

#include "digest.h"
#include "jwt.h"
#include "source.h"

enum { BEARER_KNOWN = 64 };

/* The section of the port. */
typedef const struct site_door *bearer_conf_fn(const struct source *source);

struct bearer {
    const struct source *source;
    bearer_conf_fn *conf;
    struct jwt_keys *keys; /* NULL: no token is asked for */
    struct digest *digest;
    struct {
        unsigned char sum[DIGEST_SIZE];
        int64_t until; /* seconds; 0: nothing here */
    } known[BEARER_KNOWN];
    int64_t looked_at; /* monotonic, ms */
};

/* Reads the key set that the section's `bearer` names, if any. ERR_CONF. */
int bearer_open(struct bearer *b, const struct source *source, bearer_conf_fn *conf,
                struct err *reterr);
/* One that is all zero is fine. */
void bearer_close(struct bearer *b);
/* authorization: the header as sent. With a good token, or where none is asked for: JWT_GOOD. */
enum jwt_verdict bearer_check(struct bearer *b, struct slice authorization, struct err *reterr);
/* Looks now and then whether the file changed. now: monotonic, ms. */
void bearer_tick(struct bearer *b, int64_t now);

#endif
