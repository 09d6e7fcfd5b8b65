#include "seen.h"

#include <stdlib.h>
#include <string.h>

enum { SHARDS = 256, SHARD_MIN = 16, HOUR_MS = 3600 * 1000, PRINT_USED = 14 };

struct entry {
    unsigned char print[PRINT_USED]; /* all zero = free */
    uint16_t hour;                   /* since 1970, its low bits: good for seven years */
};
struct shard {
    struct entry *at;
    size_t cap, count;
};
struct seen {
    struct digest *digest;
    uint16_t window; /* hours */
    size_t shard_max;
    uint64_t forgotten;
    struct shard shards[SHARDS];
};

int seen_open(int64_t window_ms, size_t max, struct seen **ret, struct err *reterr)
{
    struct seen *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for the ids seen");
    if (digest_open(SLICE_ABSENT, &s->digest, reterr) < 0) {
        free(s);
        return -1;
    }
    int64_t hours = (window_ms + HOUR_MS - 1) / HOUR_MS;
    s->window = (uint16_t)(hours < 1 ? 1 : hours > 10000 ? 10000 : hours);
    s->shard_max = max / SHARDS > SHARD_MIN ? max / SHARDS : SHARD_MIN;
    *ret = s;
    return 0;
}

void seen_close(struct seen *s)
{
    if (!s)
        return;
    for (unsigned i = 0; i < SHARDS; i++)
        free(s->shards[i].at);
    digest_close(s->digest);
    free(s);
}

static bool is_free(const struct entry *e)
{
    static const unsigned char none[PRINT_USED];
    return memcmp(e->print, none, sizeof(none)) == 0;
}

static struct entry *probe(const struct shard *sh, const unsigned char *print)
{
    uint64_t h;
    memcpy(&h, print + 1, sizeof(h));
    for (size_t i = h & (sh->cap - 1);; i = (i + 1) & (sh->cap - 1))
        if (is_free(&sh->at[i]) || memcmp(sh->at[i].print, print, PRINT_USED) == 0)
            return &sh->at[i];
}

/* Moves what is not older than `oldest` hours to a table of that size. */
static bool rebuild(struct shard *sh, size_t cap, uint16_t now, unsigned oldest)
{
    struct shard fresh = {calloc(cap, sizeof(struct entry)), cap, 0};
    if (!fresh.at)
        return false;
    for (size_t i = 0; i < sh->cap; i++) {
        const struct entry *e = &sh->at[i];
        if (is_free(e) || (uint16_t)(now - e->hour) > oldest)
            continue;
        *probe(&fresh, e->print) = *e;
        fresh.count++;
    }
    free(sh->at);
    *sh = fresh;
    return true;
}

/* The age in hours within which no more than `keep` of the shard's ids lie. */
static unsigned cut(const struct shard *sh, uint16_t now, unsigned oldest, size_t keep)
{
    size_t total = 0;
    unsigned age = 0;
    for (; age <= oldest; age++) {
        size_t here = 0;
        for (size_t i = 0; i < sh->cap; i++)
            here += !is_free(&sh->at[i]) && (uint16_t)(now - sh->at[i].hour) == age;
        if (total + here > keep)
            break;
        total += here;
    }
    return age ? age - 1 : 0;
}

static bool make_room(struct seen *s, struct shard *sh, uint16_t now)
{
    unsigned oldest = (unsigned)s->window * 2;
    if ((sh->count + 1) * 4 <= sh->cap * 3 && sh->count < s->shard_max)
        return true;
    if (!sh->cap)
        return rebuild(sh, SHARD_MIN, now, oldest);
    if (!rebuild(sh, sh->cap, now, oldest))
        return false;
    if (sh->count >= s->shard_max) {
        size_t before = sh->count;
        if (!rebuild(sh, sh->cap, now, cut(sh, now, oldest, s->shard_max / 4 * 3)))
            return false;
        s->forgotten += before - sh->count;
        return sh->count < s->shard_max;
    }
    return sh->count * 2 <= sh->cap || rebuild(sh, sh->cap * 2, now, oldest);
}

static enum seen_answer note(struct seen *s, const unsigned char *print, uint16_t now)
{
    struct shard *sh = &s->shards[print[0]];
    if (sh->cap) {
        struct entry *e = probe(sh, print);
        if (!is_free(e)) {
            uint16_t age = (uint16_t)(now - e->hour);
            bool repeat =
                age <= s->window || age > 0x8000; /* seen in the future: the clock was set */
            if (!repeat)
                e->hour = now;
            return repeat ? SEEN_REPEAT : SEEN_OLD;
        }
    }
    if (make_room(s, sh, now)) {
        struct entry *e = probe(sh, print);
        memcpy(e->print, print, PRINT_USED);
        e->hour = now;
        sh->count++;
    }
    return SEEN_NEW;
}

static uint16_t hour_of(int64_t wall_ms)
{
    return (uint16_t)(wall_ms / HOUR_MS);
}

enum seen_answer seen_ask(struct seen *s, struct slice id, int64_t wall_ms,
                          unsigned char print[SEEN_PRINT])
{
    unsigned char hash[DIGEST_SIZE];
    digest_of(s->digest, id, hash);
    hash[PRINT_USED - 1] |= 1; /* never all zero */
    memcpy(print, hash, SEEN_PRINT);
    return note(s, print, hour_of(wall_ms));
}

void seen_fold(struct seen *s, struct slice prints, int64_t wall_ms)
{
    for (; prints.n >= SEEN_PRINT;
         prints = slice_make(prints.p + SEEN_PRINT, prints.n - SEEN_PRINT)) {
        unsigned char print[SEEN_PRINT];
        memcpy(print, prints.p, SEEN_PRINT);
        note(s, print, hour_of(wall_ms));
    }
}

size_t seen_count(const struct seen *s)
{
    size_t n = 0;
    for (unsigned i = 0; i < SHARDS; i++)
        n += s->shards[i].count;
    return n;
}

uint64_t seen_forgotten(const struct seen *s)
{
    return s->forgotten;
}
