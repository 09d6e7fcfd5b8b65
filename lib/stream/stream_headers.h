/* stream_headers.h - the headers of a record as one run of bytes, as the engines keep them.
 *
 * Each header is: name length, value length (32 bit, little-endian), name, value. */
#ifndef WEIR_STREAM_HEADERS_H
#define WEIR_STREAM_HEADERS_H

#include <stddef.h>
#include "stream.h"

/* Bytes that n headers take. */
size_t stream_headers_size(const struct stream_header *h, unsigned n);
/* Writes them to out, which has stream_headers_size bytes. */
void stream_headers_write(const struct stream_header *h, unsigned n, char *out);
/* Views into `bytes`; returns how many, or -1 where these are not headers as written above. */
int stream_headers_read(struct slice bytes, struct stream_header out[STREAM_HEADERS_MAX]);

#endif
