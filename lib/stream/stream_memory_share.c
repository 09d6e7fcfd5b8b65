#include "stream_memory_share.h"

#include <stdlib.h>
#include <string.h>

struct mem_share *mem_share_find(struct mem_share *all, struct slice group)
{
    while (all && !slice_eq_str(group, all->group))
        all = all->next;
    return all;
}

bool mem_share_holds(const struct mem_share *s, struct slice partition)
{
    if (!s)
        return true;
    for (unsigned i = 0; i < s->held.n; i++)
        if (slice_eq_str(partition, s->held.names[i]))
            return true;
    return false;
}

enum stream_next mem_share_next(struct mem_share *s)
{
    if (!s || s->state == MEM_HOLDS)
        return STREAM_GOT;
    if (s->state == MEM_LEAVES)
        return STREAM_NONE;
    if (s->state == MEM_TOLD_TO_LEAVE) {
        s->state = MEM_LEAVES;
        return STREAM_LEAVE;
    }
    s->held = s->due;
    s->state = MEM_HOLDS;
    return STREAM_MOVED;
}

bool mem_share_moves(const struct mem_share *s)
{
    return s && (s->state == MEM_TOLD_TO_LEAVE || s->state == MEM_MOVES);
}

void mem_share_yield(struct mem_share *s)
{
    if (s && s->state == MEM_LEAVES)
        s->state = MEM_MOVES;
}

void mem_share_begin(struct mem_share *s)
{
    if (!s)
        return;
    s->held.n = 0;
    s->state = MEM_MOVES;
}

void mem_share_free(struct mem_share *all)
{
    while (all) {
        struct mem_share *next = all->next;
        free(all);
        all = next;
    }
}
