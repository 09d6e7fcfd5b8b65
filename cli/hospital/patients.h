/* patients.h - who was ever registered in the region: one entry for each line of messages in order.
 *
 * Most people have one entry. A second record of the same person (nobody knew who it was) is an
 * entry of its own until it is merged. The table owns its entries; an index stays valid. */
#ifndef WEIR_PATIENTS_H
#define WEIR_PATIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dice.h"

enum { PATIENTS_MAX = 2000000 };
#define PATIENT_NONE UINT32_MAX /* nobody */

struct patient {
    uint32_t person;   /* who it is: names, numbers, and the connection of the messages */
    uint32_t messages; /* so far */
    uint8_t moves;     /* changes of address */
    bool known;        /* the NHS number is known */
    bool second;       /* a second record of a person who has another entry */
    bool busy;         /* on the premises of some hospital */
    bool dead;
};

struct patients {
    struct patient *all;
    uint32_t n, cap, people, max;
};

/* max: most entries; at most PATIENTS_MAX. */
void patients_init(struct patients *t, uint32_t max);
void patients_fini(struct patients *t);
/* Somebody new. PATIENT_NONE where there is no room, or nobody left to be invented. */
uint32_t patients_new(struct patients *t, bool known);
/* A second record of that patient, without an NHS number. */
uint32_t patients_second(struct patients *t, uint32_t of);
/* Somebody known who is alive and at home; PATIENT_NONE where a few tries found none. */
uint32_t patients_pick(const struct patients *t, struct dice *d);

#endif
