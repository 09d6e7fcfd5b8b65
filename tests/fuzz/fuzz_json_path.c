/* fuzz_json_path: a path on the first line, a tree behind it. What compiles can be asked within its
 * bounds, and the value is one of all. */
#include <stdint.h>
#include <stdlib.h>
#include "json_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LEFT = 100000 };

struct all {
    const struct json *best;
    bool found;
    unsigned n;
};

static bool note(const struct json *list, const struct json *value, void *arg)
{
    struct all *all = arg;
    if (!value || (list && list->kind != JSON_ARRAY))
        abort();
    all->found |= value == all->best;
    return ++all->n < 1000;
}

/* A reference leads back to where it stands: round and round, as far as the path goes. */
static const struct json *round_again(void *arg, const struct json *reference)
{
    return reference->kind == JSON_STRING ? arg : NULL;
}

static void ask(const struct json_path *p, const struct json *root, const struct json_scope *scope)
{
    union {
        const struct json *in;
        void *out;
    } top = {.in = root};
    struct json_view view = {.root = root,
                             .bundle = root,
                             .scope = scope,
                             .resolve = round_again,
                             .arg = top.out,
                             .left = LEFT};
    struct all all = {.best = json_path_get(p, &view)};
    if (view.left > LEFT)
        abort();
    bool whole = view.left > 0;
    view.left = LEFT;
    json_path_each(p, &view, note, &all);
    if (whole && all.best && !all.found && all.n < 1000)
        abort();
    if (json_state_of(all.best) == JSON_IS_ABSENT && slice_present(json_value(all.best)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    struct slice text = size ? slice_split(&rest, '\n') : SLICE("");
    static const struct json_limits limits = {.bytes = 1 << 16, .depth = 64, .values = 4096};
    const struct json_path *p;
    struct json *tree;
    struct arena arena;
    struct err err;
    size_t at = 0;
    arena_init(&arena, (size_t)4 << 20);
    if (json_path_compile(text, &arena, &p, &at, &err) == 0) {
        if (!slice_eq(json_path_text(p), text))
            abort();
        if (slice_present(rest) && json_read(rest, &limits, &arena, &tree, &err) == 0) {
            ask(p, tree, NULL);
            struct json_scope scope = {tree, tree->child, NULL};
            if (tree->child)
                ask(p, tree, &scope);
        }
    } else if (at > text.n) {
        abort();
    }
    arena_fini(&arena);
    return 0;
}
