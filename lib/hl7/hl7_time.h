/* hl7_time.h - HL7 dates and times (DTM, the first component of TS; HL7 v2.5.1 §2.A.21, §2.A.77).
 *
 * Read leniently as feeds send them: YYYY[MM[DD[HH[MM[SS[.f…]]]]]][±ZZZZ], also with dashes, colons
 * and a blank or T between date and time. What was not sent is never made up: the precision says
 * how far the digits went. Impossible values are refused. Owns nothing. */
#ifndef WEIR_HL7_TIME_H
#define WEIR_HL7_TIME_H

#include <stdint.h>
#include "err.h"
#include "slice.h"
#include "zone.h"

enum hl7_precision {
    HL7_YEAR,
    HL7_MONTH,
    HL7_DAY,
    HL7_HOUR,
    HL7_MINUTE,
    HL7_SECOND,
    HL7_FRACTION,
};

enum hl7_time_flag {
    HL7_TIME_OFFSET_SENT = 1 << 0, /* the offset stood in the value */
    HL7_TIME_OFFSET_NONE = 1 << 1, /* -0000: UTC, the local offset unknown (HL7 v2.9) */
    HL7_TIME_AMBIGUOUS = 1 << 2,   /* occurs twice (clocks back): the first, summer reading */
    HL7_TIME_SHIFTED = 1 << 3,     /* never occurs (clocks forward): an hour later */
};

/* For rfc3339_write(wall_ms, offset_min). Of a coarser precision than the day, wall_ms is the start
 * of the month or year: do not publish that as an instant. A date alone is its local midnight. */
struct hl7_time {
    int64_t wall_ms;
    int offset_min;
    enum hl7_precision precision;
    unsigned flags;
};

struct hl7_time_rules {
    const struct zone *zone; /* of values without an offset; never NULL */
    bool ignore_offset;      /* the sender's offsets are wrong: read as local time of the zone */
};

/* ERR_INPUT with the reason (never the value) where it is no time. Blanks around it are ignored. */
int hl7_time_read(struct slice text, const struct hl7_time_rules *rules, struct hl7_time *ret,
                  struct err *reterr);
/* Whether it is one at all, wherever it may be meant. */
int hl7_time_check(struct slice text, struct err *reterr);

enum { HL7_DATE_SIZE = 11, HL7_TIME_SIZE = 20 };

/* A date of birth: "YYYY-MM-DD", "YYYY-MM" or "YYYY", as far as it was sent. A time behind it is
 * cut off and never shifts the date, whatever it says. Returns a view of out through *ret. */
int hl7_date_read(struct slice text, char out[HL7_DATE_SIZE], struct slice *ret,
                  struct err *reterr);

/* "YYYYMMDDHHMMSS+ZZZZ", as for MSH-7. Returns a view of out. */
struct slice hl7_time_write(int64_t wall_ms, int offset_min, char out[HL7_TIME_SIZE]);

#endif
