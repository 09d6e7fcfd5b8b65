/* clock.h - the two clocks. Wall time is for records and people; monotonic time for waiting and
 * deadlines. */
#ifndef WEIR_CLOCK_H
#define WEIR_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_wall_ms(void);
/* Milliseconds since some fixed point; never goes back. */
int64_t clock_mono_ms(void);
/* Nanoseconds since some fixed point; for measuring. */
int64_t clock_mono_ns(void);

#endif
