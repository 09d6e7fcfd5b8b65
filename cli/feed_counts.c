#include "feed_counts.h"

#include "clock.h"

void feed_counts_wait(struct feed_counts *c, uint64_t n)
{
    if (c->waiting == 0)
        c->last_ms = clock_mono_ms();
    c->waiting += n;
}

void feed_counts_answer(struct feed_counts *c, uint64_t n, bool taken, bool refuse)
{
    if (taken == refuse)
        c->wrong += n;
    else if (taken)
        c->acknowledged += n;
    else
        c->refused_meant += n;
    c->waiting -= n;
    c->last_ms = clock_mono_ms();
}
