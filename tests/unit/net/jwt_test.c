#include "jwt.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include "buf.h"
#include "digest.h"
#include "kit.h"
#include "net_suites.h"

enum { NOW = 1800000000 };

static EVP_PKEY *rsa, *small, *p256, *p384, *p521;
static struct kit_dir dir;
static char file[300];

static void put_b64(struct buf *out, const unsigned char *p, size_t n)
{
    char text[2048];
    ck_assert_uint_lt(n, 1400);
    buf_put(out, digest_b64url(p, n, text));
}

static void put_number(struct buf *out, const char *name, const EVP_PKEY *key, const char *param,
                       int width)
{
    unsigned char bytes[600];
    BIGNUM *n = NULL;
    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, param, &n), 1);
    int size = width ? width : BN_num_bytes(n);
    ck_assert_int_eq(BN_bn2binpad(n, bytes, size), size);
    buf_printf(out, ",\"%s\":\"", name);
    put_b64(out, bytes, (size_t)size);
    buf_putc(out, '"');
    BN_free(n);
}

static void put_rsa(struct buf *out, const EVP_PKEY *key, const char *more)
{
    buf_printf(out, "{\"kty\":\"RSA\"%s", more);
    put_number(out, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
    put_number(out, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
    buf_putc(out, '}');
}

static void put_ec(struct buf *out, const EVP_PKEY *key, const char *crv, int width)
{
    buf_printf(out, "{\"kty\":\"EC\",\"crv\":\"%s\"", crv);
    put_number(out, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, width);
    put_number(out, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, width);
    buf_putc(out, '}');
}

static void write_keys(struct slice text)
{
    kit_dir_write(&dir, "jwks.json", text);
}

static void write_all_keys(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_puts(&b, "{\"keys\":[");
    put_rsa(&b, rsa, ",\"kid\":\"one\"");
    buf_putc(&b, ',');
    put_ec(&b, p256, "P-256", 32);
    buf_putc(&b, ',');
    put_ec(&b, p384, "P-384", 48);
    buf_putc(&b, ',');
    put_ec(&b, p521, "P-521", 66);
    buf_puts(&b, ",{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"kty\":\"RSA\",\"use\":\"enc\"}]}");
    write_keys(buf_slice(&b));
    buf_fini(&b);
}

static void setup(void)
{
    rsa = EVP_RSA_gen(2048);
    small = EVP_RSA_gen(1024);
    p256 = EVP_EC_gen("P-256");
    p384 = EVP_EC_gen("P-384");
    p521 = EVP_EC_gen("P-521");
    kit_dir_open(&dir);
    kit_dir_file(&dir, "jwks.json", file, sizeof(file));
    write_all_keys();
}

static void teardown(void)
{
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(small);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(p521);
    kit_dir_close(&dir);
}

/* r‖s of a DER signature. */
static size_t to_raw(unsigned char *sig, size_t n, int half)
{
    const unsigned char *p = sig;
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)n);
    BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, half);
    BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + half, half);
    ECDSA_SIG_free(s);
    return 2 * (size_t)half;
}

struct signing {
    EVP_PKEY *key;
    const EVP_MD *digest;
    bool pss;
    int half;
};

static struct buf make_token(const struct signing *by, const char *header, const char *claims)
{
    struct buf t;
    unsigned char sig[1024];
    size_t n = sizeof(sig);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey;
    buf_init(&t, 8192);
    put_b64(&t, (const unsigned char *)header, strlen(header));
    buf_putc(&t, '.');
    put_b64(&t, (const unsigned char *)claims, strlen(claims));
    ck_assert_int_eq(EVP_DigestSignInit(ctx, &pkey, by->digest, NULL, by->key), 1);
    if (by->pss) {
        EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST);
    }
    ck_assert_int_eq(EVP_DigestSign(ctx, sig, &n, (unsigned char *)t.p, t.n), 1);
    if (by->half)
        n = to_raw(sig, n, by->half);
    EVP_MD_CTX_free(ctx);
    buf_putc(&t, '.');
    put_b64(&t, sig, n);
    return t;
}

