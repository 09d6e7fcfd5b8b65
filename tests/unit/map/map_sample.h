/* map_sample.h - what the tests of lib/map share: a map from text, compiled without a site. */
#ifndef WEIR_MAP_SAMPLE_H
#define WEIR_MAP_SAMPLE_H

#include <check.h>
#include "map_compile.h"
#include "map_tree.h"

struct sample {
    struct arena arena;
    struct map_tree tree;
    struct site_tables *tables;
    struct map map;
    struct err err;
};

void sample_open(struct sample *s);
/* Lays text over what was read before; -1 with s->err. */
int sample_add(struct sample *s, const char *text);
/* Compiles what was read; -1 with s->err. */
int sample_compile(struct sample *s);
/* The same as a map for JSON. */
int sample_compile_tree(struct sample *s);
void sample_close(struct sample *s);
/* The trigger of that name, or NULL. */
const struct map_trigger *sample_trigger(const struct sample *s, const char *name);

Suite *adt_suite(void);
Suite *hostile_suite(void);
Suite *map_compile_suite(void);
Suite *map_docs_suite(void);
Suite *map_group_suite(void);
Suite *map_overlay_suite(void);
Suite *map_table_suite(void);
Suite *sender_suite(void);
Suite *translate_suite(void);
Suite *translate_tree_suite(void);

#endif
