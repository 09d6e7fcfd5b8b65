/* map_modifier.h - modifierExtension of FHIR: what turns the meaning of an element, so that who
 * does not know it must not use the element (FHIR R4, Extensibility). */
#ifndef WEIR_MAP_MODIFIER_H
#define WEIR_MAP_MODIFIER_H

#include "json.h"
#include "site_tables.h"

/* Looks for one whose url is no key of the table (NULL: none is known) in a resource and what it
 * contains. False: there is none. True: *ret is its place within the resource,
 * ".period.modifierExtension", in the arena; absent where that is full. */
bool map_modifier_find(const struct json *resource, const struct site_table *known,
                       struct arena *arena, struct slice *ret);

#endif
