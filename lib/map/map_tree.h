/* map_tree.h - map files read and laid over each other: one YAML tree per source.
 *
 * A later file adds to an earlier one; what it names again it replaces, and what it sets to nothing
 * (~) it takes out. Within a trigger this goes down to the single field of an event; a field's
 * value, a list of tests and a time rule are replaced whole. Nodes keep the file and line where
 * they were written. The tree lives in the arena given. */
#ifndef WEIR_MAP_TREE_H
#define WEIR_MAP_TREE_H

#include "conf.h"
#include "yaml.h"

struct map_tree {
    struct arena *arena;
    struct yaml *root;  /* map of sections; NULL before the first file */
    const char **files; /* read so far, so that none is read twice */
    unsigned nfiles;
    struct conf_texts table_files; /* CSV files that the map files name, absolute */
};

/* Lays a file over the tree, after those that its `include:` names (from its own folder). A file
 * that is in already is skipped. ERR_CONF with position, ERR_IO. */
int map_tree_add(struct map_tree *t, const char *file, struct err *reterr);
/* As map_tree_add, from text that is called `file`. */
int map_tree_add_text(struct map_tree *t, struct slice text, const char *file, struct err *reterr);
/* All *.yaml of a folder, in the order of their names. ERR_CONF when there is none. */
int map_tree_add_folder(struct map_tree *t, const char *folder, struct err *reterr);

#endif
