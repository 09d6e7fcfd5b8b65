/* mental_health.c - the mental health provider: liaison in emergency departments, a crisis team,
 * beds with leave and detention; and where no bed is free, one of another provider and the way
 * back. */
#include "mental_write.h"
#include "stay_message.h"
#include "world_parts.h"

enum {
    INPATIENTS = 240,
    SEEN_PERMILLE = 120,     /* by the liaison team, of those who leave an emergency department */
    HOME_PERMILLE = 500,     /* of those */
    AWAY_PERMILLE = 350,     /* of those who need a bed */
    DECLINED_PERMILLE = 350, /* of those who ask for one elsewhere */
    DETAINED_PERMILLE = 450,
    ABSENT_PERMILLE = 30,   /* of leaves: the patient has just gone */
    DELAYED_PERMILLE = 400, /* of those who are ready */
    BACK_HOME = 10000000,   /* the spell after one elsewhere has another number */
    AFTER_SEEN = 1000000,   /* referrals and spells are numbered from here on, by visits */
};

enum {
    STEP_LIAISON,
    STEP_REFER,
    STEP_CONTACT,
    STEP_CLOSE,
    STEP_ASK,
    STEP_ANSWER,
    STEP_REGISTER,
    STEP_ADMIT,
    STEP_REASON, /* why it is out of area */
    STEP_DETAIN,
    STEP_LEAVE,
    STEP_RETURN,
    STEP_READY,
    STEP_DISCHARGE,
    STEP_RELEASE, /* the detention has ended */
};

static struct pen pen_of(struct world *w)
{
    return (struct pen){&w->text, w->options.zone, w->options.seed};
}

static void next_leave(struct world *w, uint32_t i, unsigned days)
{
    struct affair *a = &w->affairs[i];
    a->at[AT_LEAVE] = world_hour(w, days, world_draw(a, 7 * HOUR_S, 13 * HOUR_S));
    a->at[AT_RETURN] = 0;
    world_plan(w, a->at[AT_LEAVE] + 5 * MINUTE_S, STEP_LEAVE, i);
}

static void begin(struct world *w)
{
    for (uint32_t n = 0; n < INPATIENTS; n++) {
        uint32_t i = world_affair(w, who_else(2000 + n), n + 1);
        if (i == UINT32_MAX)
            return;
        struct affair *a = &w->affairs[i];
        a->kind = MENTAL_STAY;
        a->said = true; /* admitted */
        a->left = (uint8_t)world_draw(a, 1, 9);
        a->at[AT_ADMITTED] = w->now - world_draw(a, DAY_S, 30 * DAY_S);
        if (world_draw(a, 0, 999) < DETAINED_PERMILLE)
            a->at[AT_DETAINED] = a->at[AT_ADMITTED];
        next_leave(w, i, (unsigned)world_draw(a, 0, 1));
    }
}

static void hear(struct world *w, const struct notice *n)
{
    const struct visit *v = &n->visit;
    bool leaves = n->trigger == ADT_A03 && n->has_visit && v->patient_class == 'E';
    bool home = v->how_out && strcmp(v->how_out, "1") == 0;
    if (!leaves || !home || !n->known || !world_fate(w, v->number, 'm', SEEN_PERMILLE) ||
        !world_first(w, v->number))
        return;
    uint32_t i = world_affair(w, who_of(n), AFTER_SEEN + v->number);
    if (i == UINT32_MAX)
        return;
    struct affair *a = &w->affairs[i];
    a->at[AT_SEEN] = n->sent - world_draw(a, 20 * MINUTE_S, HOUR_S);
    a->at[AT_ASKED] = n->sent + world_draw(a, 10 * MINUTE_S, 40 * MINUTE_S);
    world_plan(w, n->sent + 5 * MINUTE_S, STEP_LIAISON, i);
    if (world_draw(a, 0, 999) < HOME_PERMILLE) {
        a->left = (uint8_t)world_draw(a, 1, 4);
        world_plan(w, a->at[AT_ASKED], STEP_REFER, i);
        return;
    }
    bool away = world_draw(a, 0, 999) < AWAY_PERMILLE;
    a->kind = away ? MENTAL_AWAY : MENTAL_STAY;
    world_plan(w, a->at[AT_ASKED], away ? STEP_ASK : STEP_REGISTER, i);
}

/* ---- rows ---- */

static struct telling *tell_row(struct world *w, const struct affair *a,
                                const struct row_kind *rows, const char *table)
{
    struct telling *t = world_tell(w, WAY_ROWS, "row", a->who.person, &a->who, table);
    if (t)
        t->rows = rows;
    return t;
}

static void tell_contact(struct world *w, struct affair *a, const char *team, bool there)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_contacts, "MHS201");
    if (!t)
        return;
    telling_gives(t, there ? "crisis.contact" : "contact.dna");
    mhsds_contact_write(&pen, a, team, there ? "5" : "3");
}

static void tell_referral(struct world *w, struct affair *a)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_referrals, "MHS101");
    if (!t)
        return;
    bool closed = a->at[AT_OUT] != 0;
    telling_grows(t, "referral.received", closed, "referral.closed", closed);
    mhsds_referral_write(&pen, a);
}

