/* map_field.h - fields of events and where their values come from: `fields:` of a map. */
#ifndef WEIR_MAP_FIELD_H
#define WEIR_MAP_FIELD_H

#include "map_compile.h"

/* Appends the fields of a map of names to fields[*n…max) (max is enough for all). A name that is
 * there already is replaced in its place. ERR_CONF with position. */
int map_fields_compile(struct map_compiler *c, const struct yaml *node, struct map_field *fields,
                       unsigned *n, struct err *reterr);

/* What a value may look at beside paths. */
enum map_value_may {
    MAP_VALUE_ALONE,     /* no event is made yet: `when:` on paths */
    MAP_VALUE_OF_PERSON, /* `when:` */
    MAP_VALUE_OF_EVENT,  /* and what stands in the event so far */
};

/* A text as a field reads one: a path, {path: …, table: …}, {const: …}, or a list of such. ERR_CONF
 * with position. */
int map_value_compile(struct map_compiler *c, const struct yaml *node, enum map_value_may may,
                      struct map_value *ret, struct err *reterr);

#endif
