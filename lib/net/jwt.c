#include "jwt.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "b64url.h"
#include "json.h"

enum { TOKEN_MAX = 8192, SIGNATURE_MAX = 1024, DER_MAX = 160, ARENA = 256 * 1024 };

static const struct algorithm {
    const char *name;
    enum jwt_kind kind;
    const EVP_MD *(*digest)(void);
    bool pss;
    size_t half; /* of a signature r‖s (RFC 7518 §3.4) */
} algorithms[] = {
    {"RS256", JWT_RSA, EVP_sha256, false, 0},   {"RS384", JWT_RSA, EVP_sha384, false, 0},
    {"RS512", JWT_RSA, EVP_sha512, false, 0},   {"PS256", JWT_RSA, EVP_sha256, true, 0},
    {"PS384", JWT_RSA, EVP_sha384, true, 0},    {"PS512", JWT_RSA, EVP_sha512, true, 0},
    {"ES256", JWT_P256, EVP_sha256, false, 32}, {"ES384", JWT_P384, EVP_sha384, false, 48},
    {"ES512", JWT_P521, EVP_sha512, false, 66},
};

static const struct algorithm *find(struct slice name)
{
    for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
        if (slice_eq_str(name, algorithms[i].name))
            return &algorithms[i];
    return NULL;
}

bool jwt_algorithm_known(struct slice name)
{
    return find(name) != NULL;
}

struct token {
    struct slice signed_part; /* header.claims */
    const struct json *header, *claims;
    unsigned char signature[SIGNATURE_MAX];
    size_t nsignature;
};

static int bad(struct err *reterr, const char *text)
{
    return err_set(reterr, ERR_REFUSED, "%s", text);
}

static int read_json(struct slice part, struct arena *arena, const struct json **ret,
                     struct err *reterr)
{
    struct json_limits limits = {.bytes = TOKEN_MAX, .depth = 16, .values = 1000};
    unsigned char *bytes = arena_alloc(arena, part.n + 1);
    struct json *root;
    size_t n;
    if (!bytes || !b64url_read(part, bytes, part.n, &n) ||
        json_read(slice_make((const char *)bytes, n), &limits, arena, &root, reterr) < 0 ||
        root->kind != JSON_OBJECT)
        return bad(reterr, "the token is no JWT");
    *ret = root;
    return 0;
}

static int read_token(struct slice text, struct arena *arena, struct token *t, struct err *reterr)
{
    struct slice rest = text, header, claims;
    if (text.n > TOKEN_MAX)
        return bad(reterr, "the token is too long");
    header = slice_split(&rest, '.');
    claims = slice_split(&rest, '.');
    if (!slice_present(claims) || !slice_present(rest) || slice_find(rest, '.') < rest.n)
        return bad(reterr, "the token is no JWT of three parts");
    t->signed_part = slice_sub(text, 0, header.n + 1 + claims.n);
    if (!b64url_read(rest, t->signature, sizeof(t->signature), &t->nsignature))
        return bad(reterr, "the token is no JWT");
    return read_json(header, arena, &t->header, reterr) < 0 ||
                   read_json(claims, arena, &t->claims, reterr) < 0
               ? -1
               : 0;
}

/* r‖s as the DER that OpenSSL wants; 0: no room. */
static size_t to_der(const struct token *t, size_t half, unsigned char der[DER_MAX])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(t->signature, (int)half, NULL);
    BIGNUM *s = BN_bin2bn(t->signature + half, (int)half, NULL);
    int n = 0;
    unsigned char *to = der;
    if (!sig || !r || !s || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
    } else {
        n = i2d_ECDSA_SIG(sig, NULL);
        n = n > 0 && n <= DER_MAX ? i2d_ECDSA_SIG(sig, &to) : 0;
    }
    ECDSA_SIG_free(sig);
    return n > 0 ? (size_t)n : 0;
}

