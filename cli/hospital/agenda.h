/* agenda.h - what will happen, the earliest first; what happens at the same second, in the order in
 * which it was planned.
 *
 * The agenda owns its entries (a binary heap). */
#ifndef WEIR_AGENDA_H
#define WEIR_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct agenda_entry {
    int64_t at;     /* seconds since 1970-01-01T00:00:00Z */
    uint64_t order; /* set by agenda_put */
    uint32_t what, who;
};

struct agenda {
    struct agenda_entry *entries;
    size_t n, cap, max;
    uint64_t orders;
};

void agenda_init(struct agenda *a, size_t max);
void agenda_fini(struct agenda *a);
/* False without memory, or past max entries. */
bool agenda_put(struct agenda *a, int64_t at, uint32_t what, uint32_t who);
/* The next entry; false where nothing is planned. */
bool agenda_take(struct agenda *a, struct agenda_entry *ret);

#endif
