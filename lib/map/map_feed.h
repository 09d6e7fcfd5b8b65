/* map_feed.h - what the maps say of a feed as a whole, beside triggers and fields: `ids:`, where
 * ids of the patient stand beside PID-3, and `flags:`, doubts of the feed's own.
 *
 *     ids:
 *       nhs_number: [PID-4, ZPI-3]  # asked after PID-3, PID-2 and PID-19
 *       local: [PID-2]              # read as if it stood behind what PID-3 has
 *     flags:
 *       test_patient: [{path: PID-5.1, like: ["XX*", "ZZZ*"]}]
 *
 * Of JSON, CSV and FHIR `ids:` says it all: map_id_rule.h. All of it lives in the arena of the map.
 */
#ifndef WEIR_MAP_FEED_H
#define WEIR_MAP_FEED_H

#include "map_id_rule.h"

/* A whole field of CX, with all repetitions. */
struct map_id_field {
    struct slice segment;
    unsigned field;
};

struct map_id_fields {
    const struct map_id_field *at;
    unsigned n;
};

/* Stands in data.quality of each event of a message for which the tests hold. */
struct map_flag {
    struct slice name;
    struct map_tests when;
    const struct yaml *at;
};

struct map_feed {
    struct map_id_fields nhs_number, local; /* of HL7 v2 */
    struct map_ids_of ids;                  /* of a tree */
    const struct map_flag *flags;
    unsigned nflags;
};

/* Reads the sections of the compiler's root. ERR_CONF with place. */
int map_feed_compile(struct map_compiler *c, struct map_feed *ret, struct err *reterr);

#endif
