/* fuzz_path: a path on the first line, a message behind it. What compiles can be asked, and all
 * values agree with the first. */
#include <stdint.h>
#include <stdlib.h>
#include "hl7_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct first {
    struct slice value;
    unsigned n;
};

static bool keep_first(struct slice repetition, struct slice value, void *arg)
{
    struct first *first = arg;
    if (!slice_present(repetition))
        abort();
    if (first->n++ == 0)
        first->value = value;
    return true;
}

static void ask(const struct hl7_path *p, struct slice raw, struct arena *arena)
{
    static const struct hl7_limits limits = {.segments = 200, .fields = 2000};
    struct hl7_msg m;
    struct err err;
    if (hl7_msg_parse(raw, &limits, arena, &m, &err) < 0)
        return;
    struct hl7_scope head = {.end = 1};
    struct hl7_scope scopes[] = {{.end = 0},
                                 {.first = 1, .end = 2, .above = &head},
                                 {.first = 2, .end = 99, .above = &head}};
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        struct first first = {SLICE_ABSENT, 0};
        struct slice got = hl7_path_get(p, &m, scopes[i]);
        hl7_path_each(p, &m, scopes[i], keep_first, &first);
        if (got.p != first.value.p || got.n != first.value.n)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_make((const char *)data, size);
    struct slice text = size ? slice_split(&rest, '\n') : SLICE("");
    const struct hl7_path *p;
    struct arena arena;
    struct err err;
    size_t at = 0;
    arena_init(&arena, (size_t)1 << 20);
    if (hl7_path_compile(text, &arena, &p, &at, &err) == 0) {
        if (!slice_eq(hl7_path_text(p), text))
            abort();
        if (slice_present(rest))
            ask(p, rest, &arena);
    } else if (at > text.n) {
        abort();
    }
    arena_fini(&arena);
    return 0;
}
