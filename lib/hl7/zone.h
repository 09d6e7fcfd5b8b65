/* zone.h - a time zone read from a TZif file (RFC 8536), for turning local civil time into
 * instants.
 *
 * A zone owns its table, is never changed after zone_open and may be shared by threads. No
 * environment, no libc time zone. */
#ifndef WEIR_ZONE_H
#define WEIR_ZONE_H

#include <stdint.h>
#include "err.h"
#include "slice.h"

#define ZONE_DIR "/usr/share/zoneinfo"

struct zone;

/* How often a local time occurs. */
enum zone_fit {
    ZONE_ONCE,
    ZONE_TWICE, /* clocks went back: the first (summer) reading is taken */
    ZONE_NEVER, /* clocks went forward: moved on by the hour that was left out */
};

struct zone_reading {
    int64_t instant_s; /* since 1970-01-01T00:00:00Z */
    int offset_min;    /* east of Greenwich, in whole minutes */
    enum zone_fit fit;
};

/* Opens dir/name ("Europe/London"). ERR_CONF where there is no such zone or the file is damaged. */
int zone_open(const char *dir, const char *name, struct zone **ret, struct err *reterr);
/* As zone_open from the bytes of a TZif file. */
int zone_read(struct slice tzif, struct zone **ret, struct err *reterr);
/* NULL is fine. */
void zone_close(struct zone *z);

/* local_s: the civil time counted as if it were UTC (days * 86400 + seconds of the day). */
struct zone_reading zone_from_local(const struct zone *z, int64_t local_s);
/* The offset (minutes east) that clocks show at that instant. */
int zone_offset_at(const struct zone *z, int64_t instant_s);

#endif
