/* region_identity.c - who an unknown patient turns out to be. */
#include "region_parts.h"

/* The number becomes known: of somebody new; or it shows that the record is a second one of
 * somebody, whose line of messages it joins with this message. */
static void tell_number(struct region *r, struct visit *v)
{
    uint32_t second = v->patient;
    if (v->person == PATIENT_NONE) {
        region_patient(r, v->patient)->known = true;
        region_say(r, ADT_A08, v->patient, v);
        return;
    }
    v->patient = v->person;
    struct notice *n = region_say(r, ADT_A08, v->patient, v);
    n->also = second;
    n->also_n = ++region_patient(r, second)->messages;
}

/* The records are merged: the older one survives, and the visit goes on under its number. */
static void merge(struct region *r, struct visit *v)
{
    uint32_t second = v->patient, retired = v->record;
    v->patient = v->record = v->person;
    struct notice *n = region_say(r, ADT_A40, v->patient, NULL);
    n->visit = (struct visit){.hospital = v->hospital, .record = v->record};
    n->retired = retired;
    n->also = second;
    n->also_n = ++region_patient(r, second)->messages;
    if (dice_permille(&r->dice, 200))
        v->stray = second;
}

bool region_identify(struct region *r, struct visit *v)
{
    if (region_patient(r, v->patient)->known || dice_permille(&r->dice, 500))
        return false;
    if (v->person != PATIENT_NONE && dice_permille(&r->dice, 500))
        merge(r, v);
    else
        tell_number(r, v);
    return true;
}
