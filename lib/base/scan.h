/* scan.h - a short text of ours taken apart from front to back, such as a path: what is taken moves
 * `at`, and where something is wrong `at` stays there. Borrows the text, the arena and the error.
 */
#ifndef WEIR_SCAN_H
#define WEIR_SCAN_H

#include "arena.h"
#include "err.h"

struct scan {
    struct slice text;
    size_t at;
    struct arena *arena;
    struct err *err; /* ERR_CONF */
};

/* Fills the error; returns -1. */
int scan_fail(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Takes the character, the word; false where something else stands there. */
bool scan_take(struct scan *s, char want);
bool scan_word(struct scan *s, struct slice word);
void scan_blanks(struct scan *s);
/* A number from 1 to max, max below 100000000; false, and nothing is taken, for anything else. */
bool scan_number(struct scan *s, unsigned max, unsigned *ret);
/* A text in single quotes, a quote in it written twice; in the arena. -1 with the error filled. */
int scan_quoted(struct scan *s, struct slice *ret);

#endif
