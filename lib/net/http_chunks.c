#include "http_chunks.h"

#include <stdbool.h>

enum { DIGITS_MAX = 15, UNWANTED_MAX = 8192 };

enum state {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE,    /* at the begin of a trailer, or of the empty line that ends all */
    TRAILER, /* within one */
    TRAILER_LF,
    END_LF,
    BAD,
};

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum state on_size(struct http_chunks *c, char at)
{
    int digit = hex(at);
    if (digit >= 0 && c->digits < DIGITS_MAX) {
        c->left = c->left * 16 + (unsigned)digit;
        c->digits++;
        return SIZE;
    }
    if (!c->digits || (at != ';' && at != '\r'))
        return BAD;
    return at == ';' ? EXTENSION : SIZE_LF;
}

/* Of an extension or a trailer: up to its CR. */
static enum state on_text(struct http_chunks *c, char at, enum state same, enum state next)
{
    if (at == '\r')
        return next;
    bool control = ((unsigned char)at < ' ' && at != '\t') || at == 0x7f;
    return control || ++c->unwanted > UNWANTED_MAX ? BAD : same;
}

static enum state on_line(struct http_chunks *c, char at)
{
    if (at == '\r')
        return END_LF;
    return at == ' ' || at == '\t' || at == ':' ? BAD : on_text(c, at, TRAILER, TRAILER_LF);
}

/* One byte that is not of the data. */
static enum state step(struct http_chunks *c, char at)
{
    switch ((enum state)c->state) {
    case SIZE:
        return on_size(c, at);
    case EXTENSION:
        return on_text(c, at, EXTENSION, SIZE_LF);
    case SIZE_LF:
        return at != '\n' ? BAD : c->left ? DATA : LINE;
    case DATA_CR:
        return at == '\r' ? DATA_LF : BAD;
    case DATA_LF:
        c->digits = 0;
        return at == '\n' ? SIZE : BAD;
    case LINE:
        return on_line(c, at);
    case TRAILER:
        return on_text(c, at, TRAILER, TRAILER_LF);
    case TRAILER_LF:
        return at == '\n' ? LINE : BAD;
    default:
        return BAD;
    }
}

static enum http_chunk_step give_data(struct http_chunks *c, struct slice *bytes,
                                      struct slice *ret_data)
{
    size_t n = bytes->n < c->left ? bytes->n : (size_t)c->left;
    *ret_data = slice_sub(*bytes, 0, n);
    *bytes = slice_sub(*bytes, n, bytes->n);
    c->left -= n;
    if (!c->left)
        c->state = DATA_CR;
    return HTTP_CHUNK_DATA;
}

enum http_chunk_step http_chunks_next(struct http_chunks *c, struct slice *bytes,
                                      struct slice *ret_data)
{
    while (bytes->n) {
        if (c->state == DATA)
            return give_data(c, bytes, ret_data);
        char at = bytes->p[0];
        bool ends = c->state == END_LF && at == '\n';
        *bytes = slice_sub(*bytes, 1, bytes->n);
        if (ends)
            return HTTP_CHUNK_END;
        c->state = step(c, at);
        if (c->state == BAD)
            return HTTP_CHUNK_BAD;
        if (c->state == DATA)
            return HTTP_CHUNK_SIZE;
    }
    return HTTP_CHUNK_MORE;
}