static void tell_reason(struct world *w, struct affair *a)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_away, "MHS105");
    if (!t)
        return;
    telling_gives(t, "referral.received");
    mhsds_away_write(&pen, a);
}

static void tell_status(struct world *w, struct affair *a)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_status, "MHS401");
    if (!t)
        return;
    bool ended = a->at[AT_OUT] != 0, told = ended && a->number >= AFTER_SEEN;
    telling_grows(t, "mha.detention_started", told, "mha.detention_ended", ended);
    mhsds_status_write(&pen, a);
}

static void tell_ready(struct world *w, struct affair *a)
{
    static const char *const delays[] = {"C1", "I2", "J2", "E1"};
    bool delayed = world_draw(a, 0, 999) < DELAYED_PERMILLE;
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_ready, "MHS518");
    if (!t)
        return;
    telling_gives(t, "discharge.ready");
    if (delayed)
        telling_gives(t, "discharge.delayed");
    mhsds_ready_write(&pen, a, delayed ? delays[a->number % 4] : NULL);
}

static void tell_absence(struct world *w, struct affair *a)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, a, &mhsds_absence, "MHS511");
    if (!t)
        return;
    bool back = a->at[AT_RETURN] != 0;
    telling_grows(t, "absence.unauthorised_started", back, "absence.unauthorised_ended", back);
    mhsds_absence_write(&pen, a);
}

/* ---- HL7 v2 and FHIR ---- */

/* Who was there when the world began lies in a bed of the first wards, all others in the rest. */
static unsigned ward_of(const struct affair *a)
{
    enum { FIRST = (INPATIENTS + MENTAL_BEDS) / MENTAL_BEDS };
    unsigned ward = a->number / MENTAL_BEDS;
    return a->number <= INPATIENTS ? ward : FIRST + ward % (MENTAL_WARDS - FIRST);
}

static void tell_stay(struct world *w, struct affair *a, struct stay_message m, const char *type)
{
    bool away = a->kind == MENTAL_AWAY, alone = strcmp(m.trigger, "A28") == 0;
    const char *ward = away ? "ELM" : mental_ward(ward_of(a));
    const struct stay_place place = {
        .organisation = away ? AWAY_ODS : MENTAL_ODS,
        .system = away ? "SIMAWAY" : "SIMMH",
        .ward = alone ? NULL : ward,
        .bed = 1 + a->number % MENTAL_BEDS,
    };
    const struct pen pen = pen_of(w);
    struct telling *t = world_tell(w, away ? WAY_AWAY : WAY_MLLP, away ? "away" : "adt",
                                   a->who.person, &a->who, m.trigger);
    if (!t)
        return;
    m.place = &place;
    m.method = "25";
    m.admitted = a->at[AT_ADMITTED];
    telling_gives(t, type);
    stay_message_write(&pen, &m, a, w->now, t);
}

static void tell_task(struct world *w, const struct affair *a, const char *status, const char *type)
{
    const struct pen pen = pen_of(w);
    struct telling *t = world_tell(w, WAY_FHIR, "fhir", a->who.person, &a->who, "Task");
    if (!t)
        return;
    t->path = "/Task";
    telling_gives(t, type);
    placement_task_write(&pen, a, status, w->now);
}

/* ---- steps ---- */

static void see_at_home(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    tell_contact(w, a, "A02", world_draw(a, 0, 9) > 0);
    if (--a->left > 0) {
        a->at[AT_SEEN] = world_hour(w, 1, world_draw(a, 8 * HOUR_S, 20 * HOUR_S));
        world_plan(w, a->at[AT_SEEN] + HOUR_S, STEP_CONTACT, i);
    } else {
        a->at[AT_OUT] = w->now;
        world_plan(w, w->now + HOUR_S, STEP_CLOSE, i);
    }
}

static void answer(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    bool declined = a->left == 0 && world_draw(a, 0, 999) < DECLINED_PERMILLE;
    if (declined) {
        tell_task(w, a, "rejected", "placement.declined");
        a->left++;
        a->at[AT_ASKED] = w->now + 10 * MINUTE_S;
        world_plan(w, a->at[AT_ASKED], STEP_ASK, i);
    } else {
        tell_task(w, a, "accepted", "placement.accepted");
        world_plan(w, w->now + world_draw(a, HOUR_S, 3 * HOUR_S), STEP_ADMIT, i);
    }
}

/* A stay of the own provider has leaves; one elsewhere ends when a bed at home is free. */
static void admit(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    a->at[AT_ADMITTED] = w->now - world_draw(a, 0, 20 * MINUTE_S);
    tell_stay(w, a, (struct stay_message){.trigger = "A01", .structure = "ADT_A01"},
              "patient.admitted");
    a->said = true;
    if (a->kind == MENTAL_AWAY) {
        world_plan(w, w->now + 2 * HOUR_S, STEP_REASON, i);
        world_plan(w, w->now + world_draw(a, 3 * DAY_S, 9 * DAY_S), STEP_DISCHARGE, i);
        return;
    }
    a->left = (uint8_t)world_draw(a, 1, 6);
    if (world_draw(a, 0, 999) < DETAINED_PERMILLE) {
        a->at[AT_DETAINED] = a->at[AT_ADMITTED] + 30 * MINUTE_S;
        world_plan(w, w->now + HOUR_S, STEP_DETAIN, i);
    }
    next_leave(w, i, 2);
}

