#include "row_memory.h"

#include <stdlib.h>

/* No row has them: a slot without a mark is free. */
enum { KNOWN = 1, SEEN = 2, MARKS = 3, SMALLEST = 1024 };

void row_memory_init(struct row_memory *m, size_t max)
{
    *m = (struct row_memory){.max = max};
}

void row_memory_fini(struct row_memory *m)
{
    free(m->slots);
    free(m->columns);
    row_memory_init(m, m->max);
}

static bool same(struct row_hash x, struct row_hash y)
{
    return x.a == y.a && ((x.b ^ y.b) & ~(uint64_t)MARKS) == 0;
}

/* The slot of h, or the free one where it belongs. There is always a free one. */
static struct row_hash *find(const struct row_memory *m, struct row_hash h)
{
    size_t i = h.a & (m->cap - 1);
    while ((m->slots[i].b & MARKS) && !same(m->slots[i], h))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static bool grow(struct row_memory *m)
{
    struct row_memory old = *m;
    size_t cap = m->cap ? m->cap * 2 : SMALLEST;
    struct row_hash *slots = calloc(cap, sizeof(*slots));
    if (!slots)
        return false;
    m->slots = slots;
    m->cap = cap;
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].b & MARKS)
            *find(m, old.slots[i]) = old.slots[i];
    free(old.slots);
    return true;
}

static void put(struct row_memory *m, struct row_hash h, unsigned mark)
{
    if ((m->used + 1) * 4 > m->cap * 3 && !grow(m))
        return;
    struct row_hash *slot = find(m, h);
    if (slot->b & MARKS)
        return;
    *slot = (struct row_hash){h.a, (h.b & ~(uint64_t)MARKS) | mark};
    m->used++;
    m->seen += mark == SEEN;
}

enum row_seen row_memory_look(struct row_memory *m, struct row_hash h)
{
    struct row_hash *slot = m->used ? find(m, h) : NULL;
    if (!slot || !(slot->b & MARKS))
        return ROW_NEW;
    m->seen += !(slot->b & SEEN);
    slot->b |= SEEN;
    return slot->b & KNOWN ? ROW_UNCHANGED : ROW_REPEATED;
}

void row_memory_put(struct row_memory *m, struct row_hash h)
{
    if (m->seen < m->max)
        put(m, h, SEEN);
}

bool row_memory_reserve(struct row_memory *m, uint64_t rows)
{
    size_t cap = SMALLEST;
    uint64_t most = rows < m->max ? rows : m->max;
    while ((most + 1) * 4 > (uint64_t)cap * 3)
        cap *= 2;
    m->slots = calloc(cap, sizeof(*m->slots));
    m->cap = m->slots ? cap : 0;
    return m->slots != NULL;
}

void row_memory_know(struct row_memory *m, struct row_hash h)
{
    if (m->used < m->max)
        put(m, h, KNOWN);
}

const struct row_hash *row_memory_next_seen(const struct row_memory *m, size_t *at, size_t end)
{
    while (*at < end && !(m->slots[*at].b & SEEN))
        ++*at;
    return *at < end ? &m->slots[(*at)++] : NULL;
}

struct row_hash row_hash_plain(struct row_hash h)
{
    return (struct row_hash){h.a, h.b & ~(uint64_t)MARKS};
}
