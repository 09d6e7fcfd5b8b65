/* breaker.h - how long to wait before the next attempt, and when to stop attempting at all. Pure:
 * the clock is passed in. */
#ifndef WEIR_BREAKER_H
#define WEIR_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Times in ms. */
struct backoff {
    int64_t min, max;
    int64_t retry_after_max; /* a longer Retry-After is cut to it */
    uint64_t random;         /* state of the jitter; seeded by the owner */
};
/* Wait after that many failed attempts (from 1): doubles from min to max, jitter takes off up to a
 * half. retry_after: what the consumer asked for, in ms; negative = nothing usable. Never shorter
 * than it, cut to retry_after_max. */
int64_t backoff_wait(struct backoff *b, unsigned attempts, int64_t retry_after);

enum breaker_state { BREAKER_CLOSED, BREAKER_HALF_OPEN, BREAKER_OPEN };

struct breaker {
    int64_t after;         /* opens when nothing succeeded for this long over two or more lanes */
    bool open, probing;    /* probing: one attempt is under way behind it */
    unsigned probes;       /* failed since it opened */
    int64_t due;           /* of the next probe */
    unsigned failing;      /* lanes that failed since the last success */
    int64_t failing_since; /* the first of these failures */
    uint32_t round;        /* grows with each success: a lane's failure counts once per round */
    uint32_t epoch;        /* grows when it opens or closes: waits measured before do not count */
};

enum breaker_state breaker_state(const struct breaker *b);
/* The consumer answered: what failed before is forgotten. Closes when it was the probe. */
void breaker_success(struct breaker *b, bool probe);
/* A lane failed (closed breaker); *lane_round is that lane's memory. True: it is time to open. */
bool breaker_failure(struct breaker *b, uint32_t *lane_round, int64_t now);
/* Failures before now count no more: nothing was tried for a while. */
void breaker_forget(struct breaker *b);
/* Opens at once, or puts the next probe off: wait from now. */
void breaker_open(struct breaker *b, int64_t now, int64_t wait);

#endif
