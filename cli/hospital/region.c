#include "region.h"

#include <stdlib.h>
#include <string.h>
#include "region_parts.h"

enum {
    TWICE_PERMILLE = 3,  /* the same bytes twice: an acknowledgment was lost */
    RESEND_PERMILLE = 4, /* the same again under another control id */
    AGENDA_MAX = REGION_VISITS_MAX * 2,
    RESEND_AFTER = 3,
};

static const step_fn steps[STEPS] = {
    [STEP_ARRIVALS] = region_arrivals,
    [STEP_ED_ARRIVE] = region_ed_arrive,
    [STEP_SDEC_ARRIVE] = region_sdec_arrive,
    [STEP_CLINIC_ARRIVE] = region_clinic_arrive,
    [STEP_ELECTIVE_ARRIVE] = region_elective_arrive,
    [STEP_BOOK] = region_book,
    [STEP_PLAN] = region_plan,
    [STEP_PERSON] = region_person,
    [STEP_ED_UPDATE] = region_ed_update,
    [STEP_ED_DECIDE] = region_ed_decide,
    [STEP_ED_WAIT] = region_ed_wait,
    [STEP_SDEC_LEAVE] = region_sdec_leave,
    [STEP_CLINIC_END] = region_clinic_end,
    [STEP_BOOKED] = region_booked,
    [STEP_PLANNED] = region_planned,
    [STEP_WARD] = region_ward,
    [STEP_UNMOVE] = region_unmove,
    [STEP_UNADMIT] = region_unadmit,
    [STEP_UNDISCHARGE] = region_undischarge,
};

int region_open(const struct region_options *options, struct region **ret, struct err *reterr)
{
    struct region *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for a region");
    r->options = *options;
    r->now = options->start;
    r->offset_s = zone_offset_at(options->zone, r->now) * 60;
    dice_init(&r->dice, options->seed);
    agenda_init(&r->agenda, AGENDA_MAX);
    patients_init(&r->patients, PATIENTS_MAX);
    for (uint32_t h = 0; h < options->hospitals; h++) {
        region_fill_wards(r, h);
        region_later(r, 0, 0, STEP_ARRIVALS, h);
    }
    if (r->failed) {
        region_close(r);
        return err_set(reterr, ERR_NOMEM, "no memory for %u hospitals", options->hospitals);
    }
    *ret = r;
    return 0;
}

void region_close(struct region *r)
{
    if (!r)
        return;
    agenda_fini(&r->agenda);
    patients_fini(&r->patients);
    free(r->visits);
    free(r->unused);
    free(r);
}

unsigned region_hour(const struct region *r)
{
    return (unsigned)((r->now + r->offset_s) % DAY / HOUR);
}

void region_later(struct region *r, int64_t lo, int64_t hi, enum step what, uint32_t who)
{
    if (!agenda_put(&r->agenda, r->now + dice_between(&r->dice, lo, hi), what, who))
        r->failed = true;
}

struct patient *region_patient(struct region *r, uint32_t i)
{
    return &r->patients.all[i];
}

uint8_t region_doctor(struct region *r, uint8_t not_this)
{
    uint8_t d = (uint8_t)dice_below(&r->dice, 99);
    return d < not_this ? d : (uint8_t)(d + 1);
}

static bool room_for_visits(struct region *r)
{
    if (r->nvisits < r->cap)
        return true;
    uint32_t cap = r->cap ? r->cap * 2 : 1024;
    struct visit *visits =
        cap <= REGION_VISITS_MAX ? realloc(r->visits, cap * sizeof(*visits)) : NULL;
    r->visits = visits ? visits : r->visits;
    uint32_t *unused = visits ? realloc(r->unused, cap * sizeof(*unused)) : NULL;
    r->unused = unused ? unused : r->unused;
    r->cap = unused ? cap : r->cap;
    r->failed |= !unused;
    return unused != NULL;
}

