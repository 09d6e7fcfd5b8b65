#include "prints.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { SHARDS = 256, SHARD_MIN = 16, HOUR_MS = 3600 * 1000 };

struct shard {
    struct print *at;
    size_t cap, count;
};
struct prints {
    unsigned key;
    uint16_t window; /* hours */
    size_t shard_max;
    uint64_t forgotten;
    struct shard shards[SHARDS];
};

int prints_open(unsigned key, int64_t window_ms, size_t max, struct prints **ret,
                struct err *reterr)
{
    struct prints *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for the ids seen");
    int64_t hours = (window_ms + HOUR_MS - 1) / HOUR_MS;
    p->key = key;
    p->window = (uint16_t)(hours < 1 ? 1 : hours > 10000 ? 10000 : hours);
    p->shard_max = max / SHARDS > SHARD_MIN ? max / SHARDS : SHARD_MIN;
    *ret = p;
    return 0;
}

void prints_close(struct prints *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < SHARDS; i++)
        free(p->shards[i].at);
    free(p);
}

static bool is_free(const struct print *at)
{
    static const unsigned char none[PRINT_BYTES];
    return memcmp(at->bytes, none, sizeof(none)) == 0;
}

static struct print *probe(const struct shard *sh, const unsigned char *bytes, unsigned key)
{
    uint64_t h;
    memcpy(&h, bytes + 1, sizeof(h));
    for (size_t i = h & (sh->cap - 1);; i = (i + 1) & (sh->cap - 1))
        if (is_free(&sh->at[i]) || memcmp(sh->at[i].bytes, bytes, key) == 0)
            return &sh->at[i];
}

/* From the future: the clock was set back. */
static unsigned age_of(const struct print *at, uint16_t now)
{
    uint16_t age = (uint16_t)(now - at->hour);
    return age > 0x8000 ? 0 : age;
}

/* All that are younger than `oldest` hours, and so many of those as old. */
struct kept {
    unsigned oldest;
    size_t of_oldest;
};

/* Moves what is kept to a table of that size. */
static bool rebuild(struct shard *sh, unsigned key, size_t cap, uint16_t now, struct kept keep)
{
    struct shard fresh = {calloc(cap, sizeof(struct print)), cap, 0};
    if (!fresh.at)
        return false;
    for (size_t i = 0; i < sh->cap; i++) {
        const struct print *at = &sh->at[i];
        unsigned age = is_free(at) ? UINT_MAX : age_of(at, now);
        if (age > keep.oldest || (age == keep.oldest && !keep.of_oldest))
            continue;
        keep.of_oldest -= age == keep.oldest;
        *probe(&fresh, at->bytes, key) = *at;
        fresh.count++;
    }
    free(sh->at);
    *sh = fresh;
    return true;
}

/* The youngest `n`, none of them older than `oldest` hours. */
static bool youngest(const struct shard *sh, uint16_t now, unsigned oldest, size_t n,
                     struct kept *ret)
{
    size_t *by_age = calloc((size_t)oldest + 1, sizeof(*by_age)), total = 0;
    unsigned age = 0;
    if (!by_age)
        return false;
    for (size_t i = 0; i < sh->cap; i++)
        if (!is_free(&sh->at[i]) && age_of(&sh->at[i], now) <= oldest)
            by_age[age_of(&sh->at[i], now)]++;
    while (age < oldest && total + by_age[age] <= n)
        total += by_age[age++];
    free(by_age);
    *ret = (struct kept){age, n - total};
    return true;
}

static bool make_room(struct prints *p, struct shard *sh, uint16_t now)
{
    const struct kept all = {(unsigned)p->window * 2, SIZE_MAX};
    struct kept some;
    if ((sh->count + 1) * 4 <= sh->cap * 3 && sh->count < p->shard_max)
        return true;
    if (!sh->cap)
        return rebuild(sh, p->key, SHARD_MIN, now, all);
    if (!rebuild(sh, p->key, sh->cap, now, all))
        return false;
    if (sh->count >= p->shard_max) {
        size_t before = sh->count;
        if (!youngest(sh, now, all.oldest, p->shard_max / 4 * 3, &some) ||
            !rebuild(sh, p->key, sh->cap, now, some))
            return false;
        p->forgotten += before - sh->count;
    }
    return sh->count * 2 <= sh->cap || rebuild(sh, p->key, sh->cap * 2, now, all);
}

struct print *prints_find(const struct prints *p, const unsigned char bytes[PRINT_BYTES])
{
    const struct shard *sh = &p->shards[bytes[0]];
    struct print *at = sh->cap ? probe(sh, bytes, p->key) : NULL;
    return at && !is_free(at) ? at : NULL;
}

void prints_add(struct prints *p, const unsigned char bytes[PRINT_BYTES], int64_t wall_ms)
{
    struct shard *sh = &p->shards[bytes[0]];
    uint16_t now = prints_hour(wall_ms);
    if (!make_room(p, sh, now))
        return;
    struct print *at = probe(sh, bytes, p->key);
    memcpy(at->bytes, bytes, PRINT_BYTES);
    at->hour = now;
    sh->count++;
}

bool prints_recent(const struct prints *p, const struct print *at, int64_t wall_ms)
{
    return age_of(at, prints_hour(wall_ms)) <= p->window;
}

uint16_t prints_hour(int64_t wall_ms)
{
    return (uint16_t)(wall_ms / HOUR_MS);
}

size_t prints_count(const struct prints *p)
{
    size_t n = 0;
    for (unsigned i = 0; i < SHARDS; i++)
        n += p->shards[i].count;
    return n;
}

uint64_t prints_forgotten(const struct prints *p)
{
    return p->forgotten;
}
