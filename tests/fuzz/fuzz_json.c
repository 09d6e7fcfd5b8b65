/* fuzz_json.c - any text is a tree or a refusal; what was read is written and read to the same text
 * again. */
#include <stdint.h>
#include "fuzz_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct json *tree, *again;
    struct err err;
    arena_init(&arena, 64 << 20);
    if (json_read(slice_make((const char *)data, size), &json_default_limits, &arena, &tree,
                  &err) == 0) {
        struct buf first, second;
        fuzz_write_tree(tree, &first);
        int rc = json_read(buf_slice(&first), &json_default_limits, &arena, &again, &err);
        assert(rc == 0);
        fuzz_write_tree(again, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
        buf_fini(&first);
        buf_fini(&second);
    }
    arena_fini(&arena);
    return 0;
}
