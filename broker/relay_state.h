/* relay_state.h - what a site takes along when it moves to another stream: all that its broker has
 * made, remembers, and has not delivered. Read from its files while no broker runs. */
#ifndef WEIR_RELAY_STATE_H
#define WEIR_RELAY_STATE_H

#include "arena.h"
#include "relay.h"
#include "site.h"

struct relay_state {
    const struct slice *topics;
    unsigned ntopics;
    const struct relay_floor *floors; /* what its consumers have had is not taken along */
    unsigned nfloors;
    uint64_t left;    /* records that the group has not copied yet; 0 = it is done */
    int64_t start_ms; /* where copying what adapters made has to begin the first time, so that
                         nothing that the broker has not read is left out */
};

/* Everything but the floors; in the arena, borrows from the site. Blocks while it reads. ERR_IO,
 * ERR_NOMEM. */
int relay_state_find(const struct site *site, struct slice group, int64_t wall_ms,
                     struct arena *arena, struct relay_state *ret, struct err *reterr);
/* The floors, once nobody writes any more. ERR_REFUSED: events are parked: they would stay behind.
 */
int relay_state_floors(const struct site *site, struct arena *arena, struct relay_state *s,
                       struct err *reterr);

#endif
