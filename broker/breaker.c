#include "breaker.h"

/* xorshift64*: jitter needs no more. */
static uint64_t draw(uint64_t *state)
{
    uint64_t x = *state ? *state : 0x9e3779b97f4a7c15u;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

int64_t backoff_wait(struct backoff *b, unsigned attempts, int64_t retry_after)
{
    int64_t wait = b->min;
    for (unsigned i = 1; i < attempts && wait < b->max; i++)
        wait *= 2;
    if (wait > b->max)
        wait = b->max;
    wait -= (int64_t)(draw(&b->random) % (uint64_t)(wait / 2 + 1));
    if (retry_after > b->retry_after_max)
        retry_after = b->retry_after_max;
    return retry_after > wait ? retry_after : wait;
}

enum breaker_state breaker_state(const struct breaker *b)
{
    if (!b->open)
        return BREAKER_CLOSED;
    return b->probing ? BREAKER_HALF_OPEN : BREAKER_OPEN;
}

void breaker_success(struct breaker *b, bool probe)
{
    b->failing = 0;
    b->round++;
    if (!b->open || !probe)
        return;
    b->open = false;
    b->probes = 0;
    b->epoch++;
}

bool breaker_failure(struct breaker *b, uint32_t *lane_round, int64_t now)
{
    if (*lane_round != b->round) {
        *lane_round = b->round;
        if (b->failing++ == 0)
            b->failing_since = now;
    }
    return b->failing >= 2 && now - b->failing_since >= b->after;
}

void breaker_forget(struct breaker *b)
{
    b->failing = 0;
    b->round++;
    b->epoch++;
}

void breaker_open(struct breaker *b, int64_t now, int64_t wait)
{
    if (!b->open) {
        b->open = true;
        b->epoch++;
    }
    b->probes++;
    b->due = now + wait;
}