/* Made at run time: a slice of a literal is no constant. */
static enum jwt_verdict check_with(const struct jwt_keys *keys, struct slice token,
                                   int64_t *ret_until, struct err *err)
{
    const struct slice algorithms[] = {SLICE("RS256"), SLICE("RS512"), SLICE("PS256"),
                                       SLICE("PS384"), SLICE("ES256"), SLICE("ES384"),
                                       SLICE("ES512")};
    const struct slice scopes[] = {SLICE("system/*.write")};
    const struct jwt_rules rules = {.algorithms = algorithms,
                                    .nalgorithms = sizeof(algorithms) / sizeof(algorithms[0]),
                                    .issuer = SLICE("https://auth.example"),
                                    .audience = SLICE("weir"),
                                    .scopes = scopes,
                                    .nscopes = 1,
                                    .leeway = 30};
    return jwt_check(keys, &rules, token, NOW, ret_until, err);
}

#define CLAIMS(more)                                                                               \
    "{\"iss\":\"https://auth.example\",\"aud\":[\"x\",\"weir\"],\"scope\":\"a system/*.write\","   \
    "\"exp\":1800000100" more "}"

static enum jwt_verdict check(struct slice token, int64_t *ret_until, struct err *err)
{
    struct jwt_keys *keys;
    *err = (struct err){0};
    int rc = jwt_keys_open(file, &keys, err);
    ck_assert_msg(rc == 0, "%s", err->text);
    enum jwt_verdict v = check_with(keys, token, ret_until, err);
    jwt_keys_close(keys);
    return v;
}

START_TEST(test_good_tokens_of_every_kind)
{
    const struct {
        struct signing by;
        const char *alg;
    } rows[] = {
        {{rsa, EVP_sha256(), false, 0}, "RS256"},   {{rsa, EVP_sha512(), false, 0}, "RS512"},
        {{rsa, EVP_sha256(), true, 0}, "PS256"},    {{rsa, EVP_sha384(), true, 0}, "PS384"},
        {{p256, EVP_sha256(), false, 32}, "ES256"}, {{p384, EVP_sha384(), false, 48}, "ES384"},
        {{p521, EVP_sha512(), false, 66}, "ES512"},
    };
    char header[100];
    int64_t until = 0;
    struct err err;
    snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"typ\":\"JWT\"}", rows[_i].alg);
    struct buf t = make_token(&rows[_i].by, header, CLAIMS(""));
    enum jwt_verdict v = check(buf_slice(&t), &until, &err);
    ck_assert_msg(v == JWT_GOOD, "%s: %s", rows[_i].alg, err.text);
    ck_assert_int_eq(until, 1800000130);
    buf_fini(&t);
}
END_TEST

static const struct {
    const char *header, *claims, *why;
    enum jwt_verdict verdict;
} bad[] = {
    {"{\"alg\":\"none\"}", CLAIMS(""), "not allowed", JWT_BAD},
    {"{\"alg\":\"HS256\"}", CLAIMS(""), "not allowed", JWT_BAD},
    {"{\"alg\":\"RS384\"}", CLAIMS(""), "not allowed", JWT_BAD},
    {"{\"alg\":\"ES256\"}", CLAIMS(""), "wrong", JWT_BAD},
    {"{\"alg\":\"PS256\"}", CLAIMS(""), "wrong", JWT_BAD},
    {"{}", CLAIMS(""), "not allowed", JWT_BAD},
    {"{\"alg\":\"RS256\",\"kid\":\"two\"}", CLAIMS(""), "not in the key set", JWT_BAD},
    {"{\"alg\":\"RS256\",\"crit\":[\"x\"]}", CLAIMS(""), "extensions", JWT_BAD},
    {"{\"alg\":\"RS256\"}", "[]", "no JWT", JWT_BAD},
    {"{\"alg\":\"RS256\"}", "{\"iss\":\"https://auth.example\",\"aud\":\"weir\"}", "(exp)",
     JWT_BAD},
    {"{\"alg\":\"RS256\"}", "{\"exp\":1799999970}", "expired", JWT_BAD},
    {"{\"alg\":\"RS256\"}", "{\"exp\":\"1800000100\"}", "(exp)", JWT_BAD},
    {"{\"alg\":\"RS256\"}", CLAIMS(",\"nbf\":1800000031"), "(nbf)", JWT_BAD},
    {"{\"alg\":\"RS256\"}", "{\"exp\":1800000100,\"iss\":\"https://other.example\"}", "issuer",
     JWT_BAD},
    {"{\"alg\":\"RS256\"}",
     "{\"exp\":1800000100,\"iss\":\"https://auth.example\",\"aud\":[\"weirs\"]}", "audience",
     JWT_BAD},
    {"{\"alg\":\"RS256\"}",
     "{\"exp\":1800000100,\"iss\":\"https://auth.example\",\"aud\":\"weir\",\"scope\":"
     "\"system/*.writes\"}",
     "scope", JWT_NOT_ENOUGH},
};

