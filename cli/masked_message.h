/* masked_message.h - the shape of a message without what it says: for eyes that may not see who it
 * is about. */
#ifndef WEIR_MASKED_MESSAGE_H
#define WEIR_MASKED_MESSAGE_H

#include <stdio.h>
#include "slice.h"

/* Prints the segments one a line: ids and delimiters as they are, every letter and digit of a value
 * as "x" or "9". Of MSH the fields that name systems, types and versions are shown (3 to 6, 9, 11,
 * 12); MSH-7 and MSH-10 are not. */
void masked_message_print(struct slice message, FILE *to);

#endif
