/* map_compile.h - the merged tree of map files turned into numbers, with every name checked:
 * event types and fields by the schema, paths, tables, functions, code tables, time rules. */
#ifndef WEIR_MAP_COMPILE_H
#define WEIR_MAP_COMPILE_H

#include "map_model.h"
#include "site_tables.h"
#include "yaml.h"

struct map_compiler {
    struct arena *arena;        /* of the map */
    bool tree;                  /* paths are of a tree (json_path.h), not of HL7 v2 */
    bool records;               /* of JSON or CSV: a trigger may say key: (map_key.h) */
    struct site_tables *tables; /* what `table:` may name */
    const struct yaml *root;
    const struct map_time *times;
    unsigned ntimes;
    bool *group_used; /* by the place of the group under groups: */
};

/* Compiles the whole tree. ERR_CONF with file:line:column and what would be right. The map lives in
 * the compiler's arena. */
int map_compile(struct map_compiler *c, struct map *ret, struct err *reterr);

/* A path where it stands in a file. */
int map_compile_path(struct map_compiler *c, const struct yaml *node, union map_path *ret,
                     struct err *reterr);
/* One path, or a list of them. */
int map_compile_paths(struct map_compiler *c, const struct yaml *node, const union map_path **ret,
                      unsigned *ret_n, struct err *reterr);
/* A table by name. */
int map_compile_table(struct map_compiler *c, const struct yaml *node,
                      const struct site_table **ret, struct err *reterr);
#define MAP_TABLE_OR_GROUP                                                                         \
    "table: and group: do not go together: a table of the site with the name of the code table "   \
    "says which of its codes another one means"
/* A leaf of the event by its path. */
int map_compile_leaf(const struct yaml *node, unsigned *ret, struct err *reterr);
/* Refuses a key of the map `node` that is not among names (NULL-terminated). */
int map_compile_keys(const struct yaml *node, const char *const *names, struct err *reterr);
/* n of size in the arena, cleared; an error when that is full. */
void *map_compile_alloc(struct map_compiler *c, unsigned n, size_t size, struct err *reterr);

#endif
