#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "utf8.h"

enum { DEPTH_MAX = 128 };

/* Where the next piece stands decides the one byte of punctuation in front of it. */
struct json_writer {
    struct buf *out;
    uint64_t objects[DEPTH_MAX / 64]; /* levels that are objects, a bit each */
    unsigned depth;
    bool first; /* nothing stands in the innermost object or array yet */
    bool named; /* a name waits for its value */
    bool done;  /* the text is whole */
};

int json_writer_open(struct buf *out, struct json_writer **ret, struct err *reterr)
{
    struct json_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return err_set(reterr, ERR_NOMEM, "no memory for a JSON writer");
    w->out = out;
    *ret = w;
    return 0;
}

void json_writer_close(struct json_writer *w)
{
    free(w);
}

void json_writer_reset(struct json_writer *w)
{
    *w = (struct json_writer){.out = w->out};
}

static inline bool in_object(const struct json_writer *w)
{
    unsigned level = w->depth - 1;
    return w->depth && (w->objects[level / 64] >> level % 64 & 1);
}

/* Room for n bytes behind what is written; NULL when the buf is full. */
static inline char *room(struct buf *out, size_t n)
{
    if (out->failed || n > out->cap - out->n)
        return buf_reserve(out, n);
    return out->p + out->n;
}

static inline void wrote(struct buf *out, const char *end)
{
    out->n = (size_t)(end - out->p);
}

/* What stands in front of a value: NUL for nothing. The asserts are misuse: a value where a name
 * belongs, a second text behind the first. */
static inline char before_value(struct json_writer *w)
{
    assert(!w->done && (w->named || !in_object(w)));
    char c = w->named ? ':' : w->depth && !w->first ? ',' : '\0';
    w->named = w->first = false;
    w->done = w->depth == 0;
    return c;
}

static inline char before_name(struct json_writer *w)
{
    assert(in_object(w) && !w->named);
    char c = w->first ? '\0' : ',';
    w->first = false;
    w->named = true;
    return c;
}

static inline void put_text(struct json_writer *w, char front, const char *bytes, size_t n)
{
    char *p = room(w->out, n + 1);
    if (!p)
        return;
    if (front)
        *p++ = front;
    memcpy(p, bytes, n);
    wrote(w->out, p + n);
}

static inline void put_value(struct json_writer *w, const char *bytes, size_t n)
{
    put_text(w, before_value(w), bytes, n);
}

static void begin(struct json_writer *w, const char *open, bool object)
{
    assert(w->depth < DEPTH_MAX);
    put_value(w, open, 1);
    uint64_t bit = UINT64_C(1) << w->depth % 64;
    if (object)
        w->objects[w->depth / 64] |= bit;
    else
        w->objects[w->depth / 64] &= ~bit;
    w->depth++;
    w->first = true;
    w->done = false;
}

static void end(struct json_writer *w, char close)
{
    assert(!w->named);
    w->depth--;
    w->first = false;
    w->done = w->depth == 0;
    buf_putc(w->out, close);
}

void json_object(struct json_writer *w)
{
    begin(w, "{", true);
}

void json_object_end(struct json_writer *w)
{
    assert(in_object(w));
    end(w, '}');
}

void json_array(struct json_writer *w)
{
    begin(w, "[", false);
}

void json_array_end(struct json_writer *w)
{
    assert(w->depth && !in_object(w));
    end(w, ']');
}

/* RFC 8259 §7 */
static inline bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* Not 0 where one of eight bytes needs an escape, or is no ASCII: the highest bit of such a byte,
 * and perhaps of others. */
static inline uint64_t odd_bytes(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\';
    return (w | (w - ones * 0x20) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) &
           ones * 0x80;
}

/* Copies s, and tells whether it stands for itself in quotes. Most strings do, and are short: eight
 * bytes at a time, the last eight (or four) once more with some that were seen. */
static inline bool copy_plain(char *to, struct slice s)
{
    uint64_t odd = 0, w;
    size_t at = 0;
    for (; at + 8 < s.n; at += 8) {
        memcpy(&w, s.p + at, 8);
        memcpy(to + at, &w, 8);
        odd |= odd_bytes(w);
    }
    if (s.n >= 8) {
        memcpy(&w, s.p + s.n - 8, 8);
        memcpy(to + s.n - 8, &w, 8);
        return !(odd | odd_bytes(w));
    }
    if (s.n >= 4) {
        memcpy(&w, s.p, 4);
        memcpy((char *)&w + 4, s.p + s.n - 4, 4);
        memcpy(to, s.p, 4);
        memcpy(to + s.n - 4, (char *)&w + 4, 4);
        return !odd_bytes(w);
    }
    for (; at < s.n; at++) {
        to[at] = s.p[at];
        odd |= needs_escape((unsigned char)s.p[at]) || (unsigned char)s.p[at] >= 0x80;
    }
    return !odd;
}

