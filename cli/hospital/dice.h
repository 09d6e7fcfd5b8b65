/* dice.h - numbers that look random and are the same for the same seed, on every machine.
 *
 * xoshiro256** (Blackman and Vigna, public domain), seeded by splitmix64; integers only, so that no
 * rounding differs. Not for secrets. Owns nothing. */
#ifndef WEIR_DICE_H
#define WEIR_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t s[4];
};

void dice_init(struct dice *d, uint64_t seed);
uint64_t dice_next(struct dice *d);
/* 0 … n-1; 0 for n == 0. */
uint32_t dice_below(struct dice *d, uint32_t n);
/* lo … hi, both included; hi >= lo. */
int64_t dice_between(struct dice *d, int64_t lo, int64_t hi);
/* True n times out of a thousand. */
bool dice_permille(struct dice *d, uint32_t n);
/* A number made of another one: the same in, the same out, no state. */
uint64_t dice_mix(uint64_t v);

#endif
