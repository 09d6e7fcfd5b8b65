/* person.h - invented people: the n-th of a seed is always the same person.
 *
 * NHS numbers are of the 999 range, which is never issued, with the right check digit (NHS Data
 * Dictionary, NHS NUMBER; domain of n: 0 … PERSON_MAX-1, no number twice). Nothing is stored: a
 * person is made when needed. */
#ifndef WEIR_PERSON_H
#define WEIR_PERSON_H

#include <stdint.h>

enum { PERSON_MAX = 900000, NHS_NUMBER_SIZE = 11 };

struct person {
    const char *family, *given, *street, *town, *postcode_area;
    const char *accented; /* a family name with a letter outside ASCII, in Windows-1252 */
    char sex;             /* M or F */
    unsigned house, sector, unit;
    unsigned year, month, day; /* of birth */
    char nhs[NHS_NUMBER_SIZE];
};

/* moves: how often this person has changed address. */
void person_make(uint64_t seed, uint32_t number, unsigned moves, struct person *ret);
/* The n-th number of the 999 range that is used here. */
void person_nhs_number(uint32_t n, char ret[NHS_NUMBER_SIZE]);

#endif
