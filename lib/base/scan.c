#include "scan.h"

#include <stdarg.h>

int scan_fail(struct scan *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vfill(s->err, ERR_CONF, fmt, ap);
    va_end(ap);
    return -1;
}

bool scan_take(struct scan *s, char want)
{
    if (s->at == s->text.n || s->text.p[s->at] != want)
        return false;
    s->at++;
    return true;
}

bool scan_word(struct scan *s, struct slice word)
{
    if (!slice_starts(slice_sub(s->text, s->at, s->text.n), word))
        return false;
    s->at += word.n;
    return true;
}

void scan_blanks(struct scan *s)
{
    while (scan_take(s, ' '))
        continue;
}

bool scan_number(struct scan *s, unsigned max, unsigned *ret)
{
    size_t start = s->at;
    unsigned v = 0;
    while (s->at < s->text.n && s->text.p[s->at] >= '0' && s->text.p[s->at] <= '9' && v <= max)
        v = v * 10 + (unsigned)(s->text.p[s->at++] - '0');
    if (v >= 1 && v <= max) {
        *ret = v;
        return true;
    }
    s->at = start;
    return false;
}

int scan_quoted(struct scan *s, struct slice *ret)
{
    if (!scan_take(s, '\''))
        return scan_fail(s, "a text in single quotes is wanted here");
    size_t start = s->at, n = 0;
    char *out = arena_alloc(s->arena, s->text.n - start + 1);
    if (!out)
        return scan_fail(s, "no room for this path");
    while (s->at < s->text.n) {
        char ch = s->text.p[s->at++];
        if (ch == '\'' && !scan_take(s, '\'')) {
            *ret = slice_make(out, n);
            return 0;
        }
        out[n++] = ch;
    }
    s->at = start - 1;
    return scan_fail(s, "the quote that opens here is never closed");
}
