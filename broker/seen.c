#include "seen.h"

#include <stdlib.h>
#include <string.h>
#include "prints.h"

struct seen {
    struct digest *digest;
    struct prints *prints;
};

int seen_open(int64_t window_ms, size_t max, struct seen **ret, struct err *reterr)
{
    struct seen *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for the ids seen");
    if (digest_open(SLICE_ABSENT, &s->digest, reterr) < 0 ||
        prints_open(PRINT_BYTES, window_ms, max, &s->prints, reterr) < 0) {
        seen_close(s);
        return -1;
    }
    *ret = s;
    return 0;
}

void seen_close(struct seen *s)
{
    if (!s)
        return;
    prints_close(s->prints);
    digest_close(s->digest);
    free(s);
}

static enum seen_answer note(struct seen *s, const unsigned char *print, int64_t wall_ms)
{
    struct print *at = prints_find(s->prints, print);
    if (!at) {
        prints_add(s->prints, print, wall_ms);
        return SEEN_NEW;
    }
    if (prints_recent(s->prints, at, wall_ms))
        return SEEN_REPEAT;
    at->hour = prints_hour(wall_ms);
    return SEEN_OLD;
}

enum seen_answer seen_ask(struct seen *s, struct slice id, int64_t wall_ms,
                          unsigned char print[SEEN_PRINT])
{
    unsigned char hash[DIGEST_SIZE];
    digest_of(s->digest, id, hash);
    hash[PRINT_BYTES - 1] |= 1; /* never all zero */
    memcpy(print, hash, SEEN_PRINT);
    return note(s, print, wall_ms);
}

void seen_fold(struct seen *s, struct slice prints, int64_t wall_ms)
{
    for (; prints.n >= SEEN_PRINT;
         prints = slice_make(prints.p + SEEN_PRINT, prints.n - SEEN_PRINT)) {
        unsigned char print[SEEN_PRINT];
        memcpy(print, prints.p, SEEN_PRINT);
        note(s, print, wall_ms);
    }
}

size_t seen_count(const struct seen *s)
{
    return prints_count(s->prints);
}

uint64_t seen_forgotten(const struct seen *s)
{
    return prints_forgotten(s->prints);
}
