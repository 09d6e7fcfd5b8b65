/* map_time_format.h - `time_format:` of a map: how a source of JSON or CSV writes its times.
 *
 *     time_format: dd/mm/yyyy
 *     time_format: [dd-mon-yyyy, iso]   # the first in which a value can be read counts
 *
 * iso: ISO 8601 as FHIR, HL7 and most others write it, with or without an offset: what counts where
 * nothing is said. dd/mm/yyyy: also with "." or "-" between; dd-mon-yyyy: 05-MAR-2026; of both the
 * time may stand behind a blank or T, as in ISO 8601. epoch, epoch_ms: seconds or milliseconds
 * since 1970 began (UTC). */
#ifndef WEIR_MAP_TIME_FORMAT_H
#define WEIR_MAP_TIME_FORMAT_H

#include "err.h"
#include "slice.h"

struct yaml;

enum map_time_format {
    MAP_TIME_ISO,
    MAP_TIME_DAY_FIRST,
    MAP_TIME_MONTH_NAME,
    MAP_TIME_EPOCH,
    MAP_TIME_EPOCH_MS,
    MAP_TIME_FORMATS,
};

struct map_time_formats {
    unsigned char at[MAP_TIME_FORMATS]; /* enum map_time_format */
    unsigned n;                         /* 0: iso */
};

/* NULL node: iso. ERR_CONF with place. */
int map_time_formats_compile(const struct yaml *node, struct map_time_formats *ret,
                             struct err *reterr);

enum { MAP_TIME_ISO_SIZE = 48 };
/* The text as ISO 8601 (a view of out, or text itself); absent where it is not of that format.
 * Whether the day is one that there is, is not looked at. */
struct slice map_time_iso(enum map_time_format format, struct slice text,
                          char out[MAP_TIME_ISO_SIZE]);

#endif
