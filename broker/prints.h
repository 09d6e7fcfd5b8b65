/* prints.h - a set of prints (the first bytes of a hash), each with the hour in which it was seen,
 * and some bytes beside it.
 *
 * One table in small shards, each cleaned when it fills, so that no caller waits for a large one:
 * what is older than twice the window goes first, then, where the maximum is too small for the
 * window, the oldest: by the hour, and within that any. */
#ifndef WEIR_PRINTS_H
#define WEIR_PRINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

enum { PRINT_BYTES = 14, PRINT_KEY_MIN = 9 };

struct print {
    unsigned char bytes[PRINT_BYTES]; /* the key, and what stands beside it; all zero = free */
    uint16_t hour;                    /* since 1970, its low bits: good for seven years */
};
struct prints;

/* Prints whose first `key` bytes (PRINT_KEY_MIN or more, never all zero) tell them apart: at most
 * max of them (a few thousand at least), within window_ms. */
int prints_open(unsigned key, int64_t window_ms, size_t max, struct prints **ret,
                struct err *reterr);
void prints_close(struct prints *p);
/* The one with the same key; NULL: none. Until the next prints_add; all but its key may change. */
struct print *prints_find(const struct prints *p, const unsigned char bytes[PRINT_BYTES]);
/* Adds one that is not there; without memory it is forgotten. */
void prints_add(struct prints *p, const unsigned char bytes[PRINT_BYTES], int64_t wall_ms);
/* Whether it was seen within the window. One from the future was: the clock was set. */
bool prints_recent(const struct prints *p, const struct print *at, int64_t wall_ms);
uint16_t prints_hour(int64_t wall_ms);
size_t prints_count(const struct prints *p);
/* Forgotten within the window because max was reached. */
uint64_t prints_forgotten(const struct prints *p);

#endif
