#include "near_name.h"

enum { NEAR_MAX = 96 };

/* Edits that make b of a (Levenshtein); NEAR_MAX where either is too long to be a name. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned row[NEAR_MAX + 1];
    if (a.n >= NEAR_MAX || b.n >= NEAR_MAX)
        return NEAR_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 0; i < a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (unsigned j = 0; j < b.n; j++) {
            unsigned best = diagonal + (a.p[i] != b.p[j]);
            diagonal = row[j + 1];
            if (diagonal + 1 < best)
                best = diagonal + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[b.n];
}

struct near_name near_name_of(struct slice wanted)
{
    return (struct near_name){.wanted = wanted, .distance = (unsigned)(2 + wanted.n / 3)};
}

void near_name_try(struct near_name *n, const char *name)
{
    unsigned d = distance(n->wanted, slice_str(name));
    if (d < n->distance) {
        n->distance = d;
        n->name = name;
    }
}
