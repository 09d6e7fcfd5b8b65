/* map_because.h - why a part of a map gave what it gave, in words: what the message says at each
 * place that was looked at. For translate_explain.h; values of the patient stand in it.
 *
 * Reads the run as it is at that step and leaves it so, but for its arena. */
#ifndef WEIR_MAP_BECAUSE_H
#define WEIR_MAP_BECAUSE_H

#include "buf.h"
#include "map_run.h"

/* `PV1-2.1 "E", group patient_class`: what a source took, and what no table makes of it. */
void map_because_taken(struct buf *out, struct map_run *run, const struct map_field *f,
                       const struct map_source *s);
/* `PV1-18.1 is not sent`: why a source gave nothing. */
void map_because_nothing(struct buf *out, struct map_run *run, const struct map_field *f,
                         const struct map_source *s);
/* `{path: PV1-2.1, is: R}: PV1-2.1 is "I"`: the first test that does not hold. */
void map_because_when(struct buf *out, struct map_run *run, const struct map_tests *tests);
/* `PV1-44.1 is not sent`, `PV1-44.1 is "2026", which is no time`. */
void map_because_step(struct buf *out, struct map_run *run, const struct map_time_step *step);
/* A part of a map as it could be written on one line. */
void map_because_written(struct buf *out, const struct yaml *node);
/* `PV1-44.1 "20260302061100"`. */
void map_because_path(struct buf *out, struct map_run *run, union map_path path);

#endif