static void leave(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    if (world_draw(a, 0, 999) < ABSENT_PERMILLE) {
        tell_absence(w, a);
        a->kind |= 0x80; /* without leave, until back */
    } else {
        tell_stay(w, a,
                  (struct stay_message){
                      .trigger = "A21", .structure = "ADT_A21", .occurred = a->at[AT_LEAVE]},
                  "leave.started");
    }
    a->at[AT_RETURN] = a->at[AT_LEAVE] + world_draw(a, HOUR_S, 5 * HOUR_S);
    world_plan(w, a->at[AT_RETURN] + 5 * MINUTE_S, STEP_RETURN, i);
}

static void come_back(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    if (a->kind & 0x80) {
        a->kind &= 0x7f;
        tell_absence(w, a);
    } else {
        tell_stay(w, a,
                  (struct stay_message){
                      .trigger = "A22", .structure = "ADT_A21", .occurred = a->at[AT_RETURN]},
                  "leave.ended");
    }
    if (--a->left > 0) {
        next_leave(w, i, (unsigned)world_draw(a, 1, 2));
        return;
    }
    a->at[AT_FIT] = w->now;
    world_plan(w, w->now + world_draw(a, HOUR_S, 20 * HOUR_S), STEP_READY, i);
}

static void discharge(struct world *w, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    bool back = a->kind == MENTAL_AWAY;
    int64_t at = w->now - 10 * MINUTE_S;
    tell_stay(w, a,
              (struct stay_message){.trigger = "A03",
                                    .structure = "ADT_A03",
                                    .ended = at,
                                    .how_out = "1",
                                    .where_to = back ? "53" : "19"},
              "patient.discharged");
    if (back) {
        a->kind = MENTAL_STAY;
        a->number += BACK_HOME;
        world_plan(w, w->now + world_draw(a, 2 * HOUR_S, 5 * HOUR_S), STEP_ADMIT, i);
    } else if (a->at[AT_DETAINED]) {
        a->at[AT_OUT] = at;
        world_plan(w, w->now + HOUR_S, STEP_RELEASE, i);
    } else {
        world_end(w, i);
    }
}

static void step_home(struct world *w, uint32_t what, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    if (what == STEP_LIAISON) {
        tell_contact(w, a, "A11", true);
    } else if (what == STEP_REFER) {
        tell_referral(w, a);
        a->at[AT_SEEN] = world_hour(w, 1, world_draw(a, 8 * HOUR_S, 20 * HOUR_S));
        world_plan(w, a->at[AT_SEEN] + HOUR_S, STEP_CONTACT, i);
    } else if (what == STEP_CONTACT) {
        see_at_home(w, i);
    } else {
        tell_referral(w, a);
        world_end(w, i);
    }
}

static void step_away(struct world *w, uint32_t what, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    if (what == STEP_ASK) {
        tell_task(w, a, "requested", "placement.requested");
        world_plan(w, w->now + world_draw(a, 20 * MINUTE_S, 90 * MINUTE_S), STEP_ANSWER, i);
    } else if (what == STEP_ANSWER) {
        answer(w, i);
    } else {
        tell_reason(w, a);
    }
}

static void step_stay(struct world *w, uint32_t what, uint32_t i)
{
    struct affair *a = &w->affairs[i];
    switch (what) {
    case STEP_REGISTER:
        tell_stay(w, a, (struct stay_message){.trigger = "A28", .structure = "ADT_A05"},
                  "patient.registered");
        world_plan(w, w->now + world_draw(a, HOUR_S, 3 * HOUR_S), STEP_ADMIT, i);
        break;
    case STEP_ADMIT:
        admit(w, i);
        break;
    case STEP_LEAVE:
        leave(w, i);
        break;
    case STEP_RETURN:
        come_back(w, i);
        break;
    case STEP_READY:
        tell_ready(w, a);
        world_plan(w, w->now + world_draw(a, 4 * HOUR_S, 4 * DAY_S), STEP_DISCHARGE, i);
        break;
    case STEP_DISCHARGE:
        discharge(w, i);
        break;
    default: /* STEP_DETAIN, STEP_RELEASE */
        tell_status(w, a);
        if (what == STEP_RELEASE)
            world_end(w, i);
    }
}

static void step(struct world *w, uint32_t what, uint32_t i)
{
    if (what <= STEP_CLOSE)
        step_home(w, what, i);
    else if (what == STEP_ASK || what == STEP_ANSWER || what == STEP_REASON)
        step_away(w, what, i);
    else
        step_stay(w, what, i);
}

const struct sector_plan plan_mental_health = {begin, hear, step, 0};
