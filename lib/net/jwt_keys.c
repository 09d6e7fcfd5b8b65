#include "jwt_keys.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "b64url.h"
#include "json.h"

enum { FILE_MAX = 256 * 1024, KEYS_MAX = 64, NUMBER_MAX = 1024, RSA_BITS = 2048 };

struct stamp {
    struct timespec changed;
    off_t size;
    ino_t inode;
};

/* What one reading of the file gave. */
struct set {
    struct arena arena;
    struct jwt_key keys[KEYS_MAX];
    unsigned n;
};

struct jwt_keys {
    char *file;
    struct stamp stamp; /* of the file when it was last looked at */
    struct set *set;
};

static void set_free(struct set *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < s->n; i++)
        EVP_PKEY_free(s->keys[i].key);
    arena_fini(&s->arena);
    free(s);
}

/* A number of a key, or NULL. */
static BIGNUM *number(const struct json *jwk, const char *name)
{
    unsigned char bytes[NUMBER_MAX];
    size_t n;
    if (!b64url_read(json_text(jwk, name), bytes, sizeof(bytes), &n) || n == 0)
        return NULL;
    return BN_bin2bn(bytes, (int)n, NULL);
}

static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) <= 0 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) <= 0)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const struct json *jwk)
{
    BIGNUM *n = number(jwk, "n"), *e = number(jwk, "e");
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (n && e && bld && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
        key = build("RSA", bld);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    return key;
}

static const struct curve {
    const char *crv;
    enum jwt_kind kind;
    size_t bytes; /* of a coordinate */
} curves[] = {{"P-256", JWT_P256, 32}, {"P-384", JWT_P384, 48}, {"P-521", JWT_P521, 66}};

static EVP_PKEY *ec_key(const struct json *jwk, const struct curve *c)
{
    unsigned char point[1 + 2 * 66] = {4}; /* uncompressed (SEC 1 §2.3.3) */
    size_t x = 0, y = 0;
    EVP_PKEY *key = NULL;
    if (!b64url_read(json_text(jwk, "x"), point + 1, c->bytes, &x) || x != c->bytes ||
        !b64url_read(json_text(jwk, "y"), point + 1 + x, c->bytes, &y) || y != c->bytes)
        return NULL;
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (bld && OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, c->crv, 0) &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * c->bytes))
        key = build("EC", bld);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

/* -1: refused; else 0, with key NULL where it is not ours to use. */
static int read_key(const struct json *jwk, struct jwt_key *ret, struct err *reterr)
{
    struct slice kty = json_text(jwk, "kty"), use = json_text(jwk, "use");
    *ret = (struct jwt_key){.kid = json_text(jwk, "kid"), .alg = json_text(jwk, "alg")};
    if (slice_present(use) && !slice_eq_str(use, "sig"))
        return 0;
    if (slice_eq_str(kty, "RSA")) {
        ret->kind = JWT_RSA;
        ret->key = rsa_key(jwk);
        if (ret->key && EVP_PKEY_get_bits(ret->key) < RSA_BITS) {
            EVP_PKEY_free(ret->key);
            return err_set(reterr, ERR_CONF, "an RSA key of less than %d bits", RSA_BITS);
        }
        return ret->key ? 0 : err_set(reterr, ERR_CONF, "an RSA key that cannot be read");
    }
    for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
        if (!slice_eq_str(kty, "EC") || !slice_eq_str(json_text(jwk, "crv"), curves[i].crv))
            continue;
        ret->kind = curves[i].kind;
        ret->key = ec_key(jwk, &curves[i]);
        return ret->key ? 0 : err_set(reterr, ERR_CONF, "an EC key that cannot be read");
    }
    return 0;
}

static int read_set(struct slice text, struct set *s, struct err *reterr)
{
    struct json_limits limits = {.bytes = FILE_MAX, .depth = 8, .values = 10000};
    struct json *root;
    if (json_read(text, &limits, &s->arena, &root, reterr) < 0)
        return -1;
    const struct json *list = json_get(root, "keys");
    if (!list || list->kind != JSON_ARRAY)
        return err_set(reterr, ERR_CONF, "no key set: it has no array \"keys\" (RFC 7517 §5)");
    for (const struct json *c = list->child; c; c = c->next) {
        if (s->n == KEYS_MAX)
            return err_set(reterr, ERR_CONF, "more than %d keys", KEYS_MAX);
        if (read_key(c, &s->keys[s->n], reterr) < 0)
            return -1;
        s->n += s->keys[s->n].key != NULL;
    }
    return s->n ? 0 : err_set(reterr, ERR_CONF, "no key for signatures in it (RSA or EC)");
}

static bool look(const char *file, struct stamp *ret)
{
    struct stat st;
    if (stat(file, &st) < 0)
        return false;
    *ret = (struct stamp){.changed = st.st_mtim, .size = st.st_size, .inode = st.st_ino};
    return true;
}

static ssize_t read_file(const char *file, char *to, size_t size)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && n < size) {
        got = read(fd, to + n, size - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0)
        close(fd);
    return got < 0 ? -1 : (ssize_t)n;
}

static int set_open(const char *file, struct set **ret, struct err *reterr)
{
    struct set *s = calloc(1, sizeof(*s));
    char *text = malloc(FILE_MAX);
    ssize_t n = text ? read_file(file, text, FILE_MAX) : -1;
    int rc = -1;
    if (!s || !text)
        err_set(reterr, ERR_NOMEM, "no memory for a key set");
    else if (n < 0)
        err_set(reterr, ERR_CONF, "cannot be read");
    else {
        arena_init(&s->arena, 4 * FILE_MAX);
        rc = read_set(slice_make(text, (size_t)n), s, reterr);
    }
    free(text);
    if (rc < 0) {
        set_free(s);
        reterr->code = reterr->code == ERR_NOMEM ? ERR_NOMEM : ERR_CONF;
        return err_at(reterr, "%s", file);
    }
    *ret = s;
    return 0;
}

int jwt_keys_open(const char *file, struct jwt_keys **ret, struct err *reterr)
{
    struct jwt_keys *k = calloc(1, sizeof(*k));
    if (k)
        k->file = strdup(file);
    if (!k || !k->file) {
        jwt_keys_close(k);
        return err_set(reterr, ERR_NOMEM, "no memory for a key set");
    }
    look(file, &k->stamp);
    if (set_open(file, &k->set, reterr) < 0) {
        jwt_keys_close(k);
        return -1;
    }
    *ret = k;
    return 0;
}

void jwt_keys_close(struct jwt_keys *k)
{
    if (!k)
        return;
    set_free(k->set);
    free(k->file);
    free(k);
}

int jwt_keys_renew(struct jwt_keys *k, struct err *reterr)
{
    struct stamp now = {0};
    struct set *fresh;
    look(k->file, &now);
    if (memcmp(&now, &k->stamp, sizeof(now)) == 0)
        return 0;
    k->stamp = now;
    if (set_open(k->file, &fresh, reterr) < 0)
        return -1;
    set_free(k->set);
    k->set = fresh;
    return 1;
}

unsigned jwt_keys_count(const struct jwt_keys *k)
{
    return k->set->n;
}

const struct jwt_key *jwt_keys_at(const struct jwt_keys *k, unsigned i)
{
    return &k->set->keys[i];
}
