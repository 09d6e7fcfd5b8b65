/* buf.h - a growing writer with a limit and one sticky error.
 *
 * The buf owns its bytes until buf_fini. After a failure (limit, no memory) every write does
 * nothing and buf_ok() is false: write straight down, test once. */
#ifndef WEIR_BUF_H
#define WEIR_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include "slice.h"

struct buf {
    char *p;
    size_t n, cap, max;
    bool failed;
};

/* max in bytes; takes no memory yet. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
/* Empties, clears the error, keeps the memory. */
void buf_reset(struct buf *b);
static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}
/* What was written; valid until the next write. */
static inline struct slice buf_slice(const struct buf *b)
{
    return slice_make(b->p ? b->p : "", b->n);
}
/* Room for n more bytes, not yet counted; NULL on failure. */
char *buf_reserve(struct buf *b, size_t n);
void buf_put(struct buf *b, struct slice s);
void buf_putc(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Drops the first n bytes and moves the rest to the front. */
void buf_drop(struct buf *b, size_t n);
/* A C string of what was written (a NUL behind, not counted); "" on failure. */
const char *buf_cstr(struct buf *b);

#endif
