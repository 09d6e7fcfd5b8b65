#include "yaml.h"

enum { WORD_MAX = 64 };

static char fold(char c)
{
    if (c == '-')
        return '_';
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edits (insert, delete, replace, swap of neighbours) from a to b; case and "-" for "_" are free.
 */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *last = rows[1], *now = rows[2];
    for (unsigned j = 0; j <= b.n; j++)
        last[j] = before[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        now[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            char x = fold(a.p[i - 1]), y = fold(b.p[j - 1]);
            now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == fold(b.p[j - 2]) && fold(a.p[i - 2]) == y &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        unsigned *spare = before;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n];
}

const char *yaml_nearest(struct slice word, const char *const *candidates, unsigned n)
{
    const char *best = NULL;
    unsigned best_distance = 0;
    if (word.n == 0 || word.n > WORD_MAX)
        return NULL;
    for (unsigned i = 0; i < n; i++) {
        struct slice c = slice_str(candidates[i]);
        if (c.n > WORD_MAX)
            continue;
        unsigned d = distance(word, c);
        /* A third of the longer word may differ: more is another word. */
        if (d <= (word.n > c.n ? word.n : c.n) / 3 + (word.n <= 3) &&
            (!best || d < best_distance)) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}