static bool verify(const struct token *t, const struct algorithm *a, const struct jwt_key *k)
{
    unsigned char der[DER_MAX];
    const unsigned char *sig = t->signature;
    size_t n = t->nsignature;
    EVP_PKEY_CTX *pkey = NULL;
    if (a->half) {
        n = n == 2 * a->half ? to_der(t, a->half, der) : 0;
        sig = der;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = n && ctx && EVP_DigestVerifyInit(ctx, &pkey, a->digest(), NULL, k->key) > 0;
    if (good && a->pss)
        good = EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) > 0;
    good = good && EVP_DigestVerify(ctx, sig, n, (const unsigned char *)t->signed_part.p,
                                    t->signed_part.n) == 1;
    EVP_MD_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

static bool allowed(const struct jwt_rules *rules, struct slice alg)
{
    for (unsigned i = 0; i < rules->nalgorithms; i++)
        if (slice_eq(rules->algorithms[i], alg))
            return true;
    return false;
}

static int check_signature(const struct token *t, const struct jwt_keys *keys,
                           const struct jwt_rules *rules, struct err *reterr)
{
    struct slice alg = json_text(t->header, "alg"), kid = json_text(t->header, "kid");
    const struct algorithm *a = find(alg);
    bool of_use = false;
    if (!a || !allowed(rules, alg))
        return bad(reterr, "the token is signed by an algorithm that is not allowed");
    if (json_get(t->header, "crit"))
        return bad(reterr, "the token asks for extensions that are not known");
    for (unsigned i = 0; i < jwt_keys_count(keys); i++) {
        const struct jwt_key *k = jwt_keys_at(keys, i);
        if (k->kind != a->kind || (slice_present(k->alg) && !slice_eq(k->alg, alg)) ||
            (slice_present(kid) && slice_present(k->kid) && !slice_eq(kid, k->kid)))
            continue;
        of_use = true;
        if (verify(t, a, k))
            return 0;
    }
    return bad(reterr, of_use ? "the signature of the token is wrong"
                              : "the token is signed by a key that is not in the key set");
}

/* A NumericDate, seconds; what stands behind the point is left out. False: there is none. */
static bool seconds(const struct json *claims, const char *name, int64_t *ret)
{
    const struct json *j = json_get(claims, name);
    if (!j || j->kind != JSON_NUMBER)
        return false;
    struct slice whole = slice_sub(j->text, 0, slice_find(j->text, '.'));
    int64_t v = 0;
    if (!whole.n || whole.n > 15)
        return false;
    for (size_t i = 0; i < whole.n; i++) {
        if (whole.p[i] < '0' || whole.p[i] > '9')
            return false;
        v = v * 10 + (whole.p[i] - '0');
    }
    *ret = v;
    return true;
}

static bool is_or_holds(const struct json *j, struct slice wanted)
{
    if (j && j->kind == JSON_STRING)
        return slice_eq(j->text, wanted);
    for (const struct json *c = j && j->kind == JSON_ARRAY ? j->child : NULL; c; c = c->next)
        if (c->kind == JSON_STRING && slice_eq(c->text, wanted))
            return true;
    return false;
}

static int check_claims(const struct json *claims, const struct jwt_rules *rules, int64_t now,
                        int64_t *ret_until, struct err *reterr)
{
    int64_t exp, nbf;
    if (!seconds(claims, "exp", &exp))
        return bad(reterr, "the token does not say when it ends (exp)");
    if (now >= exp + rules->leeway)
        return bad(reterr, "the token has expired");
    if (json_get(claims, "nbf") && (!seconds(claims, "nbf", &nbf) || now + rules->leeway < nbf))
        return bad(reterr, "the token does not hold yet (nbf)");
    if (!slice_eq(json_text(claims, "iss"), rules->issuer))
        return bad(reterr, "the token is of another issuer");
    if (!is_or_holds(json_get(claims, "aud"), rules->audience))
        return bad(reterr, "the token is for another audience");
    *ret_until = exp + rules->leeway;
    return 0;
}

/* `scope`, words (RFC 8693 §4.2), or `scp`, a list of them. */
static bool has_scope(const struct json *claims, struct slice wanted)
{
    struct slice rest = json_text(claims, "scope");
    while (slice_present(rest))
        if (slice_eq(slice_split(&rest, ' '), wanted))
            return true;
    const struct json *list = json_get(claims, "scp");
    rest = list && list->kind == JSON_STRING ? list->text : SLICE_ABSENT;
    while (slice_present(rest))
        if (slice_eq(slice_split(&rest, ' '), wanted))
            return true;
    return list && list->kind == JSON_ARRAY && is_or_holds(list, wanted);
}

enum jwt_verdict jwt_check(const struct jwt_keys *keys, const struct jwt_rules *rules,
                           struct slice token, int64_t now, int64_t *ret_until, struct err *reterr)
{
    struct arena arena;
    struct token t;
    enum jwt_verdict verdict = JWT_BAD;
    arena_init(&arena, ARENA);
    if (read_token(token, &arena, &t, reterr) == 0 &&
        check_signature(&t, keys, rules, reterr) == 0 &&
        check_claims(t.claims, rules, now, ret_until, reterr) == 0)
        verdict = JWT_GOOD;
    for (unsigned i = 0; i < rules->nscopes && verdict == JWT_GOOD; i++)
        if (!has_scope(t.claims, rules->scopes[i])) {
            bad(reterr, "the scope of the token is not enough");
            verdict = JWT_NOT_ENOUGH;
        }
    arena_fini(&arena);
    return verdict;
}
