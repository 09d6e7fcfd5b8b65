/* community.c - the community provider: visits at home after a stay in hospital, virtual wards, a
 * community hospital's beds, an urgent team for who has fallen. */
#include "community_write.h"
#include "stay_message.h"
#include "world_parts.h"

enum {
    CASELOAD = 600,          /* people who are visited when the world begins */
    VIRTUAL_PERMILLE = 80,   /* of those who leave a ward for home */
    NOBODY_PERMILLE = 60,    /* of visits */
    KEYED_S = 40 * MINUTE_S, /* a visit is told so long after it began */
    AFTER_STAY = 1000000,    /* their cases are numbered from here on, by visits */
    DELAY_PERMILLE = 500,    /* of those who are ready to leave a community bed */
};

enum {
    STEP_REGISTER,
    STEP_REFERRED,
    STEP_BOOK,
    STEP_CASELOAD,
    STEP_VISIT,
    STEP_CASE_END,
    STEP_STAY,
    STEP_STAY_READY,
    STEP_URGENT,
    STEP_RESPONDED,
};

static struct pen pen_of(struct world *w)
{
    return (struct pen){&w->text, w->options.zone, w->options.seed};
}

/* A visit within working hours, that many days from now. */
static int64_t slot(struct world *w, struct affair *c, unsigned days)
{
    return world_hour(w, days, world_draw(c, 7 * HOUR_S, 17 * HOUR_S) / 300 * 300);
}

static void begin(struct world *w)
{
    for (uint32_t n = 0; n < CASELOAD; n++) {
        uint32_t i = world_affair(w, who_else(1000 + n), n + 1);
        if (i == UINT32_MAX)
            return;
        struct affair *c = &w->affairs[i];
        c->kind = CASE_HOME;
        c->left = (uint8_t)world_draw(c, 2, 20);
        c->at[AT_REFERRED] = w->now - world_draw(c, 2 * DAY_S, 20 * DAY_S);
        c->at[AT_BEGUN] = c->at[AT_REFERRED] + DAY_S;
        c->at[AT_CONTACT] = slot(w, c, 0);
        world_plan(w, c->at[AT_CONTACT] + KEYED_S, STEP_VISIT, i);
    }
}

static void care_at_home(struct world *w, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    c->left = (uint8_t)world_draw(c, 3, 8);
    c->at[AT_REFERRED] = w->now + world_draw(c, 10 * MINUTE_S, 2 * HOUR_S);
    c->at[AT_BEGUN] = world_hour(w, 1, 8 * HOUR_S);
    c->at[AT_CONTACT] = c->at[AT_BOOKED] = slot(w, c, 1) + HOUR_S;
    world_plan(w, c->at[AT_REFERRED], STEP_REGISTER, i);
    world_plan(w, c->at[AT_REFERRED] + MINUTE_S, STEP_REFERRED, i);
    world_plan(w, c->at[AT_REFERRED] + 10 * MINUTE_S, STEP_BOOK, i);
    world_plan(w, c->at[AT_BEGUN], STEP_CASELOAD, i);
    world_plan(w, c->at[AT_CONTACT] + KEYED_S, STEP_VISIT, i);
}

static void stay(struct world *w, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    c->at[AT_BEGUN] = w->now + world_draw(c, 90 * MINUTE_S, 4 * HOUR_S);
    world_plan(w, c->at[AT_BEGUN], STEP_REGISTER, i);
    world_plan(w, c->at[AT_BEGUN] + MINUTE_S, STEP_STAY, i);
}