static void put_escape(struct buf *out, unsigned char c)
{
    static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = c ? strchr(named, c) : NULL;
    if (at)
        buf_printf(out, "\\%c", letters[at - named]);
    else
        buf_printf(out, "\\u%04X", (unsigned)c);
}

static void put_escaped(struct buf *out, struct slice s)
{
    while (s.n) {
        size_t plain = 0;
        while (plain < s.n && !needs_escape((unsigned char)s.p[plain]))
            plain++;
        buf_put(out, slice_sub(s, 0, plain));
        if (plain == s.n)
            return;
        put_escape(out, (unsigned char)s.p[plain]);
        s = slice_sub(s, plain + 1, s.n);
    }
}

/* A string with escapes, or with bytes that are no UTF-8: each of these becomes U+FFFD. */
static void put_mended(struct buf *out, struct slice s, size_t valid)
{
    buf_putc(out, '"');
    while (buf_ok(out)) {
        put_escaped(out, slice_sub(s, 0, valid));
        if (valid == s.n)
            break;
        buf_puts(out, "\xef\xbf\xbd");
        s = slice_sub(s, valid + 1, s.n);
        valid = utf8_span(s);
    }
    buf_putc(out, '"');
}

/* s in quotes at p, which has room for it as it is. */
static inline void put_quoted(struct buf *out, char *p, struct slice s)
{
    *p = '"';
    if (copy_plain(p + 1, s)) {
        p[s.n + 1] = '"';
        wrote(out, p + s.n + 2);
        return;
    }
    wrote(out, p);
    put_mended(out, s, utf8_span(s));
}

static inline void put_string(struct json_writer *w, char front, struct slice s)
{
    char *p = room(w->out, s.n + 3);
    if (!p)
        return;
    if (front)
        *p++ = front;
    put_quoted(w->out, p, s);
}

void json_key(struct json_writer *w, struct slice name)
{
    put_string(w, before_name(w), name);
}

void json_key_text(struct json_writer *w, struct slice quoted)
{
    put_text(w, before_name(w), quoted.p, quoted.n);
}

void json_string(struct json_writer *w, struct slice s)
{
    put_string(w, before_value(w), s);
}

void json_member(struct json_writer *w, const char *name, struct slice value)
{
    json_key(w, slice_str(name));
    json_string(w, value);
}

void json_member_text(struct json_writer *w, struct slice quoted, struct slice value)
{
    char front = before_name(w), *p = room(w->out, quoted.n + value.n + 4);
    w->named = false;
    if (!p)
        return;
    if (front)
        *p++ = front;
    copy_plain(p, quoted); /* for the copy */
    p += quoted.n;
    *p++ = ':';
    put_quoted(w->out, p, value);
}

void json_number(struct json_writer *w, struct slice digits)
{
    put_value(w, digits.p, digits.n);
}

void json_raw(struct json_writer *w, struct slice value)
{
    put_value(w, value.p, value.n);
}

void json_int(struct json_writer *w, int64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%" PRId64, v);
    put_value(w, text, (size_t)n);
}

void json_bool(struct json_writer *w, bool v)
{
    put_value(w, v ? "true" : "false", v ? 4 : 5);
}

void json_null(struct json_writer *w)
{
    put_value(w, "null", 4);
}

static void write_leaf(struct json_writer *w, const struct json *tree)
{
    switch (tree->kind) {
    case JSON_STRING:
        json_string(w, tree->text);
        break;
    case JSON_NUMBER:
        json_number(w, tree->text);
        break;
    case JSON_BOOL:
        json_bool(w, tree->boolean);
        break;
    default:
        json_null(w);
    }
}

void json_tree(struct json_writer *w, const struct json *tree)
{
    if (tree->kind != JSON_OBJECT && tree->kind != JSON_ARRAY) {
        write_leaf(w, tree);
        return;
    }
    bool object = tree->kind == JSON_OBJECT;
    if (object)
        json_object(w);
    else
        json_array(w);
    for (const struct json *c = tree->child; c; c = c->next) {
        if (object)
            json_key(w, c->name);
        json_tree(w, c);
    }
    if (object)
        json_object_end(w);
    else
        json_array_end(w);
}
