#include "gunzip.h"

#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

enum { STEP = 16384, GZIP_ONLY = 16 };

static int fill(z_stream *z, struct buf *out, struct err *reterr)
{
    size_t room = out->max - out->n < STEP ? out->max - out->n + 1 : STEP;
    unsigned char piece[STEP + 1];
    z->next_out = piece;
    z->avail_out = (uInt)room;
    int rc = inflate(z, Z_NO_FLUSH);
    size_t n = room - z->avail_out;
    if (rc != Z_OK && rc != Z_STREAM_END)
        return err_set(reterr, ERR_INPUT, "the gzip body is damaged or cut short");
    if (n > out->max - out->n)
        return err_set(reterr, ERR_LIMIT, "the gzip body holds more than %zu bytes", out->max);
    buf_put(out, slice_make((const char *)piece, n));
    if (!buf_ok(out))
        return err_set(reterr, ERR_NOMEM, "no memory for a gzip body");
    if (rc == Z_STREAM_END && z->avail_in && inflateReset(z) != Z_OK)
        return err_set(reterr, ERR_INPUT, "the gzip body is damaged");
    return rc == Z_STREAM_END && !z->avail_in;
}

int gunzip(struct slice bytes, struct buf *out, struct err *reterr)
{
    z_stream z = {0};
    int rc = 0;
    if (!bytes.n || bytes.n > INT_MAX)
        return err_set(reterr, ERR_INPUT, "the gzip body is empty or too long");
    if (inflateInit2(&z, GZIP_ONLY + MAX_WBITS) != Z_OK)
        return err_set(reterr, ERR_NOMEM, "no memory for a gzip body");
    z.next_in = (const Bytef *)bytes.p;
    z.avail_in = (uInt)bytes.n;
    while (rc == 0)
        rc = fill(&z, out, reterr);
    inflateEnd(&z);
    return rc < 0 ? -1 : 0;
}
