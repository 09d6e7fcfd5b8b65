/* region_arrivals.c - who comes when: by the hour of the clock on the wall. */
#include "region_parts.h"

enum { SLICE_MINUTES = 5, SLICES = 60 / SLICE_MINUTES };

/* Arrivals per hospital and hour, from midnight on. */
static const struct curve {
    enum step step;
    uint8_t hours[24];
} curves[] = {
    {STEP_ED_ARRIVE,
     {9, 7, 6, 5, 5, 5, 6, 9, 14, 20, 24, 25, 24, 23, 23, 22, 23, 23, 22, 21, 19, 17, 14, 12}},
    {STEP_SDEC_ARRIVE, {0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 4, 4, 3, 3, 3, 2, 2, 1}},
    {STEP_CLINIC_ARRIVE, {0, 0, 0, 0, 0, 0, 0, 0, 30, 50, 50, 45, 25, 40, 45, 35, 15}},
    {STEP_ELECTIVE_ARRIVE, {0, 0, 0, 0, 0, 0, 9, 14, 3, 0, 0, 5, 4}},
    {STEP_BOOK, {0, 0, 0, 0, 0, 0, 0, 0, 10, 22, 24, 24, 18, 20, 22, 20, 14, 4}},
    {STEP_PLAN, {0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 4, 3, 4, 4, 3}},
    /* night jobs of the national service bring addresses in bulk */
    {STEP_PERSON, {0, 0, 120, 4, 0, 0, 0, 2, 6, 8, 8, 8, 6, 8, 8, 6, 6, 4, 2, 2}},
};
enum { CURVES = sizeof(curves) / sizeof(curves[0]) };

void region_arrivals(struct region *r, uint32_t hospital)
{
    unsigned hour = region_hour(r);
    for (unsigned i = 0; i < CURVES; i++) {
        unsigned n = curves[i].hours[hour];
        unsigned come = n / SLICES + (dice_below(&r->dice, SLICES) < n % SLICES);
        while (come--)
            region_later(r, 0, SLICE_MINUTES * MINUTE - 1, curves[i].step, hospital);
    }
    region_later(r, SLICE_MINUTES * MINUTE, SLICE_MINUTES * MINUTE, STEP_ARRIVALS, hospital);
}
