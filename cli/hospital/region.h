/* region.h - a synthetic region: several hospitals, the people who come to them, and what each
 * hospital's system says of it, message after message.
 *
 * A discrete-event simulation: arrivals by hour of the day, emergency department to same-day care,
 * assessment unit, ward or home; elective mornings, clinics, bed moves, cancels, late entry, second
 * records that are merged, numbers that become known. It never ends; the same options give the same
 * notices. What is kept is bounded: beds, people (900,000), and what is planned. The region owns
 * all of it but the zone. */
#ifndef WEIR_REGION_H
#define WEIR_REGION_H

#include "err.h"
#include "notice.h"
#include "zone.h"

struct region;

struct region_options {
    uint64_t seed;
    unsigned hospitals;      /* 1 … HOSPITAL_MAX */
    int64_t start;           /* the instant of the first midnight, seconds since 1970 UTC */
    unsigned odd;            /* so many messages of a thousand are odd */
    const struct zone *zone; /* by which people come and go; borrowed */
};

enum {
    REGION_VISITS_MAX = 1 << 22, /* visits that are open or planned */
};

/* ERR_NOMEM. */
int region_open(const struct region_options *options, struct region **ret, struct err *reterr);
/* NULL is fine. */
void region_close(struct region *r);
/* What is sent next. ERR_NOMEM, ERR_LIMIT past REGION_VISITS_MAX. */
int region_next(struct region *r, struct notice *ret, struct err *reterr);

#endif
