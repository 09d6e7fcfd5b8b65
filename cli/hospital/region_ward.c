/* region_ward.c - a stay in a bed: admission, moves, bursts of updates, discharge, and what was
 * keyed wrongly. */
#include "region_parts.h"

enum { LATE_PERMILLE = 60, LATE_MAX_HOURS = 5, STAYS_AT_START = 280 };

/* Some things are keyed hours after they happened, but never before the stay began. */
static int64_t happened(struct region *r, int64_t not_before)
{
    int64_t ago = dice_permille(&r->dice, LATE_PERMILLE)
                      ? dice_between(&r->dice, HOUR, LATE_MAX_HOURS * HOUR)
                      : dice_between(&r->dice, 0, 12 * MINUTE);
    return r->now - ago < not_before ? not_before : r->now - ago;
}

/* Days to come, and then between ten and seven by the clock. */
static int64_t leaves(struct region *r, unsigned days)
{
    int64_t midnight = r->now - (r->now + r->offset_s) % DAY;
    return midnight + (int64_t)days * DAY + dice_between(&r->dice, 10 * HOUR, 19 * HOUR);
}

void region_admit(struct region *r, uint32_t visit, enum trigger t, struct place to)
{
    struct visit *v = &r->visits[visit];
    region_move(r, v, to);
    v->patient_class = 'I';
    v->admitted = happened(r, v->admitted);
    unsigned short_stay = dice_below(&r->dice, 3);
    v->leaves = leaves(r, 1 + short_stay + (short_stay == 2 ? dice_below(&r->dice, 4) : 0));
    struct notice *n = region_say(r, t, v->patient, v);
    n->occurred = v->admitted;
    if (dice_permille(&r->dice, 10))
        region_later(r, 2 * MINUTE, 20 * MINUTE, STEP_UNADMIT, visit);
    else
        region_later(r, 10 * MINUTE, 120 * MINUTE, STEP_WARD, visit);
}

void region_fill_wards(struct region *r, uint32_t hospital)
{
    for (unsigned i = 0; i < STAYS_AT_START; i++) {
        uint32_t at = region_visit(r, hospital, patients_new(&r->patients, true), 'I');
        if (at == UINT32_MAX)
            return;
        struct visit *v = &r->visits[at];
        unsigned ward = dice_permille(&r->dice, 100)
                            ? WARD_AMU
                            : WARD_FIRST + dice_below(&r->dice, WARDS - WARD_FIRST);
        v->now = beds_squeeze(&r->beds[hospital], ward, &r->dice);
        v->admitted -= dice_between(&r->dice, HOUR, 6 * DAY);
        v->leaves = leaves(r, dice_below(&r->dice, 4));
        v->method = "21";
        region_patient(r, v->patient)->busy = true;
        region_later(r, 0, 8 * HOUR, STEP_WARD, at);
    }
}

/* Some system has not heard of the merge: its update names the retired record. */
static void stray(struct region *r, struct visit *v)
{
    struct notice *n = region_say(r, ADT_A08, v->stray, v);
    n->visit.record = v->stray;
    v->stray = PATIENT_NONE;
}

/* One more of a burst: each save of a field in the ward system is a message. */
static void update(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    if (v->storm % 4 == 3)
        v->expected = v->leaves - dice_between(&r->dice, 0, 3 * DAY);
    else
        v->doctor = region_doctor(r, v->doctor);
    v->storm--;
    if (v->stray != PATIENT_NONE && v->storm == 0)
        stray(r, v);
    else
        region_say(r, ADT_A08, v->patient, v);
    if (v->storm)
        region_later(r, 1, 4, STEP_WARD, visit);
    else
        region_later(r, region_hour(r) < 21 ? 90 * MINUTE : 8 * HOUR, 9 * HOUR, STEP_WARD, visit);
}

static void move(struct region *r, uint32_t visit, unsigned ward)
{
    struct visit *v = &r->visits[visit];
    struct place to;
    if (!beds_take(&r->beds[v->hospital], ward, &r->dice, &to)) {
        region_later(r, HOUR, 3 * HOUR, STEP_WARD, visit);
        return;
    }
    region_move(r, v, to);
    region_say(r, ADT_A02, v->patient, v)->occurred = happened(r, v->admitted);
    if (dice_permille(&r->dice, 50))
        region_later(r, 2 * MINUTE, 25 * MINUTE, STEP_UNMOVE, visit);
    else
        region_later(r, HOUR, 6 * HOUR, STEP_WARD, visit);
}

