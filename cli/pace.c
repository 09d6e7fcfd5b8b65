#include "pace.h"

#define NS INT64_C(1000000000)

int64_t pace_due(const struct pace *p, uint64_t no, int64_t at_s)
{
    if (p->rate)
        return p->start_ns + (int64_t)(no / p->rate) * NS +
               (int64_t)(no % p->rate) * NS / (int64_t)p->rate;
    if (p->speed && at_s > p->start_s) {
        int64_t gone = at_s - p->start_s, speed = (int64_t)p->speed;
        return p->start_ns + gone / speed * NS + gone % speed * NS / speed;
    }
    return p->start_ns;
}
