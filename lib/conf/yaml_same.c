#include "yaml.h"

static bool same_text(struct slice a, struct slice b)
{
    return slice_present(a) == slice_present(b) && slice_eq(a, b);
}

/* The depth is that of a document that was read: at most YAML_DEPTH_MAX. */
bool yaml_same(const struct yaml *a, const struct yaml *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind != b->kind || a->count != b->count || a->quoted != b->quoted ||
        !same_text(a->text, b->text))
        return false;
    const struct yaml *x = a->child, *y = b->child;
    for (; x && y; x = x->next, y = y->next)
        if (!same_text(x->name, y->name) || !yaml_same(x, y))
            return false;
    return x == y;
}
