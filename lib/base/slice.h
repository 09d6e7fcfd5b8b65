/* slice.h - a view of bytes that somebody else owns.
 *
 * A slice never owns what it points to; it lives as long as the buffer or arena behind it. Bytes
 * are not NUL-terminated. A slice with p == NULL is "absent"; one with p != NULL and n == 0 is
 * "empty". */
#ifndef WEIR_SLICE_H
#define WEIR_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *p;
    size_t n;
};

/* Arguments for printf's "%.*s". */
#define SLICE_ARG(s) (int)(s).n, (s).n ? (s).p : ""
/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_ABSENT ((struct slice){NULL, 0})

static inline struct slice slice_make(const char *p, size_t n)
{
    return (struct slice){p, n};
}

/* View of a C string; absent for NULL. */
static inline struct slice slice_str(const char *s)
{
    return s ? (struct slice){s, strlen(s)} : SLICE_ABSENT;
}

static inline bool slice_present(struct slice s)
{
    return s.p != NULL;
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_eq_str(struct slice a, const char *s)
{
    return slice_eq(a, slice_str(s));
}

/* Bytes [from, to) of s, cut to its ends. */
struct slice slice_sub(struct slice s, size_t from, size_t to);
/* ASCII case is ignored. */
bool slice_ieq(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
/* Orders by bytes, a shorter prefix first: <0, 0, >0 as memcmp. */
int slice_cmp(struct slice a, struct slice b);
/* Index of the first c, or s.n where there is none. */
size_t slice_find(struct slice s, char c);
/* Without blanks (space, tab, CR, LF) at both ends. */
struct slice slice_trim(struct slice s);
/* Takes what stands before the first sep off the front of *s and returns it; *s is absent after the
 * last. */
struct slice slice_split(struct slice *s, char sep);

#endif
