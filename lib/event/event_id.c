#include "event_id.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

enum { KEY_MIN = 16, SHORT = 16, REVISION_DIGITS = 8 };

static bool kid_fits(struct slice kid)
{
    for (size_t i = 0; i < kid.n; i++)
        if (!((kid.p[i] >= 'a' && kid.p[i] <= 'z') || (kid.p[i] >= '0' && kid.p[i] <= '9')))
            return false;
    return kid.n > 0 && kid.n < sizeof(((struct event_keys *)NULL)->kid);
}

int event_keys_open(struct slice kid, struct slice key, struct event_keys *ret, struct err *reterr)
{
    struct event_keys k = {.pseudonym = NULL};
    if (!kid_fits(kid))
        return err_set(reterr, ERR_CONF,
                       "the id of the pseudonym key is 1 to 15 letters a-z and digits, such as k1");
    if (key.n < KEY_MIN)
        return err_set(reterr, ERR_CONF, "the pseudonym key has %zu bytes, it needs %d or more",
                       key.n, KEY_MIN);
    if (digest_open(key, &k.pseudonym, reterr) || digest_open(SLICE_ABSENT, &k.plain, reterr)) {
        event_keys_close(&k);
        return -1;
    }
    memcpy(k.kid, kid.p, kid.n);
    *ret = k;
    return 0;
}

void event_keys_close(struct event_keys *k)
{
    if (!k)
        return;
    digest_close(k->pseudonym);
    digest_close(k->plain);
    *k = (struct event_keys){.pseudonym = NULL};
}

/* Eight bytes, the highest first, so that "ab","c" and "a","bc" differ. */
static void add_length(struct digest *d, size_t n)
{
    char bytes[8];
    uint64_t v = n;
    for (int i = 7; i >= 0; i--, v >>= 8)
        bytes[i] = (char)(v & 0xff);
    digest_add(d, slice_make(bytes, sizeof(bytes)));
}

static void add_part(struct digest *d, struct slice part)
{
    add_length(d, part.n);
    if (part.n)
        digest_add(d, part);
}

void event_message_digest(const struct event_keys *k, struct slice source, struct slice control_id,
                          struct slice bytes, const struct slice *volatile_parts,
                          unsigned nvolatile, unsigned char out[DIGEST_SIZE])
{
    if (!slice_present(bytes))
        bytes = SLICE("");
    const char *at = bytes.p, *end = bytes.p + bytes.n;
    digest_begin(k->plain);
    add_part(k->plain, source);
    add_part(k->plain, control_id);
    for (unsigned i = 0; i < nvolatile; i++) {
        struct slice part = volatile_parts[i];
        if (!slice_present(part))
            continue;
        assert(part.p >= at && part.p + part.n <= end);
        digest_add(k->plain, slice_make(at, (size_t)(part.p - at)));
        at = part.p + part.n;
    }
    if (at < end)
        digest_add(k->plain, slice_make(at, (size_t)(end - at)));
    digest_end(k->plain, out);
}

void event_parts_digest(const struct event_keys *k, const struct slice *parts, unsigned n,
                        unsigned char out[DIGEST_SIZE])
{
    digest_begin(k->pseudonym);
    for (unsigned i = 0; i < n; i++)
        add_part(k->pseudonym, parts[i]);
    digest_end(k->pseudonym, out);
}

struct slice event_id_write(const unsigned char digest[DIGEST_SIZE], struct slice type,
                            unsigned count, char out[EVENT_ID_SIZE])
{
    enum { DIGITS_MAX = 10 };
    char digits[DIGITS_MAX];
    size_t n = digest_b64url(digest, SHORT, out).n, at = DIGITS_MAX;
    assert(n + type.n + DIGITS_MAX + 3 <= EVENT_ID_SIZE);
    out[n++] = '-';
    memcpy(out + n, type.p, type.n);
    n += type.n;
    out[n++] = '-';
    do
        digits[--at] = (char)('0' + count % 10);
    while (count /= 10);
    memcpy(out + n, digits + at, DIGITS_MAX - at);
    n += DIGITS_MAX - at;
    out[n] = 0;
    return slice_make(out, n);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

struct slice event_id_stem(struct slice id, unsigned *ret_revision)
{
    size_t at = id.n;
    unsigned n = 0;
    while (at > 0 && id.n - at < REVISION_DIGITS && is_digit(id.p[at - 1]))
        at--;
    for (size_t i = at; i < id.n; i++)
        n = n * 10 + (unsigned)(id.p[i] - '0');
    bool revised = n > 0 && at > 2 && id.p[at] != '0' && id.p[at - 1] == 'r' && id.p[at - 2] == '.';
    *ret_revision = revised ? n : 0;
    return revised ? slice_make(id.p, at - 2) : id;
}

struct slice event_id_revise(struct slice stem, unsigned revision, char out[EVENT_REVISION_SIZE])
{
    if (!stem.n || stem.n >= EVENT_ID_SIZE)
        return SLICE_ABSENT;
    int n = revision ? snprintf(out, EVENT_REVISION_SIZE, "%.*s.r%u", SLICE_ARG(stem), revision)
                     : snprintf(out, EVENT_REVISION_SIZE, "%.*s", SLICE_ARG(stem));
    return slice_make(out, (size_t)n);
}

struct slice event_id_type(struct slice id)
{
    unsigned revision;
    struct slice stem = event_id_stem(id, &revision);
    size_t end = stem.n;
    while (end > 0 && is_digit(stem.p[end - 1]))
        end--;
    if (end == stem.n || end < EVENT_ID_MESSAGE + 3 || stem.p[end - 1] != '-' ||
        stem.p[EVENT_ID_MESSAGE] != '-')
        return SLICE_ABSENT;
    return slice_make(stem.p + EVENT_ID_MESSAGE + 1, end - EVENT_ID_MESSAGE - 2);
}

/* A national and a local number of the same digits are two people: the first byte tells which. */
struct slice event_pseudonym(const struct event_keys *k, struct slice authority,
                             struct slice number, char out[EVENT_PSEUDONYM_SIZE])
{
    unsigned char raw[DIGEST_SIZE];
    digest_begin(k->pseudonym);
    if (slice_present(authority)) {
        digest_add(k->pseudonym, SLICE("L"));
        add_part(k->pseudonym, authority);
    } else {
        digest_add(k->pseudonym, SLICE("N"));
    }
    digest_add(k->pseudonym, number);
    digest_end(k->pseudonym, raw);
    size_t n = strlen(k->kid);
    memcpy(out, k->kid, n);
    out[n++] = ':';
    n += digest_b64url(raw, SHORT, out + n).n;
    return slice_make(out, n);
}

bool event_nhs_number(struct slice sent, char out[11])
{
    char digits[11];
    unsigned n = 0, sum = 0;
    bool same = true;
    for (size_t i = 0; i < sent.n; i++) {
        char c = sent.p[i];
        if (c == ' ' || c == '-')
            continue;
        if (c < '0' || c > '9' || n == 10)
            return false;
        digits[n++] = c;
    }
    if (n != 10)
        return false;
    for (unsigned i = 0; i < 9; i++) {
        sum += (unsigned)(digits[i] - '0') * (10 - i);
        same = same && digits[i] == digits[i + 1];
    }
    unsigned check = (11 - sum % 11) % 11;
    if (same || check == 10 || check != (unsigned)(digits[9] - '0'))
        return false;
    digits[10] = 0;
    memcpy(out, digits, sizeof(digits));
    return true;
}
