#include "dice.h"

#define GOLDEN 0x9e3779b97f4a7c15ULL

uint64_t dice_mix(uint64_t v)
{
    v += GOLDEN;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9ULL;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebULL;
    return v ^ (v >> 31);
}

void dice_init(struct dice *d, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        d->s[i] = dice_mix(seed + i * GOLDEN);
}

static uint64_t rotate(uint64_t v, unsigned by)
{
    return v << by | v >> (64 - by);
}

uint64_t dice_next(struct dice *d)
{
    uint64_t *s = d->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint32_t dice_below(struct dice *d, uint32_t n)
{
    return (uint32_t)((dice_next(d) >> 32) * n >> 32);
}

int64_t dice_between(struct dice *d, int64_t lo, int64_t hi)
{
    return lo + (int64_t)dice_below(d, (uint32_t)(hi - lo + 1));
}

bool dice_permille(struct dice *d, uint32_t n)
{
    return dice_below(d, 1000) < n;
}
