/* sector.h - what one sector's systems tell, message after message: by which way it goes, in whose
 * line, and which events it must give.
 *
 * A telling is a value; its texts are literals, its bytes belong to the world that made it. */
#ifndef WEIR_SECTOR_H
#define WEIR_SECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "slice.h"

enum sector { SECTOR_ACUTE, SECTOR_AMBULANCE, SECTOR_COMMUNITY, SECTOR_MENTAL_HEALTH, SECTORS };

enum way {
    WAY_MLLP,
    WAY_AWAY, /* MLLP, of the other provider that takes mental health patients */
    WAY_JSON, /* POST of an object */
    WAY_FHIR, /* POST of a resource, transaction or message */
    WAY_ROWS, /* a row of a file that is dropped */
    WAYS
};

/* One kind of dropped file. */
struct row_kind {
    const char *name;   /* how its files begin; without digits, by which files of one kind differ */
    const char *header; /* its line of columns, without the line's end */
};

enum { TELLING_TYPES = 4, TELLING_NAME = 24, TELLING_KEY = 65 };

struct telling {
    enum way way;
    int64_t sent;            /* when, in seconds since 1970 */
    uint32_t route;          /* what has the same one keeps its order */
    char line[TELLING_NAME]; /* messages of one line are about one person and in order … */
    uint32_t n;              /* … of this number */
    char also[TELLING_NAME]; /* a second line that it ends in the first; "": none … */
    uint32_t also_n;
    char person[TELLING_NAME]; /* who is named in it, alike in all sectors; "": as `line` */
    const char *name;          /* its trigger, status, resource or table */
    const char *path;          /* FHIR: behind the base, "/Encounter" */
    const struct row_kind *rows;
    const char *types[TELLING_TYPES + 1]; /* the events that it gives, ended by NULL */
    const char
        *again;  /* one that a row told before already, and now with more beside it; or NULL */
    bool refuse; /* a final refusal is what it should get */
    bool twice;  /* the same bytes are sent again behind it */
    char key[TELLING_KEY]; /* HL7 v2: MSH-10; of the others whoever sends them makes one */
    struct slice bytes;    /* of a row: without the line of columns and the line's end */
};

/* "mental-health". */
const char *sector_name(enum sector s);
/* False where there is no sector of that name. */
bool sector_read(const char *name, enum sector *ret);
/* Whether the systems of that sector send in that way. */
bool sector_sends(enum sector s, enum way w);

#endif
