#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

/* HMAC (RFC 2104) by hand: EVP_MAC costs more than the hash itself on short messages, and so does
 * a copy of a context that has the padded key behind it, which takes memory; hashing the padded key
 * each time does not. */
struct digest {
    EVP_MD_CTX *now;
    bool keyed;
    unsigned char inner[BLOCK], outer[BLOCK]; /* the padded keys */
};

static void set_key(struct digest *d, struct slice key)
{
    unsigned char k[BLOCK] = {0};
    d->keyed = true;
    if (key.n > BLOCK)
        SHA256((const unsigned char *)key.p, key.n, k);
    else
        memcpy(k, key.p, key.n);
    for (size_t i = 0; i < BLOCK; i++) {
        d->inner[i] = k[i] ^ 0x36;
        d->outer[i] = k[i] ^ 0x5c;
    }
    OPENSSL_cleanse(k, sizeof(k));
}

int digest_open(struct slice key, struct digest **ret, struct err *reterr)
{
    struct digest *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for a digest");
    d->now = EVP_MD_CTX_new();
    if (!d->now || !EVP_DigestInit_ex(d->now, EVP_sha256(), NULL)) {
        digest_close(d);
        return err_set(reterr, ERR_NOMEM, "libcrypto gave no SHA-256");
    }
    if (key.n)
        set_key(d, key);
    *ret = d;
    return 0;
}

void digest_close(struct digest *d)
{
    if (!d)
        return;
    EVP_MD_CTX_free(d->now);
    OPENSSL_cleanse(d, sizeof(*d));
    free(d);
}

/* Without a type the context begins anew with the one it has. */
static void begin_with(struct digest *d, const unsigned char pad[BLOCK])
{
    EVP_DigestInit_ex(d->now, NULL, NULL);
    if (d->keyed)
        EVP_DigestUpdate(d->now, pad, BLOCK);
}

void digest_begin(struct digest *d)
{
    begin_with(d, d->inner);
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
    begin_with(d, d->outer);
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
