/* near_name.h - the name somebody may have meant. For lib/event only. */
#ifndef WEIR_NEAR_NAME_H
#define WEIR_NEAR_NAME_H

#include "slice.h"

/* Keeps the nearest so far; a name that shares little with what was written helps nobody. */
struct near_name {
    struct slice wanted;
    unsigned distance;
    const char *name; /* NULL: none is near */
};
struct near_name near_name_of(struct slice wanted);
void near_name_try(struct near_name *n, const char *name);

#endif
