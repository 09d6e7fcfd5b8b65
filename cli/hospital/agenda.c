#include "agenda.h"

#include <stdlib.h>

void agenda_init(struct agenda *a, size_t max)
{
    *a = (struct agenda){.max = max};
}

void agenda_fini(struct agenda *a)
{
    free(a->entries);
}

static bool before(const struct agenda_entry *a, const struct agenda_entry *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static bool grow(struct agenda *a)
{
    size_t cap = a->cap ? a->cap * 2 : 1024;
    struct agenda_entry *more = a->n < a->max ? realloc(a->entries, cap * sizeof(*more)) : NULL;
    if (!more)
        return false;
    a->entries = more;
    a->cap = cap;
    return true;
}

bool agenda_put(struct agenda *a, int64_t at, uint32_t what, uint32_t who)
{
    if (a->n >= a->max || (a->n == a->cap && !grow(a)))
        return false;
    struct agenda_entry e = {at, a->orders++, what, who};
    size_t i = a->n++;
    for (; i > 0 && before(&e, &a->entries[(i - 1) / 2]); i = (i - 1) / 2)
        a->entries[i] = a->entries[(i - 1) / 2];
    a->entries[i] = e;
    return true;
}

bool agenda_take(struct agenda *a, struct agenda_entry *ret)
{
    if (a->n == 0)
        return false;
    *ret = a->entries[0];
    struct agenda_entry e = a->entries[--a->n];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < a->n && before(&a->entries[child + 1], &a->entries[child]))
            child++;
        if (child >= a->n || !before(&a->entries[child], &e))
            break;
        a->entries[i] = a->entries[child];
        i = child;
    }
    a->entries[i] = e;
    return true;
}
