#include "request_memory.h"

#include <stdlib.h>
#include <string.h>

enum { SMALLEST = 64 };

void request_memory_init(struct request_memory *m, size_t max)
{
    *m = (struct request_memory){.max = max, .cap = SMALLEST};
    while (m->cap < max) /* a table holds half of max, so that half of it stays free */
        m->cap *= 2;
}

void request_memory_fini(struct request_memory *m)
{
    free(m->now);
    free(m->before);
    m->now = m->before = NULL;
    m->used = 0;
}

struct request_mark request_mark(struct digest *sha256, const struct slice name[2],
                                 struct slice what)
{
    struct request_mark k = {.set = true};
    unsigned char sum[DIGEST_SIZE];
    digest_begin(sha256);
    digest_add(sha256, name[0]);
    digest_add(sha256, SLICE("\n"));
    digest_add(sha256, name[1]);
    digest_end(sha256, sum);
    memcpy(k.name, sum, sizeof(k.name));
    digest_of(sha256, what, sum);
    memcpy(k.what, sum, sizeof(k.what));
    return k;
}

enum request_seen request_mark_seen(const struct request_mark *other, const struct request_mark *k)
{
    if (!other->set || !k->set || memcmp(other->name, k->name, sizeof(k->name)) != 0)
        return REQUEST_NEW;
    return memcmp(other->what, k->what, sizeof(k->what)) == 0 ? REQUEST_SAME : REQUEST_OTHER;
}

/* The slot of that name in a table, or the free one where it belongs: there always is one. */
static struct request_mark *find(const struct request_memory *m, struct request_mark *table,
                                 const struct request_mark *k)
{
    size_t at;
    memcpy(&at, k->name, sizeof(at));
    for (at &= m->cap - 1; table[at].set; at = (at + 1) & (m->cap - 1))
        if (memcmp(table[at].name, k->name, sizeof(k->name)) == 0)
            break;
    return &table[at];
}

enum request_seen request_memory_look(const struct request_memory *m, const struct request_mark *k)
{
    const struct request_mark *slot = m->now ? find(m, m->now, k) : NULL;
    if ((!slot || !slot->set) && m->before)
        slot = find(m, m->before, k);
    return slot ? request_mark_seen(slot, k) : REQUEST_NEW;
}

/* Half of max is reached: what is older goes. */
static void turn(struct request_memory *m)
{
    free(m->before);
    m->before = m->now;
    m->now = NULL;
    m->used = 0;
}

void request_memory_put(struct request_memory *m, const struct request_mark *k)
{
    if (!k->set || !m->max || request_memory_look(m, k) != REQUEST_NEW)
        return;
    if (m->used >= (m->max + 1) / 2)
        turn(m);
    if (!m->now)
        m->now = calloc(m->cap, sizeof(*m->now));
    if (!m->now)
        return;
    *find(m, m->now, k) = *k;
    m->used++;
}
