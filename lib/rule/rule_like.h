/* rule_like.h - the patterns of LIKE: % any run, _ one character, \% and \_ themselves (internal to
 * lib/rule). */
#ifndef WEIR_RULE_LIKE_H
#define WEIR_RULE_LIKE_H

#include <stdbool.h>
#include "arena.h"

/* Bytes that no UTF-8 text holds stand for the wildcards of a compiled pattern. */
enum { RULE_LIKE_RUN = 0xff, RULE_LIKE_ONE = 0xfe };

/* Absent when the arena is full. */
struct slice rule_like_compile(struct slice pattern, struct arena *arena);
/* Takes from *steps what it costs; false with *steps 0 when they did not suffice. */
bool rule_like(struct slice text, struct slice compiled, long *steps);

#endif
