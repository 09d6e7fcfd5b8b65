/* region_ed.c - emergency department and same-day emergency care. */
#include "region_parts.h"

enum {
    UNKNOWN_PERMILLE = 70, /* arrive and nobody knows who they are … */
    SECOND_PERMILLE = 500, /* … of whom so many have a record already */
};

/* Somebody arrives whose name is not known: a new patient, or a second record of an old one. */
static uint32_t unknown(struct region *r, uint32_t *ret_person)
{
    uint32_t old = dice_permille(&r->dice, SECOND_PERMILLE) ? patients_pick(&r->patients, &r->dice)
                                                            : PATIENT_NONE;
    if (old == PATIENT_NONE)
        return patients_new(&r->patients, false);
    *ret_person = old;
    return patients_second(&r->patients, old);
}

static uint32_t arrive(struct region *r, uint32_t hospital, char patient_class, unsigned ward,
                       bool may_be_unknown)
{
    uint32_t person = PATIENT_NONE;
    bool is_unknown = may_be_unknown && dice_permille(&r->dice, UNKNOWN_PERMILLE);
    uint32_t patient = is_unknown ? unknown(r, &person) : region_somebody(r);
    uint32_t i = region_visit(r, hospital, patient, patient_class);
    if (i == UINT32_MAX)
        return i;
    struct visit *v = &r->visits[i];
    v->person = person;
    if (person != PATIENT_NONE)
        region_patient(r, person)->busy = true;
    region_patient(r, patient)->busy = true;
    v->now = beds_squeeze(&r->beds[hospital], ward, &r->dice);
    v->admitted -= dice_between(&r->dice, 0, 9) * MINUTE;
    region_say(r, ADT_A04, patient, v);
    return i;
}

void region_ed_arrive(struct region *r, uint32_t hospital)
{
    uint32_t i = arrive(r, hospital, 'E', WARD_ED, true);
    if (i == UINT32_MAX)
        return;
    if (dice_permille(&r->dice, 8))
        region_later(r, 2 * MINUTE, 30 * MINUTE, STEP_UNADMIT, i);
    else
        region_later(r, 5 * MINUTE, 50 * MINUTE, STEP_ED_UPDATE, i);
}

void region_sdec_arrive(struct region *r, uint32_t hospital)
{
    uint32_t i = arrive(r, hospital, 'O', WARD_SDEC, false);
    if (i != UINT32_MAX)
        region_later(r, 60 * MINUTE, 300 * MINUTE, STEP_SDEC_LEAVE, i);
}

/* A clinician takes over: the doctor changes, and perhaps somebody finds out who this is. */
void region_ed_update(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    if (dice_permille(&r->dice, 400) && region_identify(r, v)) {
        region_later(r, 4 * MINUTE, 40 * MINUTE, STEP_ED_UPDATE, visit);
        return;
    }
    v->doctor = region_doctor(r, v->doctor);
    region_say(r, ADT_A08, v->patient, v);
    if (dice_permille(&r->dice, 450))
        region_later(r, 10 * MINUTE, 60 * MINUTE, STEP_ED_UPDATE, visit);
    else
        region_later(r, 30 * MINUTE, 210 * MINUTE, STEP_ED_DECIDE, visit);
}

static void leave(struct region *r, uint32_t visit, const char *how, const char *where)
{
    struct visit *v = &r->visits[visit];
    v->how_out = how;
    v->where_to = where;
    v->ended = r->now;
    region_say(r, ADT_A03, v->patient, v);
    if (*how == '4') {
        region_patient(r, v->patient)->dead = true;
        if (v->person != PATIENT_NONE)
            region_patient(r, v->person)->dead = true;
    }
    if (*how == '4' || !dice_permille(&r->dice, 15)) {
        region_end(r, visit);
        return;
    }
    beds_leave(&r->beds[v->hospital], v->now);
    region_later(r, 3 * MINUTE, 40 * MINUTE, STEP_UNDISCHARGE, visit);
}

static void stream_to_sdec(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    region_move(r, v, beds_squeeze(&r->beds[v->hospital], WARD_SDEC, &r->dice));
    region_say(r, ADT_A02, v->patient, v)->occurred =
        r->now - dice_between(&r->dice, 0, 15 * MINUTE);
    region_later(r, 60 * MINUTE, 300 * MINUTE, STEP_SDEC_LEAVE, visit);
}

void region_ed_decide(struct region *r, uint32_t visit)
{
    unsigned hour = region_hour(r), dice = dice_below(&r->dice, 1000);
    if (dice < 260)
        region_ed_wait(r, visit);
    else if (dice < 350 && hour >= 8 && hour < 20)
        stream_to_sdec(r, visit);
    else if (dice < 385)
        leave(r, visit, "12", NULL);
    else if (dice < 388)
        leave(r, visit, "4", "79");
    else
        leave(r, visit, "1", dice < 960 ? "19" : "54");
}

/* Admitted as soon as there is a bed. */
void region_ed_wait(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    struct place to;
    unsigned ward = dice_permille(&r->dice, 30) ? WARD_ITU : WARD_AMU;
    if (dice_permille(&r->dice, 300) || !beds_take(&r->beds[v->hospital], ward, &r->dice, &to)) {
        ward = WARD_FIRST + dice_below(&r->dice, WARDS - WARD_FIRST);
        if (!beds_take(&r->beds[v->hospital], ward, &r->dice, &to)) {
            region_later(r, 10 * MINUTE, 40 * MINUTE, STEP_ED_WAIT, visit);
            return;
        }
    }
    v->method = "21";
    v->admitted_here = true;
    region_admit(r, visit, ADT_A01, to);
}

void region_sdec_leave(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    struct place to;
    if (!dice_permille(&r->dice, 180) ||
        !beds_take(&r->beds[v->hospital], WARD_AMU, &r->dice, &to)) {
        leave(r, visit, "1", "19");
        return;
    }
    v->method = v->patient_class == 'E' ? "21" : "22";
    region_admit(r, visit, v->patient_class == 'E' ? ADT_A01 : ADT_A06, to);
}
