#include "rule_like.h"

struct slice rule_like_compile(struct slice pattern, struct arena *arena)
{
    char *out = arena_alloc(arena, pattern.n + 1);
    size_t n = 0;
    if (!out)
        return SLICE_ABSENT;
    for (size_t i = 0; i < pattern.n; i++) {
        char c = pattern.p[i];
        char next = i + 1 < pattern.n ? pattern.p[i + 1] : 0;
        if (c == '\\' && (next == '%' || next == '_'))
            out[n++] = pattern.p[++i];
        else if (c == '%')
            out[n++] = (char)RULE_LIKE_RUN;
        else
            out[n++] = c == '_' ? (char)RULE_LIKE_ONE : c;
    }
    return slice_make(out, n);
}

static size_t char_end(struct slice text, size_t at)
{
    at++;
    while (at < text.n && ((unsigned char)text.p[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* Goes on from the last run when something does not fit: of several runs only the last can matter.
 */
bool rule_like(struct slice text, struct slice compiled, long *steps)
{
    size_t t = 0, p = 0, run_t = 0, run_p = compiled.n;
    bool run = false;
    while (t < text.n) {
        unsigned char want = p < compiled.n ? (unsigned char)compiled.p[p] : 0;
        if (--*steps <= 0) {
            *steps = 0;
            return false;
        }
        if (p < compiled.n && want == RULE_LIKE_RUN) {
            run = true;
            run_p = ++p;
            run_t = t;
            if (p == compiled.n)
                return true;
        } else if (p < compiled.n && want == RULE_LIKE_ONE) {
            t = char_end(text, t);
            p++;
        } else if (p < compiled.n && want == (unsigned char)text.p[t]) {
            t++;
            p++;
        } else if (run) {
            run_t = char_end(text, run_t);
            t = run_t;
            p = run_p;
        } else {
            return false;
        }
    }
    while (p < compiled.n && (unsigned char)compiled.p[p] == RULE_LIKE_RUN)
        p++;
    return p == compiled.n;
}
