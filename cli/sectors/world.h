/* world.h - the region as each of its four sectors tells it: people, stays and times are those of
 * region.h, so that the senders of all sectors, each a process, tell of the same journeys.
 *
 * A world runs the region and listens to its hospitals. What another sector does follows from what
 * a hospital said and from numbers that are made of seed and visit: an arrival by ambulance had a
 * call before it, a discharge is followed by visits at home. So the same seed, day and number of
 * hospitals give the same people everywhere, and the same bytes every time.
 *
 * The world owns all of it but the zone; what it keeps is bounded (WORLD_AFFAIRS_MAX). */
#ifndef WEIR_WORLD_H
#define WEIR_WORLD_H

#include "buf.h"
#include "err.h"
#include "sector.h"
#include "zone.h"

struct world;

struct world_options {
    enum sector sector;
    unsigned ways; /* a bit for each way that is wanted; what goes by another one is left out */
    uint64_t seed;
    unsigned hospitals;      /* 1 … HOSPITAL_MAX */
    int64_t start;           /* the instant of the first midnight, seconds since 1970 UTC */
    unsigned odd;            /* of the hospitals: so many messages of a thousand are odd */
    const struct zone *zone; /* borrowed */
};

enum {
    WORLD_AFFAIRS_MAX = 1 << 20, /* incidents, cases and stays that are open */
};

/* ERR_NOMEM. */
int world_open(const struct world_options *options, struct world **ret, struct err *reterr);
/* NULL is fine. */
void world_close(struct world *w);
/* What is sent next; its bytes are good until the next call. ERR_NOMEM, ERR_LIMIT. */
int world_next(struct world *w, struct telling *ret, struct err *reterr);
/* Appends what a receiver must know of this sector's wards and numbers: CSV with the columns table,
 * key, value, for `table_files` of weir.yaml. */
void world_wards_write(struct buf *out, enum sector sector, unsigned hospitals);

#endif
