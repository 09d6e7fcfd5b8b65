#include "control_ids.h"

#include <stdlib.h>
#include <string.h>
#include "digest.h"
#include "prints.h"

_Static_assert((int)CONTROL_ID_PRINT == (int)PRINT_BYTES, "a control id is kept as one print");

enum { KEY = PRINT_KEY_MIN, REUSED = 1 /* in the last byte, that of the message */ };

struct control_ids {
    struct digest *digest;
    struct prints *prints;
};

int control_ids_open(int64_t window_ms, size_t max, struct control_ids **ret, struct err *reterr)
{
    struct control_ids *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for the control ids");
    if (digest_open(SLICE_ABSENT, &c->digest, reterr) < 0 ||
        prints_open(KEY, window_ms, max, &c->prints, reterr) < 0) {
        control_ids_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void control_ids_close(struct control_ids *c)
{
    if (!c)
        return;
    prints_close(c->prints);
    digest_close(c->digest);
    free(c);
}

static void add_part(struct digest *d, struct slice part)
{
    uint64_t n = part.n;
    char length[sizeof(n)];
    memcpy(length, &n, sizeof(n));
    digest_add(d, slice_make(length, sizeof(length)));
    digest_add(d, part.n ? part : SLICE(""));
}

/* The message is a digest already: its bytes are folded into fewer. */
static void print_of(struct control_ids *c, const struct control_id *id,
                     unsigned char print[CONTROL_ID_PRINT])
{
    unsigned char hash[DIGEST_SIZE];
    uint64_t message = 0;
    digest_begin(c->digest);
    add_part(c->digest, id->source);
    add_part(c->digest, id->app);
    add_part(c->digest, id->facility);
    add_part(c->digest, id->id);
    digest_end(c->digest, hash);
    hash[KEY - 1] |= 1; /* never all zero */
    memcpy(print, hash, KEY);
    for (size_t i = 0; i < id->message.n; i++)
        message = (message ^ (unsigned char)id->message.p[i]) * 0x100000001b3U;
    for (unsigned i = KEY; i < CONTROL_ID_PRINT; i++, message >>= 8)
        print[i] = (unsigned char)(message >> 24);
    print[CONTROL_ID_PRINT - 1] &= (unsigned char)~REUSED;
}

static bool same_message(const unsigned char *a, const unsigned char *b)
{
    const unsigned last = CONTROL_ID_PRINT - 1;
    return memcmp(a + KEY, b + KEY, last - KEY) == 0 && ((a[last] ^ b[last]) & ~REUSED) == 0;
}

void control_ids_ask(struct control_ids *c, const struct control_id *id, int64_t wall_ms,
                     struct control_id_answer *ret)
{
    *ret = (struct control_id_answer){.first = true};
    print_of(c, id, ret->print);
    struct print *at = prints_find(c->prints, ret->print);
    if (!at) {
        prints_add(c->prints, ret->print, wall_ms);
        return;
    }
    ret->first = !same_message(at->bytes, ret->print);
    ret->reused = ret->first ? prints_recent(c->prints, at, wall_ms)
                             : at->bytes[CONTROL_ID_PRINT - 1] & REUSED;
    if (ret->reused)
        ret->print[CONTROL_ID_PRINT - 1] |= REUSED;
    memcpy(at->bytes, ret->print, CONTROL_ID_PRINT);
    at->hour = prints_hour(wall_ms);
}

void control_ids_fold(struct control_ids *c, struct slice prints, int64_t wall_ms)
{
    for (; prints.n >= CONTROL_ID_PRINT;
         prints = slice_make(prints.p + CONTROL_ID_PRINT, prints.n - CONTROL_ID_PRINT)) {
        unsigned char print[CONTROL_ID_PRINT];
        memcpy(print, prints.p, CONTROL_ID_PRINT);
        struct print *at = prints_find(c->prints, print);
        if (!at) {
            prints_add(c->prints, print, wall_ms);
            continue;
        }
        memcpy(at->bytes, print, CONTROL_ID_PRINT);
        at->hour = prints_hour(wall_ms);
    }
}

size_t control_ids_count(const struct control_ids *c)
{
    return prints_count(c->prints);
}
