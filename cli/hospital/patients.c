#include "patients.h"

#include <stdlib.h>
#include "person.h"

void patients_init(struct patients *t, uint32_t max)
{
    *t = (struct patients){.max = max < PATIENTS_MAX ? max : PATIENTS_MAX};
}

void patients_fini(struct patients *t)
{
    free(t->all);
}

static uint32_t add(struct patients *t, struct patient p)
{
    if (t->n >= t->max)
        return PATIENT_NONE;
    if (t->n == t->cap) {
        uint32_t cap = t->cap ? t->cap * 2 : 4096;
        struct patient *more = realloc(t->all, cap * sizeof(*more));
        if (!more)
            return PATIENT_NONE;
        t->all = more;
        t->cap = cap;
    }
    t->all[t->n] = p;
    return t->n++;
}

uint32_t patients_new(struct patients *t, bool known)
{
    if (t->people >= PERSON_MAX)
        return PATIENT_NONE;
    uint32_t at = add(t, (struct patient){.person = t->people, .known = known});
    t->people += at != PATIENT_NONE;
    return at;
}

uint32_t patients_second(struct patients *t, uint32_t of)
{
    return add(t, (struct patient){.person = t->all[of].person, .second = true});
}

uint32_t patients_pick(const struct patients *t, struct dice *d)
{
    for (unsigned tries = 0; tries < 8 && t->n; tries++) {
        uint32_t i = dice_below(d, t->n);
        const struct patient *p = &t->all[i];
        if (p->known && !p->second && !p->busy && !p->dead)
            return i;
    }
    return PATIENT_NONE;
}
