/* seen.h - which event ids were seen: what a repeat is known by. An id is kept as 14 bytes of its
 * SHA-256 and the hour it was seen (prints.h). */
#ifndef WEIR_SEEN_H
#define WEIR_SEEN_H

#include <stddef.h>
#include <stdint.h>
#include "digest.h"

enum { SEEN_PRINT = 16 };

struct seen;

/* At most max ids (a few thousand at least), within window_ms. */
int seen_open(int64_t window_ms, size_t max, struct seen **ret, struct err *reterr);
void seen_close(struct seen *s);

enum seen_answer {
    SEEN_NEW,
    SEEN_REPEAT, /* within the window */
    SEEN_OLD,    /* before it: passes, flagged; within the window from now on */
};
/* Asks and remembers; print is what has to be written down for it. SEEN_NEW also where there is no
 * memory to remember it. */
enum seen_answer seen_ask(struct seen *s, struct slice id, int64_t wall_ms,
                          unsigned char print[SEEN_PRINT]);
/* Remembers prints that were written down at that time. */
void seen_fold(struct seen *s, struct slice prints, int64_t wall_ms);
size_t seen_count(const struct seen *s);
/* Ids forgotten within the window because max was reached. */
uint64_t seen_forgotten(const struct seen *s);

#endif
