/* map_table.h - tables by name: the site's first, then what the maps themselves ship as a default.
 *
 * A key is parts joined by "/"; "*" alone stands for any one part (site_tables.h). The tables
 * borrow the site's and live in the arena given. */
#ifndef WEIR_MAP_TABLE_H
#define WEIR_MAP_TABLE_H

#include "site_tables.h"

struct map_table;
struct map_tables;

/* shipped: the section `tables:` of the maps (a map of maps), or NULL. ERR_CONF with position. */
int map_tables_open(const struct site_tables *site, const struct yaml *shipped, struct arena *arena,
                    struct map_tables **ret, struct err *reterr);
/* NULL is fine. */
void map_tables_close(struct map_tables *t);
/* NULL where neither the site nor the maps have one of that name. */
const struct map_table *map_table_find(struct map_tables *t, struct slice name);
/* As map_table_find; an empty table where there is none, NULL only without memory. */
const struct map_table *map_table_have(struct map_tables *t, struct slice name);
/* Absent when nothing fits. Does not allocate. */
struct slice map_table_get(const struct map_table *t, struct slice key);
/* Of parts that are joined here; absent also when they are too long for a key. */
struct slice map_table_get_parts(const struct map_table *t, const struct slice *parts, unsigned n);

#endif
