/* EVP takes memory for each hash, and again for each copy of one; a context of this interface is a
 * hundred bytes, copied by assignment. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 };

/* Keyed it is HMAC (RFC 2104), with the padded keys hashed ahead. */
struct digest {
    SHA256_CTX now;
    SHA256_CTX begun; /* nothing, or the inner key, is hashed */
    SHA256_CTX outer;
    bool keyed;
};

static void begin_with(SHA256_CTX *ret, const unsigned char key[BLOCK], unsigned char mask)
{
    unsigned char pad[BLOCK];
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] = key[i] ^ mask;
    SHA256_Init(ret);
    SHA256_Update(ret, pad, BLOCK);
    OPENSSL_cleanse(pad, sizeof(pad));
}

static void set_key(struct digest *d, struct slice key)
{
    unsigned char k[BLOCK] = {0};
    d->keyed = true;
    if (key.n > BLOCK)
        SHA256((const unsigned char *)key.p, key.n, k);
    else
        memcpy(k, key.p, key.n);
    begin_with(&d->begun, k, 0x36);
    begin_with(&d->outer, k, 0x5c);
    OPENSSL_cleanse(k, sizeof(k));
}

int digest_open(struct slice key, struct digest **ret, struct err *reterr)
{
    struct digest *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for a digest");
    SHA256_Init(&d->begun);
    if (key.n)
        set_key(d, key);
    *ret = d;
    return 0;
}

void digest_close(struct digest *d)
{
    if (!d)
        return;
    OPENSSL_cleanse(d, sizeof(*d));
    free(d);
}

void digest_begin(struct digest *d)
{
    d->now = d->begun;
}

void digest_add(struct digest *d, struct slice bytes)
{
    SHA256_Update(&d->now, bytes.p, bytes.n);
}

void digest_end(struct digest *d, unsigned char out[DIGEST_SIZE])
{
    SHA256_Final(out, &d->now);
    if (!d->keyed)
        return;
    d->now = d->outer;
    SHA256_Update(&d->now, out, DIGEST_SIZE);
    SHA256_Final(out, &d->now);
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
