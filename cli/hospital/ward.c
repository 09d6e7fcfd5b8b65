#include "ward.h"

static const struct ward_kind kinds[WARDS] = {
    [WARD_NONE] = {"", "", "", 0, 0},
    [WARD_ED] = {"ED", "ed", "180", 60, 20},
    [WARD_SDEC] = {"SDEC", "sdec", "326", 24, 0},
    [WARD_AMU] = {"AMU", "assessment", "326", 48, 6},
    [WARD_ITU] = {"ITU", "critical_care", "192", 16, 0},
    [WARD_TAL] = {"TAL", "theatre", "100", 40, 0},
    [WARD_DL] = {"DL", "discharge_lounge", "300", 24, 0},
    [WARD_OPD] = {"OPD", "clinic", "410", 0, 0},
    [WARD_FIRST] = {"W1", "ward", "300", 28, 6},
    {"W2", "ward", "300", 28, 6},
    {"W3", "ward", "430", 28, 6},
    {"W4", "ward", "430", 28, 6},
    {"W5", "ward", "340", 28, 6},
    {"W6", "ward", "320", 28, 6},
    {"W7", "ward", "100", 28, 4},
    {"W8", "ward", "110", 28, 4},
    {"W9", "ward", "110", 28, 4},
    {"W10", "ward", "502", 24, 4},
    {"W11", "ward", "301", 28, 6},
    {"W12", "ward", "361", 28, 6},
};

const struct ward_kind *ward_kind(unsigned ward)
{
    return &kinds[ward < WARDS ? ward : WARD_NONE];
}

void ward_hospital(unsigned n, char ret[4])
{
    ret[0] = 'R';
    ret[1] = 'Z';
    ret[2] = (char)(n < 26 ? 'Z' - (int)n : '0' + (int)(n - 26) % 10);
    ret[3] = '\0';
}

bool beds_take(struct beds *b, unsigned ward, struct dice *d, struct place *ret)
{
    unsigned n = kinds[ward].beds, from = dice_below(d, n);
    for (unsigned i = 0; i < n; i++) {
        unsigned bed = (from + i) % n;
        if (b->taken[ward] >> bed & 1)
            continue;
        b->taken[ward] |= 1ULL << bed;
        *ret = (struct place){(uint8_t)ward, (uint8_t)(bed + 1)};
        return true;
    }
    return false;
}

struct place beds_squeeze(struct beds *b, unsigned ward, struct dice *d)
{
    struct place p = {(uint8_t)ward, 0};
    (void)beds_take(b, ward, d, &p);
    return p;
}

bool beds_claim(struct beds *b, struct place p)
{
    if (p.bed == 0)
        return true;
    if (b->taken[p.ward] >> (p.bed - 1) & 1)
        return false;
    b->taken[p.ward] |= 1ULL << (p.bed - 1);
    return true;
}

void beds_leave(struct beds *b, struct place p)
{
    if (p.bed)
        b->taken[p.ward] &= ~(1ULL << (p.bed - 1));
}
