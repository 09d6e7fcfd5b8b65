/* map_function.h - the derived values that a map may `call:`, by name. */
#ifndef WEIR_MAP_FUNCTION_H
#define WEIR_MAP_FUNCTION_H

#include "map_run.h"

/* NULL where there is none of that name. */
const struct map_function *map_function_find(struct slice name);
/* The most similar name, or NULL. */
const char *map_function_nearest(struct slice name);

#endif
