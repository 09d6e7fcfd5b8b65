#include "hl7_add.h"

static bool ends_line(char c)
{
    return c == '\r' || c == '\n';
}

/* The line at the front of *rest with the bytes that end it. */
static struct slice take_line(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->n && !ends_line(rest->p[n]))
        n++;
    while (n < rest->n && ends_line(rest->p[n]))
        n++;
    struct slice line = slice_make(rest->p, n);
    *rest = slice_sub(*rest, n, rest->n);
    return line;
}

struct slice hl7_add_join(struct slice message, char sep, struct arena *arena)
{
    char *out = arena_alloc(arena, message.n), *to = out;
    if (!out)
        return SLICE_ABSENT;
    while (message.n) {
        struct slice line = take_line(&message);
        if (to > out && line.n > 3 && line.p[3] == sep && slice_starts(line, SLICE("ADD"))) {
            while (to > out && ends_line(to[-1]))
                to--;
            line = slice_sub(line, 4, line.n);
        }
        if (line.n)
            memcpy(to, line.p, line.n);
        to += line.n;
    }
    return slice_make(out, (size_t)(to - out));
}
