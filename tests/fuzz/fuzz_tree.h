/* fuzz_tree.h - a JSON tree as text, for targets that read what was written again. */
#ifndef WEIR_FUZZ_TREE_H
#define WEIR_FUZZ_TREE_H

#include <assert.h>
#include "json.h"

/* The caller ends out with buf_fini. */
static inline void fuzz_write_tree(const struct json *tree, struct buf *out)
{
    struct json_writer *w;
    struct err err;
    buf_init(out, 64 << 20);
    if (json_writer_open(out, &w, &err))
        return;
    json_tree(w, tree);
    json_writer_close(w);
    assert(buf_ok(out));
}

#endif
