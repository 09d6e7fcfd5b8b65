/* region_clinic.c - what is planned: appointments, elective admissions; and messages about people
 * who are not there. */
#include "region_parts.h"

static uint32_t in_clinic(struct region *r, uint32_t hospital)
{
    uint32_t i = region_visit(r, hospital, region_somebody(r), 'O');
    if (i != UINT32_MAX)
        r->visits[i].now.ward = WARD_OPD;
    return i;
}

static void attend(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    region_patient(r, v->patient)->busy = true;
    v->admitted = r->now;
    region_say(r, ADT_A04, v->patient, v);
    region_later(r, 15 * MINUTE, 110 * MINUTE, STEP_CLINIC_END, visit);
}

/* Booked long ago. */
void region_clinic_arrive(struct region *r, uint32_t hospital)
{
    uint32_t i = in_clinic(r, hospital);
    if (i != UINT32_MAX)
        attend(r, i);
}

void region_clinic_end(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    v->how_out = "1";
    v->ended = r->now;
    region_say(r, ADT_A03, v->patient, v);
    region_end(r, visit);
}

/* The first of the hour, days ahead, in clinic hours. */
static int64_t slot(struct region *r, unsigned days)
{
    int64_t midnight = r->now - (r->now + r->offset_s) % DAY;
    return midnight + (int64_t)days * DAY + dice_between(&r->dice, 9, 15) * HOUR;
}

void region_book(struct region *r, uint32_t hospital)
{
    uint32_t i = in_clinic(r, hospital);
    if (i == UINT32_MAX)
        return;
    struct visit *v = &r->visits[i];
    bool soon = dice_permille(&r->dice, 300);
    v->planned = slot(r, soon ? 1 : 5 + dice_below(&r->dice, 60));
    v->admitted = 0;
    region_say(r, ADT_A05, v->patient, v);
    if (soon)
        region_later(r, v->planned - r->now - 10 * MINUTE, v->planned - r->now, STEP_BOOKED, i);
    else if (dice_permille(&r->dice, 120))
        region_later(r, HOUR, 12 * HOUR, STEP_BOOKED, i);
    else
        r->unused[r->nunused++] = i;
}

/* The day has come: attended, not attended; or it is cancelled before. */
void region_booked(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    const struct patient *p = region_patient(r, v->patient);
    bool today = v->planned - r->now < HOUR;
    if (today && !p->busy && !p->dead && !dice_permille(&r->dice, 80)) {
        attend(r, visit);
        return;
    }
    if (!today)
        region_say(r, ADT_A38, v->patient, v);
    r->unused[r->nunused++] = visit;
}

void region_plan(struct region *r, uint32_t hospital)
{
    uint32_t i = region_visit(r, hospital, region_somebody(r), 'P');
    if (i == UINT32_MAX)
        return;
    struct visit *v = &r->visits[i];
    v->now.ward = WARD_TAL;
    v->method = "11";
    v->admitted = 0;
    v->planned = slot(r, 1) - 2 * HOUR;
    region_say(r, ADT_A05, v->patient, v);
    bool cancelled = dice_permille(&r->dice, 100);
    region_later(r, cancelled ? HOUR : v->planned - r->now - HOUR,
                 v->planned - r->now - (cancelled ? 2 * HOUR : 0), STEP_PLANNED, i);
}

static void elective(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    struct place to = beds_squeeze(&r->beds[v->hospital], WARD_TAL, &r->dice);
    region_patient(r, v->patient)->busy = true;
    v->now = (struct place){0};
    v->admitted = r->now;
    region_admit(r, visit, ADT_A01, to);
    if (dice_permille(&r->dice, 400))
        r->visits[visit].leaves = r->now + dice_between(&r->dice, 5 * HOUR, 9 * HOUR);
}

void region_planned(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    const struct patient *p = region_patient(r, v->patient);
    if (v->planned - r->now <= HOUR && !p->busy && !p->dead) {
        elective(r, visit);
        return;
    }
    region_say(r, ADT_A38, v->patient, v);
    r->unused[r->nunused++] = visit;
}

void region_elective_arrive(struct region *r, uint32_t hospital)
{
    uint32_t i = region_visit(r, hospital, region_somebody(r), 'I');
    if (i == UINT32_MAX)
        return;
    r->visits[i].method = "12";
    elective(r, i);
}

/* Somebody moved house, or is registered before anything else is known. */
void region_person(struct region *r, uint32_t hospital)
{
    uint32_t p =
        dice_permille(&r->dice, 900) ? patients_pick(&r->patients, &r->dice) : PATIENT_NONE;
    enum trigger t = p == PATIENT_NONE ? ADT_A28 : ADT_A31;
    if (p == PATIENT_NONE)
        p = patients_new(&r->patients, true);
    if (p == PATIENT_NONE)
        return;
    region_patient(r, p)->moves += t == ADT_A31;
    struct notice *n = region_say(r, t, p, NULL);
    n->visit = (struct visit){.hospital = (uint8_t)hospital, .record = p};
}