START_TEST(test_bad_tokens_are_refused)
{
    struct signing by = {rsa, EVP_sha256(), false, 0};
    int64_t until = 0;
    struct err err;
    struct buf t = make_token(&by, bad[_i].header, bad[_i].claims);
    ck_assert_int_eq(check(buf_slice(&t), &until, &err), bad[_i].verdict);
    ck_assert_msg(strstr(err.text, bad[_i].why) != NULL, "%s %s: %s", bad[_i].header,
                  bad[_i].claims, err.text);
    buf_fini(&t);
}
END_TEST

/* The clock of the issuer may be ahead by the leeway, and its key may be named. */
START_TEST(test_limits_of_a_token)
{
    struct signing by = {rsa, EVP_sha256(), false, 0};
    int64_t until = 0;
    struct err err;
    struct buf t = make_token(&by, "{\"alg\":\"RS256\",\"kid\":\"one\"}",
                              "{\"iss\":\"https://auth.example\",\"aud\":\"weir\",\"scp\":[\"system"
                              "/*.write\"],\"exp\":1799999971.9,\"nbf\":1800000030}");
    ck_assert_int_eq(check(buf_slice(&t), &until, &err), JWT_GOOD);
    for (size_t i = 0; i < t.n; i += 7) { /* any letter of it changed */
        char was = t.p[i];
        t.p[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(check(buf_slice(&t), &until, &err), JWT_BAD);
        t.p[i] = was;
    }
    for (size_t i = 0; i < t.n; i += 5)
        ck_assert_int_eq(check(slice_sub(buf_slice(&t), 0, i), &until, &err), JWT_BAD);
    buf_fini(&t);
}
END_TEST

START_TEST(test_key_sets_that_are_refused)
{
    struct buf weak;
    struct jwt_keys *keys;
    struct err err;
    buf_init(&weak, 8192);
    buf_puts(&weak, "{\"keys\":[");
    put_rsa(&weak, small, "");
    buf_puts(&weak, "]}");
    const struct {
        struct slice text;
        const char *why;
    } rows[] = {
        {buf_slice(&weak), "2048"},
        {SLICE("{"), "line 1"},
        {SLICE("{}"), "\"keys\""},
        {SLICE("{\"keys\":[]}"), "no key"},
        {SLICE("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"!\",\"e\":\"AQAB\"}]}"), "RSA"},
        {SLICE("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}"), "EC"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        write_keys(rows[i].text);
        ck_assert_int_lt(jwt_keys_open(file, &keys, &err), 0);
        ck_assert_int_eq(err.code, ERR_CONF);
        ck_assert_msg(strstr(err.text, rows[i].why) != NULL, "%s", err.text);
    }
    buf_fini(&weak);
    ck_assert_int_lt(jwt_keys_open("/nowhere/jwks.json", &keys, &err), 0);
}
END_TEST

START_TEST(test_a_file_that_changes_is_taken)
{
    struct jwt_keys *keys;
    struct err err;
    struct buf b;
    write_all_keys();
    ck_assert_int_eq(jwt_keys_open(file, &keys, &err), 0);
    ck_assert_uint_eq(jwt_keys_count(keys), 4);
    ck_assert_int_eq(jwt_keys_renew(keys, &err), 0);
    write_keys(SLICE("{\"keys\":1}"));
    ck_assert_int_lt(jwt_keys_renew(keys, &err), 0);
    ck_assert_int_eq(jwt_keys_renew(keys, &err), 0);
    ck_assert_uint_eq(jwt_keys_count(keys), 4);
    buf_init(&b, 8192);
    buf_puts(&b, "{\"keys\":[");
    put_ec(&b, p256, "P-256", 32);
    buf_puts(&b, "]}");
    write_keys(buf_slice(&b));
    ck_assert_int_eq(jwt_keys_renew(keys, &err), 1);
    ck_assert_uint_eq(jwt_keys_count(keys), 1);
    buf_fini(&b);
    jwt_keys_close(keys);
}
END_TEST

TCase *jwt_tests(void)
{
    TCase *tc = tcase_create("jwt");
    tcase_set_timeout(tc, 60);
    tcase_add_unchecked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, test_good_tokens_of_every_kind, 0, 7);
    tcase_add_loop_test(tc, test_bad_tokens_are_refused, 0, sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tc, test_limits_of_a_token);
    tcase_add_test(tc, test_key_sets_that_are_refused);
    tcase_add_test(tc, test_a_file_that_changes_is_taken);
    return tc;
}
