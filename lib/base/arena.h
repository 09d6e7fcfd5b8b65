/* arena.h - bounded bump memory: everything that one message needs, freed at once.
 *
 * The arena owns every block it gave out; none is freed singly. An allocation past the limit
 * returns NULL and sets a sticky mark, so that a caller may write on and test once: the message
 * fails, the process lives. */
#ifndef WEIR_ARENA_H
#define WEIR_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include "slice.h"

struct arena_block;

struct arena {
    struct arena_block *first, *now; /* the first 256 KiB are kept over a reset */
    size_t used;                     /* bytes given out since the last reset, all blocks */
    size_t max;                      /* bytes that may be given out */
    bool overflow;                   /* sticky: something was refused since the last reset */
};

/* max in bytes. Takes no memory until the first allocation. */
void arena_init(struct arena *a, size_t max);
/* Frees all; an arena that is all zero is fine. */
void arena_fini(struct arena *a);
/* Forgets what was given out; keeps up to 256 KiB, so that message after message takes no memory.
 */
void arena_reset(struct arena *a);
/* n bytes aligned for any type, not cleared; NULL (and overflow) past the limit or without memory.
 */
void *arena_alloc(struct arena *a, size_t n);
/* As arena_alloc of count * size, cleared; refuses a product that overflows. */
void *arena_zalloc(struct arena *a, size_t count, size_t size);
/* A copy of s with a NUL behind it; absent stays absent; absent with overflow set when there is no
 * room. */
struct slice arena_copy(struct arena *a, struct slice s);
/* a, between and b behind each other, with a NUL behind; absent with overflow set when there is no
 * room. */
struct slice arena_join(struct arena *arena, struct slice a, struct slice between, struct slice b);
/* Formatted text with a NUL behind it; absent with overflow set when there is no room. */
struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
