/* Map files: whatever is fed is compiled or refused with a place; the shipped maps stand below it,
 * so that the bytes are an overlay. */
#include <stdint.h>
#include <stdlib.h>
#include "map_compile.h"
#include "map_feed.h"
#include "map_place_rule.h"
#include "map_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct err err = {0};
    /* The input would choose which files are opened. */
    if (size == 0 || memmem(data, size, "include", 7) || memmem(data, size, "_files", 6))
        return 0;
    arena_init(&arena, 16 << 20);
    struct map_tree tree = {.arena = &arena};
    if (map_tree_add_folder(&tree, WEIR_ROOT "/adapters/acute", &err) < 0)
        abort();
    struct site_tables *tables = NULL;
    if (map_tree_add_text(&tree, slice_make((const char *)data, size), "fuzz", &err) == 0 &&
        site_tables_open(NULL, NULL, NULL, yaml_get(tree.root, "tables"), &tables, &err) == 0) {
        struct map_compiler c = {.arena = &arena, .tables = tables, .root = tree.root};
        struct map map = {0};
        const struct map_place_rules *places;
        struct map_feed feed;
        if ((map_place_rules_compile(&c, yaml_get(tree.root, "places"), ~0U, &places, &err) < 0 ||
             map_feed_compile(&c, &feed, &err) < 0 || map_compile(&c, &map, &err) < 0) &&
            !err.text[0])
            abort();
    }
    site_tables_close(tables);
    arena_fini(&arena);
    return 0;
}
