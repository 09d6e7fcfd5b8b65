/* utf8.h - strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef WEIR_UTF8_H
#define WEIR_UTF8_H

#include "slice.h"

/* Length of the longest valid prefix of s: s.n when all of it is UTF-8. */
size_t utf8_span(struct slice s);

#endif
