/* plain_text.h - text that somebody else wrote, for a terminal: bytes that would steer it are shown
 * as '?'. */
#ifndef WEIR_PLAIN_TEXT_H
#define WEIR_PLAIN_TEXT_H

#include <stdio.h>
#include "buf.h"

void plain_put(FILE *to, struct slice text);
/* The same in place; line feeds stay. */
void plain_lines(struct buf *text);

#endif
