/* http_chunks.h - the body of a message in chunks (RFC 9112 §7.1), to the letter: a lone LF, blanks
 * behind a size or a folded trailer are read differently by different servers, and are refused.
 * Extensions and trailers are passed over, and are bounded. */
#ifndef WEIR_HTTP_CHUNKS_H
#define WEIR_HTTP_CHUNKS_H

#include <stdint.h>
#include "slice.h"

enum http_chunk_step {
    HTTP_CHUNK_MORE, /* all bytes are done with */
    HTTP_CHUNK_SIZE, /* a chunk begins: that many bytes stand in left */
    HTTP_CHUNK_DATA, /* a piece of one */
    HTTP_CHUNK_END,  /* the body is whole; what is left of bytes is behind it */
    HTTP_CHUNK_BAD,
};

/* All zero is the beginning of a body. */
struct http_chunks {
    int state;
    unsigned digits;   /* of the size */
    uint64_t left;     /* bytes of the chunk */
    unsigned unwanted; /* bytes of extensions and trailers so far */
};

/* Takes from the front of *bytes; *ret_data, after HTTP_CHUNK_DATA, is a part of them. */
enum http_chunk_step http_chunks_next(struct http_chunks *c, struct slice *bytes,
                                      struct slice *ret_data);

#endif
