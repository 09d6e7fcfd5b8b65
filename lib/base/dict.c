#include "dict.h"

#include <stdlib.h>
#include <sys/random.h>

enum { KEY_INLINE = 24 };

/* Short keys (digests, codes) stand in the slot itself: most tables then cost one allocation in
 * all. */
struct dict_slot {
    uint64_t hash; /* 0 = free */
    uint64_t value;
    size_t n;
    union {
        char here[KEY_INLINE];
        char *far;
    } key;
};

void dict_init(struct dict *d, size_t max)
{
    *d = (struct dict){.max = max};
    if (getrandom(&d->seed, sizeof(d->seed), GRND_NONBLOCK) != sizeof(d->seed))
        d->seed = (uint64_t)(uintptr_t)d * 0x9e3779b97f4a7c15u;
}

static struct slice slot_key(const struct dict_slot *s)
{
    return slice_make(s->n > KEY_INLINE ? s->key.far : s->key.here, s->n);
}

static void slot_free(struct dict_slot *s)
{
    if (s->hash && s->n > KEY_INLINE)
        free(s->key.far);
    s->hash = 0;
}

void dict_fini(struct dict *d)
{
    for (size_t i = 0; i < d->cap; i++)
        slot_free(&d->slots[i]);
    free(d->slots);
    *d = (struct dict){.max = d->max, .seed = d->seed};
}

__extension__ typedef unsigned __int128 wide;

static uint64_t mix(uint64_t a, uint64_t b)
{
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct dict *d, struct slice key)
{
    uint64_t h = d->seed ^ (key.n * 0xa0761d6478bd642fu);
    while (key.n >= 8) {
        uint64_t w;
        memcpy(&w, key.p, 8);
        h = mix(h ^ w, 0xe7037ed1a0b428dbu);
        key = slice_make(key.p + 8, key.n - 8);
    }
    uint64_t w = 0;
    if (key.n)
        memcpy(&w, key.p, key.n);
    h = mix(h ^ w, 0x8ebc6af09c88c6e3u);
    return h ? h : 1;
}

/* The slot that holds key, or the free one where it would go. There is always a free one. */
static struct dict_slot *probe(const struct dict *d, struct slice key, uint64_t hash)
{
    for (size_t i = hash & (d->cap - 1);; i = (i + 1) & (d->cap - 1)) {
        struct dict_slot *s = &d->slots[i];
        if (!s->hash || (s->hash == hash && slice_eq(slot_key(s), key)))
            return s;
    }
}

uint64_t *dict_get(const struct dict *d, struct slice key)
{
    if (!d->cap)
        return NULL;
    struct dict_slot *s = probe(d, key, hash_of(d, key));
    return s->hash ? &s->value : NULL;
}

static bool grow(struct dict *d)
{
    struct dict bigger = *d;
    bigger.cap = d->cap ? d->cap * 2 : 16;
    bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < d->cap; i++)
        if (d->slots[i].hash)
            *probe(&bigger, slot_key(&d->slots[i]), d->slots[i].hash) = d->slots[i];
    free(d->slots);
    *d = bigger;
    return true;
}

uint64_t *dict_put(struct dict *d, struct slice key, bool *ret_new)
{
    uint64_t *old = dict_get(d, key);
    if (ret_new)
        *ret_new = !old;
    if (old)
        return old;
    if (d->count >= d->max || ((d->count + 1) * 4 > d->cap * 3 && !grow(d)))
        return NULL;
    char *far = NULL;
    if (key.n > KEY_INLINE) {
        far = malloc(key.n);
        if (!far)
            return NULL;
        memcpy(far, key.p, key.n);
    }
    uint64_t hash = hash_of(d, key);
    struct dict_slot *s = probe(d, key, hash);
    *s = (struct dict_slot){.hash = hash, .n = key.n};
    if (far)
        s->key.far = far;
    else if (key.n)
        memcpy(s->key.here, key.p, key.n);
    d->count++;
    return &s->value;
}

/* Closes the gap at i: moves back what was displaced past it, so that probing needs no tombstones.
 */
static void close_gap(struct dict *d, size_t i)
{
    for (size_t j = (i + 1) & (d->cap - 1); d->slots[j].hash; j = (j + 1) & (d->cap - 1)) {
        size_t home = d->slots[j].hash & (d->cap - 1);
        if (((j - home) & (d->cap - 1)) < ((j - i) & (d->cap - 1)))
            continue;
        d->slots[i] = d->slots[j];
        d->slots[j].hash = 0;
        i = j;
    }
}

bool dict_delete(struct dict *d, struct slice key)
{
    if (!d->cap)
        return false;
    struct dict_slot *s = probe(d, key, hash_of(d, key));
    if (!s->hash)
        return false;
    slot_free(s);
    d->count--;
    close_gap(d, (size_t)(s - d->slots));
    return true;
}

bool dict_next(const struct dict *d, size_t *at, struct slice *ret_key, uint64_t *ret_value)
{
    for (; *at < d->cap; (*at)++) {
        const struct dict_slot *s = &d->slots[*at];
        if (!s->hash)
            continue;
        *ret_key = slot_key(s);
        *ret_value = s->value;
        (*at)++;
        return true;
    }
    return false;
}
