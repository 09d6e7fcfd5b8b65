#include "span.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

struct span_entry {
    int64_t offset, time_ms;
    bool done;
};

void span_init(struct span *s)
{
    *s = (struct span){.last = -1};
}

void span_fini(struct span *s)
{
    free(s->ring);
    *s = (struct span){0};
}

static struct span_entry *at(const struct span *s, uint64_t serial)
{
    return &s->ring[serial & (s->cap - 1)];
}

static int grow(struct span *s)
{
    struct span bigger = *s;
    bigger.cap = s->cap ? s->cap * 2 : FIRST_CAP;
    bigger.ring = malloc(bigger.cap * sizeof(*bigger.ring));
    if (!bigger.ring)
        return -1;
    for (uint64_t i = s->first; i < s->first + s->count; i++)
        *at(&bigger, i) = *at(s, i);
    free(s->ring);
    *s = bigger;
    return 0;
}

int span_add(struct span *s, int64_t offset, int64_t time_ms, uint64_t *ret_serial)
{
    if (s->count == s->cap && grow(s) < 0)
        return -1;
    s->last = offset;
    *ret_serial = s->first + s->count++;
    *at(s, *ret_serial) = (struct span_entry){.offset = offset, .time_ms = time_ms};
    return 0;
}

void span_finish(struct span *s, uint64_t serial)
{
    at(s, serial)->done = true;
    while (s->count && at(s, s->first)->done) {
        s->next = at(s, s->first)->offset + 1;
        s->moved = true;
        s->first++;
        s->count--;
    }
}

bool span_take(struct span *s, int64_t *ret_next)
{
    if (!s->moved)
        return false;
    s->moved = false;
    *ret_next = s->next;
    return true;
}

int64_t span_oldest_ms(const struct span *s)
{
    return s->count ? at(s, s->first)->time_ms : 0;
}
