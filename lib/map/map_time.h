/* map_time.h - times as sent (HL7, ISO 8601, or as the map says) as instants of an event, with
 * every doubt flagged (domain rules 2.1, 2.2).
 */
#ifndef WEIR_MAP_TIME_H
#define WEIR_MAP_TIME_H

#include "map_run.h"

/* RFC 3339 with offset, in the arena. A date without a time is the date itself where date_stays,
 * else its local midnight with `date_only`; an hour without minutes is flagged `hour_only`. Absent
 * where text is no time. Flags tz_assumed and tz_ambiguous. */
struct slice map_time_text(struct map_run *run, struct slice text, bool date_stays);
/* A full date; absent where text holds none. Never shifted. */
struct slice map_date_text(struct map_run *run, struct slice text);
/* The local date of a time, YYYY-MM-DD, from its RFC 3339 text with offset. */
struct slice map_time_date(struct slice rfc3339);

#endif