uint32_t region_visit(struct region *r, unsigned hospital, uint32_t patient, char patient_class)
{
    if (patient == PATIENT_NONE || (r->nunused == 0 && !room_for_visits(r)))
        return UINT32_MAX;
    uint32_t i = r->nunused ? r->unused[--r->nunused] : r->nvisits++;
    r->visits[i] = (struct visit){
        .number = ++r->visit_numbers,
        .patient = patient,
        .record = patient,
        .person = PATIENT_NONE,
        .stray = PATIENT_NONE,
        .hospital = (uint8_t)hospital,
        .doctor = region_doctor(r, 0),
        .patient_class = patient_class,
        .admitted = r->now,
    };
    return i;
}

void region_end(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    beds_leave(&r->beds[v->hospital], v->now);
    if (v->person != PATIENT_NONE)
        region_patient(r, v->person)->busy = false;
    region_patient(r, v->patient)->busy = false;
    r->unused[r->nunused++] = visit;
}

uint32_t region_somebody(struct region *r)
{
    uint32_t p =
        dice_permille(&r->dice, 350) ? patients_pick(&r->patients, &r->dice) : PATIENT_NONE;
    if (p == PATIENT_NONE)
        p = patients_new(&r->patients, true);
    return p == PATIENT_NONE ? patients_pick(&r->patients, &r->dice) : p;
}

void region_move(struct region *r, struct visit *v, struct place to)
{
    beds_leave(&r->beds[v->hospital], v->now);
    v->before = v->now;
    v->now = to;
}

struct notice *region_say(struct region *r, enum trigger t, uint32_t patient, const struct visit *v)
{
    struct patient *p = region_patient(r, patient);
    struct notice *n = r->out;
    *n = (struct notice){
        .trigger = t,
        .serial = ++r->serial,
        .sent = r->now,
        .recorded = r->now - dice_between(&r->dice, 0, 4),
        .patient = patient,
        .n = ++p->messages,
        .person = p->person,
        .moves = p->moves,
        .known = p->known,
        .has_visit = v != NULL,
    };
    if (v)
        n->visit = *v;
    r->said = true;
    return n;
}

static bool shows_sdec(const struct notice *n)
{
    return n->visit.now.ward == WARD_SDEC || n->visit.before.ward == WARD_SDEC;
}

/* Something is odd about this message, as far as it may be: what it means must stay clear. */
static void make_odd(struct region *r, struct notice *n)
{
    /* dice of its own: who comes and goes is the same with odd messages and without */
    uint64_t dice = dice_mix(r->options.seed ^ dice_mix(n->serial));
    enum oddity odd = (enum oddity)(ODD_LINE_FEEDS + dice % (ODDITIES - ODD_LINE_FEEDS));
    bool alone = odd == ODD_NOBODY || odd == ODD_NO_MRG;
    if ((odd == ODD_WARD && (!n->has_visit || shows_sdec(n))) ||
        (alone && (n->also_n || n->trigger == ADT_A40)))
        return;
    n->odd = odd;
    if (odd == ODD_NO_MRG) {
        n->trigger = ADT_A40;
        n->has_visit = false;
    }
}

/* A duplicate of what was just said: it is prepared while the patient's state is still that. */
static void repeat(struct region *r, struct notice *n)
{
    n->twice = dice_permille(&r->dice, TWICE_PERMILLE);
    if (n->visit.storm || n->also_n || n->odd || !dice_permille(&r->dice, RESEND_PERMILLE))
        return;
    r->resend = *n;
    r->resend.twice = false;
    r->resend.serial = ++r->serial;
    r->resend.sent += RESEND_AFTER;
    r->resend.n = ++region_patient(r, n->patient)->messages;
    r->has_resend = true;
}

int region_next(struct region *r, struct notice *ret, struct err *reterr)
{
    struct agenda_entry e;
    if (r->has_resend) {
        *ret = r->resend;
        r->has_resend = false;
        return 0;
    }
    r->out = ret;
    for (r->said = false; !r->said && !r->failed && agenda_take(&r->agenda, &e);) {
        r->now = e.at;
        r->offset_s = zone_offset_at(r->options.zone, e.at) * 60;
        steps[e.what](r, e.who);
    }
    if (!r->said)
        return err_set(reterr, ERR_LIMIT, "more is planned than the region holds (%d visits)",
                       REGION_VISITS_MAX);
    if (dice_permille(&r->dice, r->options.odd))
        make_odd(r, ret);
    notice_mean(ret);
    repeat(r, ret);
    return 0;
}
