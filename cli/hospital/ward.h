/* ward.h - the places of a simulated hospital and who lies where.
 *
 * Every hospital has the same places; ward 0 is nowhere. Owns nothing. */
#ifndef WEIR_WARD_H
#define WEIR_WARD_H

#include <stdbool.h>
#include <stdint.h>
#include "dice.h"

enum ward {
    WARD_NONE,
    WARD_ED,
    WARD_SDEC,
    WARD_AMU, /* acute medical unit: assessment */
    WARD_ITU,
    WARD_TAL,   /* theatre admissions lounge */
    WARD_DL,    /* discharge lounge */
    WARD_OPD,   /* clinics */
    WARD_FIRST, /* W1 */
    WARD_LAST = WARD_FIRST + 11,
    WARDS
};

enum { HOSPITAL_MAX = 36 };

struct ward_kind {
    const char *name, *group; /* PL.1, and what it is: a value of data.location.group */
    const char *specialty;    /* NHS main specialty */
    uint8_t beds, bay;        /* beds in all (at most 64), and in each bay; 0: no bays */
};

struct place {
    uint8_t ward, bed; /* bed from 1; 0: none of its own */
};

struct beds {
    uint64_t taken[WARDS];
};

const struct ward_kind *ward_kind(unsigned ward);
/* The organisation code of the n-th hospital (3 characters; its site adds "01"): RZZ, RZY, … */
void ward_hospital(unsigned n, char ret[4]);
/* A free bed; false where the ward is full. */
bool beds_take(struct beds *b, unsigned ward, struct dice *d, struct place *ret);
/* As beds_take, but in a full place the patient waits without a bed of the own. */
struct place beds_squeeze(struct beds *b, unsigned ward, struct dice *d);
/* This very bed; false where somebody else has it. */
bool beds_claim(struct beds *b, struct place p);
void beds_leave(struct beds *b, struct place p);

#endif
