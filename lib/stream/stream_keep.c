#include "stream_keep.h"

#include "clock.h"

enum { JUMP_MS = 60 * 1000 };

void stream_keep_init(struct stream_kept *k, const struct stream_options *o)
{
    *k = (struct stream_kept){.n = o->nkeep, .grace_ms = o->keep_grace_ms};
    for (unsigned i = 0; i < o->nkeep; i++) {
        memcpy(k->topics[i], o->keep[i].topic.p, o->keep[i].topic.n);
        k->retain_ms[i] = o->keep[i].retain_ms;
    }
    k->since_ms = clock_mono_ms();
    k->ahead_ms = clock_wall_ms() - k->since_ms;
}

int stream_keep_find(const struct stream_kept *k, const char *topic)
{
    for (unsigned i = 0; i < k->n; i++)
        if (strcmp(k->topics[i], topic) == 0)
            return (int)i;
    return -1;
}

/* A clock that jumps makes everything old at once, also what was appended a moment ago. */
static void mind_clock(struct stream_kept *k)
{
    int64_t ahead = clock_wall_ms() - clock_mono_ms();
    if (ahead > k->ahead_ms + JUMP_MS)
        k->since_ms = clock_mono_ms();
    k->ahead_ms = ahead;
}

int64_t stream_keep_cut(struct stream_kept *k, int topic)
{
    mind_clock(k);
    if (!k->retain_ms[topic] || (uint64_t)(clock_mono_ms() - k->since_ms) < k->grace_ms)
        return INT64_MIN;
    return clock_wall_ms() - (int64_t)k->retain_ms[topic];
}

bool stream_keep_ages(const struct stream_kept *k)
{
    for (unsigned i = 0; i < k->n; i++)
        if (k->retain_ms[i])
            return true;
    return false;
}

void stream_keep_failed(struct stream_kept *k)
{
    k->since_ms = clock_mono_ms();
}