/* The other bed was meant: PV1-3 is the bed returned to, PV1-6 the one left (HL7 v2.5.1 §3.3.12).
 */
void region_unmove(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    struct place back = v->before;
    if (beds_claim(&r->beds[v->hospital], back)) {
        region_move(r, v, back);
        region_say(r, ADT_A12, v->patient, v);
        v->before = (struct place){0};
    }
    region_later(r, 20 * MINUTE, 3 * HOUR, STEP_WARD, visit);
}

/* A11 closes an admission or a registration: who came by the emergency department is back there. */
void region_unadmit(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    bool back = v->patient_class == 'I' && v->admitted_here;
    region_say(r, ADT_A11, v->patient, v);
    if (!back) {
        region_end(r, visit);
        return;
    }
    region_move(r, v, beds_squeeze(&r->beds[v->hospital], WARD_ED, &r->dice));
    v->before = (struct place){0};
    v->patient_class = 'E';
    v->admitted_here = false;
    v->method = NULL;
    region_later(r, 5 * MINUTE, 60 * MINUTE, STEP_ED_UPDATE, visit);
}

static void discharge(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    unsigned dice = dice_below(&r->dice, 1000);
    bool died = dice < 25;
    v->how_out = died ? "4" : dice < 40 ? "6" : "1";
    v->where_to = died ? "79" : dice < 900 ? "19" : dice < 960 ? "54" : "51";
    v->ended = happened(r, v->admitted);
    region_say(r, ADT_A03, v->patient, v)->occurred = v->ended;
    if (died) {
        region_patient(r, v->patient)->dead = true;
        if (v->person != PATIENT_NONE)
            region_patient(r, v->person)->dead = true;
        region_end(r, visit);
    } else if (dice_permille(&r->dice, 25)) {
        beds_leave(&r->beds[v->hospital], v->now);
        region_later(r, 5 * MINUTE, 90 * MINUTE, STEP_UNDISCHARGE, visit);
    } else {
        region_end(r, visit);
    }
}

void region_undischarge(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    struct beds *beds = &r->beds[v->hospital];
    unsigned ward = v->now.ward;
    v->how_out = v->where_to = NULL;
    v->ended = 0;
    v->before = (struct place){0};
    if (!beds_claim(beds, v->now))
        v->now = beds_squeeze(beds, ward, &r->dice);
    region_say(r, ADT_A13, v->patient, v);
    v->leaves = r->now + dice_between(&r->dice, 2 * HOUR, 26 * HOUR);
    enum step next = v->patient_class == 'I' ? STEP_WARD
                     : ward == WARD_SDEC     ? STEP_SDEC_LEAVE
                                             : STEP_ED_UPDATE;
    region_later(r, 20 * MINUTE, 2 * HOUR, next, visit);
}

static bool night(const struct region *r)
{
    return region_hour(r) >= 22 || region_hour(r) < 6;
}

void region_ward(struct region *r, uint32_t visit)
{
    struct visit *v = &r->visits[visit];
    unsigned ward = v->now.ward;
    if (v->storm) {
        update(r, visit);
    } else if (region_identify(r, v)) {
        region_later(r, 10 * MINUTE, HOUR, STEP_WARD, visit);
    } else if (r->now >= v->leaves) {
        if (ward != WARD_DL && dice_permille(&r->dice, 150))
            move(r, visit, WARD_DL);
        else
            discharge(r, visit);
    } else if (ward == WARD_AMU || ward == WARD_TAL || dice_permille(&r->dice, 110)) {
        move(r, visit, WARD_FIRST + dice_below(&r->dice, WARDS - WARD_FIRST));
    } else if (night(r) && dice_permille(&r->dice, 700)) {
        region_later(r, 3 * HOUR, 9 * HOUR, STEP_WARD, visit);
    } else {
        v->storm = (uint8_t)dice_between(&r->dice, 1, 8);
        update(r, visit);
    }
}
