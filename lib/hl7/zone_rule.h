/* zone_rule.h - the rule for the years behind the table of a TZif file: the POSIX TZ text of its
 * footer (RFC 8536 §3.3), "GMT0BST,M3.5.0/1,M10.5.0". Owns nothing. */
#ifndef WEIR_ZONE_RULE_H
#define WEIR_ZONE_RULE_H

#include <stdint.h>
#include "slice.h"

/* A day of the year and the local time of the change, in seconds from its midnight. */
struct zone_change {
    enum { ZONE_JULIAN, ZONE_DAY, ZONE_WEEKDAY } kind; /* Jn, n, Mm.w.d */
    int day, month, week;
    int at_s;
};

struct zone_rule {
    int standard_s, summer_s; /* offsets, seconds east */
    bool has_summer;
    struct zone_change begin, end; /* of summer time */
};

/* False where the text is no such rule. An empty text is no rule. */
bool zone_rule_read(struct slice text, struct zone_rule *ret);
/* Local seconds since 1970 (as if UTC) at which the change stands in that year. */
int64_t zone_change_in(const struct zone_change *c, int year);

#endif
