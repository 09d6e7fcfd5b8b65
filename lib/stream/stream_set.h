/* stream_set.h - what an engine copies of a record or a position into a block of its own: bytes one
 * behind the other, in one allocation. */
#ifndef WEIR_STREAM_SET_H
#define WEIR_STREAM_SET_H

#include <stddef.h>
#include "stream.h"

/* The copy of s at *at, which moves behind it; what is absent stays absent and takes nothing. */
struct slice stream_set_text(char **at, struct slice s);
/* Bytes that the names of n positions take. */
size_t stream_set_names(const struct stream_position *positions, unsigned n);
/* A position whose names are copied to *at. */
struct stream_position stream_set_position(char **at, const struct stream_position *p);

#endif
