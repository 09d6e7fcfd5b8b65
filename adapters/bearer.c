#include "bearer.h"

#include "clock.h"
#include "log.h"

enum { LOOK_MS = 2000 };

static const struct site_bearer *conf_of(const struct bearer *b)
{
    return &b->conf(b->source)->bearer;
}

int bearer_open(struct bearer *b, const struct source *source, bearer_conf_fn *conf,
                struct err *reterr)
{
    *b = (struct bearer){.source = source, .conf = conf};
    if (!conf_of(b)->node)
        return 0;
    if (digest_open(SLICE_ABSENT, &b->digest, reterr) < 0)
        return -1;
    return jwt_keys_open(conf_of(b)->jwks_file.p, &b->keys, reterr);
}

void bearer_close(struct bearer *b)
{
    jwt_keys_close(b->keys);
    digest_close(b->digest);
    b->keys = NULL;
    b->digest = NULL;
}

/* RFC 6750 §2.1. */
static struct slice token_of(struct slice authorization)
{
    struct slice rest = slice_trim(authorization);
    struct slice scheme = slice_split(&rest, ' ');
    return slice_ieq(scheme, SLICE("Bearer")) && slice_present(rest) ? slice_trim(rest)
                                                                     : SLICE_ABSENT;
}

enum jwt_verdict bearer_check(struct bearer *b, struct slice authorization, struct err *reterr)
{
    unsigned char sum[DIGEST_SIZE];
    struct slice token = token_of(authorization);
    int64_t now = clock_wall_ms() / 1000, until = 0;
    if (!b->keys)
        return JWT_GOOD;
    if (!token.n) {
        err_set(reterr, ERR_REFUSED, "a bearer token is asked for (Authorization: Bearer …)");
        return JWT_BAD;
    }
    const struct site_bearer *c = conf_of(b);
    struct jwt_rules rules = {.algorithms = c->algorithms.at,
                              .nalgorithms = c->algorithms.n,
                              .issuer = c->issuer,
                              .audience = c->audience,
                              .scopes = c->scopes.at,
                              .nscopes = c->scopes.n,
                              .leeway = c->leeway / 1000};
    digest_of(b->digest, token, sum);
    unsigned slot = sum[0] % BEARER_KNOWN;
    if (b->known[slot].until > now && memcmp(b->known[slot].sum, sum, sizeof(sum)) == 0)
        return JWT_GOOD;
    enum jwt_verdict v = jwt_check(b->keys, &rules, token, now, &until, reterr);
    if (v == JWT_GOOD) {
        memcpy(b->known[slot].sum, sum, sizeof(sum));
        b->known[slot].until = until;
    }
    return v;
}

void bearer_tick(struct bearer *b, int64_t now)
{
    struct err err = {0};
    if (!b->keys || now - b->looked_at < LOOK_MS)
        return;
    b->looked_at = now;
    int renewed = jwt_keys_renew(b->keys, &err);
    if (renewed == 0)
        return;
    if (renewed < 0) {
        log_line(LOG_ERROR, "bearer.not_renewed",
                 "source=%.*s why=\"%s\" the keys read before still count",
                 SLICE_ARG(b->source->conf->name), err.text);
        return;
    }
    memset(b->known, 0, sizeof(b->known));
    log_line(LOG_INFO, "bearer.renewed", "source=%.*s keys=%u", SLICE_ARG(b->source->conf->name),
             jwt_keys_count(b->keys));
}
