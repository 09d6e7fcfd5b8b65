#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

/* HMAC (RFC 2104) by hand on two saved states: EVP_MAC costs more than the hash itself on short
 * messages. */
struct digest {
    EVP_MD_CTX *now;
    EVP_MD_CTX *inner, *outer; /* states after the padded key; unused without a key */
    bool keyed;
};

static bool start_with(EVP_MD_CTX *ctx, const unsigned char key[BLOCK], unsigned char pad)
{
    unsigned char block[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    bool ok = EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) && EVP_DigestUpdate(ctx, block, BLOCK);
    OPENSSL_cleanse(block, sizeof(block));
    return ok;
}

static bool set_key(struct digest *d, struct slice key)
{
    unsigned char k[BLOCK] = {0};
    if (key.n > BLOCK)
        SHA256((const unsigned char *)key.p, key.n, k);
    else
        memcpy(k, key.p, key.n);
    bool ok = start_with(d->inner, k, 0x36) && start_with(d->outer, k, 0x5c);
    OPENSSL_cleanse(k, sizeof(k));
    return ok;
}

int digest_open(struct slice key, struct digest **ret, struct err *reterr)
{
    struct digest *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for a digest");
    d->now = EVP_MD_CTX_new();
    d->inner = EVP_MD_CTX_new();
    d->outer = EVP_MD_CTX_new();
    d->keyed = slice_present(key) && key.n;
    bool ok = d->now && d->inner && d->outer;
    ok = ok && (d->keyed ? set_key(d, key) : EVP_DigestInit_ex(d->now, EVP_sha256(), NULL));
    if (!ok) {
        digest_close(d);
        return err_set(reterr, ERR_NOMEM, "libcrypto gave no SHA-256");
    }
    *ret = d;
    return 0;
}

void digest_close(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->now);
    EVP_MD_CTX_free(d->inner);
    EVP_MD_CTX_free(d->outer);
    free(d);
}

void digest_begin(struct digest *d)
{
    /* To begin anew is a third of the price of a copy, which takes memory. */
    if (d->keyed)
        EVP_MD_CTX_copy_ex(d->now, d->inner);
    else
        EVP_DigestInit_ex(d->now, NULL, NULL);
}

void digest_add(struct digest *d, struct slice bytes)
{
    EVP_DigestUpdate(d->now, bytes.p, bytes.n);
}

void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE])
{
    EVP_DigestFinal_ex(d->now, out, NULL);
    if (!d->keyed)
        return;
    EVP_MD_CTX_copy_ex(d->now, d->outer);
    EVP_DigestUpdate(d->now, out, DIGEST_SIZE);
    EVP_DigestFinal_ex(d->now, out, NULL);
}

void digest_of(struct digest *d, struct slice bytes, unsigned char out[DIGEST_SIZE])
{
    digest_begin(d);
    digest_add(d, bytes);
    digest_end(d, out);
}

struct slice digest_hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex[bytes[i] >> 4];
        out[2 * i + 1] = hex[bytes[i] & 15];
    }
    out[2 * n] = 0;
    return slice_make(out, 2 * n);
}

struct slice digest_b64url(const unsigned char *bytes, size_t n, char *out)
{
    static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t to = 0;
    unsigned bits = 0, have = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            out[to++] = set[bits >> (have - 6) & 63];
    }
    if (have)
        out[to++] = set[bits << (6 - have) & 63];
    out[to] = 0;
    return slice_make(out, to);
}
