/* pace.h - when the next message is due: so many a second, so many times faster than the clock on
 * the wall, or at once. Pure: the caller passes the clock in. */
#ifndef WEIR_PACE_H
#define WEIR_PACE_H

#include <stdint.h>

struct pace {
    uint64_t rate;             /* messages a second; 0: not by rate */
    uint64_t speed;            /* simulated seconds a second; 0: not by speed */
    int64_t start_ns, start_s; /* this instant of the caller's clock is that simulated one */
};

/* The instant (ns of the caller's clock) at which message `no` (from 0), sent at `at_s` of
 * simulated time, is due. */
int64_t pace_due(const struct pace *p, uint64_t no, int64_t at_s);

#endif
