/* map_place.h - PL locations (HL7 v2.5.1 §2.A.53) as the source's layout says, and what kind of
 * place the tables make of them. */
#ifndef WEIR_MAP_PLACE_H
#define WEIR_MAP_PLACE_H

#include "map_run.h"

enum { MAP_PL_MAX = 16 };

/* Compiles a layout, "ward^bay^bed^site": what PL.1, PL.2, … hold; an empty part is not read.
 * Absent: ward^bay^bed^site^status^type^building^floor^description. Names are those of the event's
 * location. ERR_CONF. */
int map_pl_compile(struct slice layout, unsigned char ret[MAP_PL_MAX], unsigned *ret_n,
                   struct err *reterr);
/* Every key of table location is site/ward and every value a kind of place that an event may name:
 * anything else would never be found, and nobody would be told. NULL is fine. ERR_CONF with place.
 */
int map_locations_check(const struct site_table *locations, struct err *reterr);
/* Sets the location f from one PL as sent: its parts, group by table location (site/ward) and
 * bed_class by the table of that name. False, and nothing is set, where nothing was sent. */
bool map_place_set(struct map_run *run, const struct map_field *f, struct slice pl);
/* The same from a text of a tree, whose parts have "^" between them, */
bool map_place_set_text(struct map_run *run, const struct map_field *f, struct slice text);
/* or from a value for each part (by enum map_place_part, MAP_PLACE_SENT of them): raw is that of
 * its own value, else all of them with "^" between. */
bool map_place_set_parts(struct map_run *run, const struct map_field *f,
                         const struct map_value *values);

#endif
