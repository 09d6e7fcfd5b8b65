/* dict.h - a bounded hash table from bytes to a 64-bit value (a number or a pointer).
 *
 * The dict owns copies of its keys; values are the caller's. Lookups do not allocate. Keys come
 * from outside the process, so the hash is seeded per dict: nobody can aim at one bucket. */
#ifndef WEIR_DICT_H
#define WEIR_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "slice.h"

struct dict_slot;

struct dict {
    struct dict_slot *slots;
    size_t count, cap, max;
    uint64_t seed;
};

/* At most max entries. Takes no memory yet. */
void dict_init(struct dict *d, size_t max);
/* Frees keys and table; a dict that is all zero is fine. */
void dict_fini(struct dict *d);
/* Points to the value, or NULL. Valid until the next put or delete. */
uint64_t *dict_get(const struct dict *d, struct slice key);
/* The value of key, put in as 0 where it was absent (*ret_new says so; may be NULL). NULL when full
 * or without memory. */
uint64_t *dict_put(struct dict *d, struct slice key, bool *ret_new);
/* True when it was there. */
bool dict_delete(struct dict *d, struct slice key);
/* Walks all entries in no order: start with *at = 0, false at the end. Do not change the dict in
 * between. */
bool dict_next(const struct dict *d, size_t *at, struct slice *ret_key, uint64_t *ret_value);

#endif
