/* utf16.h - UTF-16 as it arrives, as UTF-8 (RFC 2781).
 *
 * The input may be split anywhere. What is no UTF-16 (half of a surrogate pair, an odd byte at the
 * end) becomes U+FFFD. Owns nothing. */
#ifndef WEIR_UTF16_H
#define WEIR_UTF16_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"

struct utf16 {
    bool big; /* the first byte of two is the higher one */
    bool odd; /* one byte of two was seen: `first` */
    unsigned char first;
    uint16_t high; /* of a surrogate pair; 0: none */
};

/* Whether a text begins with the byte order mark of UTF-16, and not of UTF-32; *ret is ready for it
 * then. Four bytes tell. */
bool utf16_begins(struct slice text, struct utf16 *ret);
/* Writes bytes that follow those before, the mark as any other letter. At most three bytes for each
 * two. */
void utf16_write(struct utf16 *u, struct slice bytes, struct buf *to);
/* Nothing follows. */
void utf16_end(struct utf16 *u, struct buf *to);

#endif
