/* hl7_utf8.h - strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef WEIR_HL7_UTF8_H
#define WEIR_HL7_UTF8_H

#include "slice.h"

/* Bytes in front of the first one of 0x80 or above. */
size_t hl7_utf8_ascii(struct slice s);
bool hl7_utf8_valid(struct slice s);
/* Length of the sequence at the front of s (not empty); 0 where it is none, then *ret_bad is the
 * number of bytes that one U+FFFD stands for. */
size_t hl7_utf8_step(struct slice s, size_t *ret_bad);
/* Writes a code point up to U+FFFF; to has room for 3. Returns the end. */
char *hl7_utf8_put(char *to, unsigned code);

#endif