static void hear_discharge(struct world *w, const struct notice *n)
{
    const struct visit *v = &n->visit;
    bool home = v->where_to && strcmp(v->where_to, "19") == 0;
    bool ward = v->where_to && strcmp(v->where_to, "51") == 0;
    bool virtual = home && world_fate(w, v->number, 'v', VIRTUAL_PERMILLE);
    bool care = home && world_needs_care(w, v->number);
    if (!n->known || (!ward && !virtual && !care) || !world_first(w, v->number * 2))
        return;
    uint32_t i = world_affair(w, who_of(n), AFTER_STAY + v->number);
    if (i == UINT32_MAX)
        return;
    w->affairs[i].hospital = v->hospital;
    w->affairs[i].kind = ward ? CASE_BED : virtual ? CASE_VIRTUAL : CASE_HOME;
    if (ward || virtual)
        stay(w, i);
    else
        care_at_home(w, i);
}

static void hear_fall(struct world *w, const struct notice *n)
{
    if (!world_first(w, n->visit.number * 2 + 1))
        return;
    uint32_t i = world_affair(w, who_fell(n->visit.number), n->visit.number);
    if (i == UINT32_MAX)
        return;
    struct affair *c = &w->affairs[i];
    c->kind = CASE_FALL;
    c->at[AT_REFERRED] = world_fell_at(n);
    world_plan(w, n->sent, STEP_URGENT, i);
    world_plan(w, c->at[AT_REFERRED] + world_draw(c, 60 * MINUTE_S, 150 * MINUTE_S), STEP_RESPONDED,
               i);
}

static void hear(struct world *w, const struct notice *n)
{
    bool stays = n->has_visit && n->visit.patient_class == 'I';
    if (n->trigger == ADT_A03 && stays)
        hear_discharge(w, n);
    else if (n->trigger == ADT_A04 && n->has_visit && world_fell(w, &n->visit))
        hear_fall(w, n);
}

/* ---- what is told ---- */

static struct telling *tell_row(struct world *w, const struct affair *c,
                                const struct row_kind *rows, const char *table)
{
    struct telling *t = world_tell(w, WAY_ROWS, "row", c->who.person, &c->who, table);
    if (t)
        t->rows = rows;
    return t;
}

static void tell_referral(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, c, &csds_referrals, "CYP101");
    if (!t)
        return;
    bool closed = c->at[AT_ENDED] != 0, told = closed && c->at[AT_BOOKED];
    telling_grows(t, "referral.received", told, "referral.closed", closed);
    csds_referral_write(&pen, c);
}

static void tell_registered(struct world *w, const struct affair *c)
{
    struct telling *t = world_tell(w, WAY_MLLP, "adt", c->who.person, &c->who, "A28");
    if (!t)
        return;
    struct stay_place place = {.organisation = COMMUNITY_ODS, .system = "SIMCARE"};
    const struct stay_message m = {.trigger = "A28", .structure = "ADT_A05", .place = &place};
    const struct pen pen = pen_of(w);
    telling_gives(t, "patient.registered");
    stay_message_write(&pen, &m, c, w->now, t);
}

static void tell_booked(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = world_tell(w, WAY_FHIR, "fhir", c->who.person, &c->who, "Appointment");
    if (!t)
        return;
    t->path = "/Appointment";
    telling_gives(t, "appointment.booked");
    care_appointment_write(&pen, c);
}

static void tell_episode(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = world_tell(w, WAY_FHIR, "fhir", c->who.person, &c->who, "EpisodeOfCare");
    if (!t)
        return;
    t->path = "";
    telling_gives(t, c->at[AT_ENDED] ? "caseload.ended" : "caseload.started");
    care_episode_write(&pen, c);
}

static void tell_nobody_there(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, c, &csds_contacts, "CYP201");
    if (!t)
        return;
    telling_gives(t, "contact.dna");
    csds_contact_write(&pen, c);
}

static void tell_contact(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = world_tell(w, WAY_FHIR, "fhir", c->who.person, &c->who, "Encounter");
    if (!t)
        return;
    t->path = "/Encounter";
    telling_gives(t, "contact.completed");
    care_contact_write(&pen, c);
}

