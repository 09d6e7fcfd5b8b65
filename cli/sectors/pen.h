/* pen.h - times and people as the systems of other sectors write them: ISO 8601, days and times of
 * day apart, CSV columns, JSON members.
 *
 * Values hold nothing that JSON or CSV would have to escape. Borrows all it is given. */
#ifndef WEIR_PEN_H
#define WEIR_PEN_H

#include <stdint.h>
#include "buf.h"
#include "person.h"
#include "zone.h"

struct pen {
    struct buf *out;
    const struct zone *zone;
    uint64_t seed;
};

struct who;

/* "2026-03-02T08:01:00+00:00". */
void pen_instant(const struct pen *p, int64_t at);
/* "2026-03-02", "08:01:00", "02/03/2026 08:01:00"; nothing where `at` is 0. */
void pen_day(const struct pen *p, int64_t at);
void pen_clock(const struct pen *p, int64_t at);
void pen_uk(const struct pen *p, int64_t at);
/* Day and time of day, a comma between: two columns. */
void pen_day_clock(const struct pen *p, int64_t at);
void pen_person(const struct pen *p, const struct who *who, struct person *ret);
/* The number, or nothing where it is not known. */
void pen_nhs(const struct pen *p, const struct who *who);
/* "BB4 3AZ". */
void pen_postcode(const struct pen *p, const struct person *person);

#endif
