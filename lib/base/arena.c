#include "arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_block {
    struct arena_block *next;
    size_t cap, used;
    alignas(max_align_t) char bytes[];
};

enum { BLOCK_MIN = 16 * 1024, KEEP_MAX = 256 * 1024 };

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void free_from(struct arena_block *b)
{
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_fini(struct arena *a)
{
    free_from(a->first);
    *a = (struct arena){.max = a->max};
}

void arena_reset(struct arena *a)
{
    size_t kept = 0;
    for (struct arena_block *b = a->first; b; b = b->next) {
        kept += b->cap;
        b->used = 0;
        if (b->next && kept + b->next->cap > KEEP_MAX) {
            free_from(b->next);
            b->next = NULL;
        }
    }
    a->now = a->first;
    a->used = 0;
    a->overflow = false;
}

static void *refuse(struct arena *a)
{
    a->overflow = true;
    return NULL;
}

/* A block with room for n: the next one kept from an earlier message, else a new one. */
static struct arena_block *grow(struct arena *a, size_t n)
{
    struct arena_block *kept = a->now ? a->now->next : NULL;
    if (kept && n <= kept->cap)
        return a->now = kept;
    size_t cap = a->now ? a->now->cap * 2 : BLOCK_MIN;
    if (cap > a->max)
        cap = a->max;
    if (cap < n)
        cap = n;
    struct arena_block *b = malloc(sizeof(*b) + cap);
    if (!b)
        return NULL;
    *b = (struct arena_block){.cap = cap, .next = kept};
    if (a->now)
        a->now->next = b;
    else
        a->first = b;
    a->now = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max - a->used)
        return refuse(a);
    n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct arena_block *b = a->now;
    if (!b || n > b->cap - b->used) {
        b = grow(a, n);
        if (!b)
            return refuse(a);
    }
    void *p = b->bytes + b->used;
    b->used += n;
    a->used = n > a->max - a->used ? a->max : a->used + n;
    return p;
}

void *arena_zalloc(struct arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return refuse(a);
    void *p = arena_alloc(a, count * size);
    if (p)
        memset(p, 0, count * size);
    return p;
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    if (!slice_present(s))
        return s;
    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return SLICE_ABSENT;
    if (s.n)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    return slice_make(p, s.n);
}

static char *put(char *to, struct slice s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

struct slice arena_join(struct arena *arena, struct slice a, struct slice between, struct slice b)
{
    size_t n = a.n + between.n + b.n;
    char *p = arena_alloc(arena, n + 1);
    if (!p)
        return SLICE_ABSENT;
    *put(put(put(p, a), between), b) = 0;
    return slice_make(p, n);
}

struct slice arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? refuse(a) : arena_alloc(a, (size_t)n + 1);
    if (!p)
        return SLICE_ABSENT;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return slice_make(p, (size_t)n);
}