static void visit(struct world *w, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    if (world_draw(c, 0, 999) < NOBODY_PERMILLE)
        tell_nobody_there(w, c);
    else
        tell_contact(w, c);
    if (--c->left > 0) {
        c->at[AT_CONTACT] = slot(w, c, (unsigned)world_draw(c, 1, 3));
        world_plan(w, c->at[AT_CONTACT] + KEYED_S, STEP_VISIT, i);
    } else {
        c->at[AT_ENDED] = w->now;
        world_plan(w, w->now + 10 * MINUTE_S, STEP_CASE_END, i);
    }
}

static void end_case(struct world *w, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    if (!c->said) {
        c->said = true;
        tell_episode(w, c);
        world_plan(w, w->now + MINUTE_S, STEP_CASE_END, i);
        return;
    }
    tell_referral(w, c);
    world_end(w, i);
}

static void tell_stay(struct world *w, const struct affair *c)
{
    bool virtual = c->kind == CASE_VIRTUAL;
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, c, virtual ? &csds_virtual : &csds_stays,
                                 virtual ? "virtual_ward" : "ward_stay");
    if (!t)
        return;
    bool ended = c->at[AT_ENDED] != 0;
    if (virtual)
        telling_grows(t, "virtual_ward.admitted", ended, "virtual_ward.discharged", ended);
    else
        telling_grows(t, "patient.admitted", ended, "patient.discharged", ended);
    if (virtual)
        csds_virtual_write(&pen, c);
    else
        csds_stay_write(&pen, c);
}

/* Told when it begins, and once more when it has ended. */
static void step_stay(struct world *w, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    tell_stay(w, c);
    if (c->at[AT_ENDED]) {
        world_end(w, i);
        return;
    }
    c->at[AT_READY] = slot(w, c, (unsigned)world_draw(c, 2, 9));
    world_plan(w, c->at[AT_READY], STEP_STAY_READY, i);
}

static void stay_ready(struct world *w, uint32_t i)
{
    static const char *const delays[] = {"E1", "F2", "D2", "G4"};
    struct affair *c = &w->affairs[i];
    bool delayed = c->kind == CASE_BED && world_draw(c, 0, 999) < DELAY_PERMILLE;
    const struct pen pen = pen_of(w);
    struct telling *t = c->kind == CASE_BED ? tell_row(w, c, &csds_ready, "ready") : NULL;
    if (t) {
        telling_gives(t, "discharge.ready");
        if (delayed)
            telling_gives(t, "discharge.delayed");
        csds_ready_write(&pen, c, delayed ? delays[c->number % 4] : NULL);
    }
    c->at[AT_ENDED] = slot(w, c, delayed ? 3 : 1);
    world_plan(w, c->at[AT_ENDED], STEP_STAY, i);
}

static void tell_urgent(struct world *w, const struct affair *c)
{
    const struct pen pen = pen_of(w);
    struct telling *t = tell_row(w, c, &csds_urgent, "urgent_community");
    if (!t)
        return;
    bool came = c->at[AT_CONTACT] != 0;
    telling_grows(t, "urgent_community.requested", came, "urgent_community.responded", came);
    csds_urgent_write(&pen, c);
}

static void step(struct world *w, uint32_t what, uint32_t i)
{
    struct affair *c = &w->affairs[i];
    switch (what) {
    case STEP_REGISTER:
        tell_registered(w, c);
        break;
    case STEP_REFERRED:
        tell_referral(w, c);
        break;
    case STEP_BOOK:
        tell_booked(w, c);
        break;
    case STEP_CASELOAD:
        tell_episode(w, c);
        break;
    case STEP_VISIT:
        visit(w, i);
        break;
    case STEP_CASE_END:
        end_case(w, i);
        break;
    case STEP_STAY:
        step_stay(w, i);
        break;
    case STEP_STAY_READY:
        stay_ready(w, i);
        break;
    case STEP_URGENT:
        tell_urgent(w, c);
        break;
    default:
        c->at[AT_CONTACT] = w->now;
        tell_urgent(w, c);
        world_end(w, i);
    }
}

const struct sector_plan plan_community = {begin, hear, step, 0};
