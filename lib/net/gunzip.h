/* gunzip.h - the content of a gzip body (RFC 1952, Content-Encoding: gzip), never more of it than
 * was said; zlib is used only here. */
#ifndef WEIR_GUNZIP_H
#define WEIR_GUNZIP_H

#include "buf.h"
#include "err.h"

/* Appends what `bytes` holds (one or several members, to the end) to out. ERR_INPUT: no gzip, cut
 * short, something behind it; ERR_LIMIT: more than out may take (found out within that memory). */
int gunzip(struct slice bytes, struct buf *out, struct err *reterr);

#endif
