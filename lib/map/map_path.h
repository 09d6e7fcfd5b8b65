/* map_path.h - where a map looks: in an HL7 v2 message (hl7_path.h), or in the tree of a JSON, CSV
 * or FHIR one (json_path.h). All paths of a source are of one kind, that of its format, so that a
 * run knows which and a path need not say it. */
#ifndef WEIR_MAP_PATH_H
#define WEIR_MAP_PATH_H

#include "hl7_path.h"
#include "json_path.h"

struct map_run;

union map_path {
    const struct hl7_path *hl7;
    const struct json_path *tree; /* where run->view is there */
};

/* Whether there is one. */
static inline bool map_path_is(union map_path path)
{
    return path.hl7 != NULL;
}

/* As written. */
struct slice map_path_name(const struct map_run *run, union map_path path);
/* Not sent, empty, taken away ("" of HL7 v2, null of JSON), or a value. */
enum hl7_state map_path_state(const struct map_run *run, union map_path path);

#endif
