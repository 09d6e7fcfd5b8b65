/* ambulance.c - the ambulance service: who comes to a hospital by ambulance has called an hour
 * before; others are treated by phone, at home, or left to the urgent community team. */
#include "ambulance_write.h"
#include "community_write.h"
#include "world_parts.h"

enum {
    PHONE_PERMILLE = 120, /* for each thousand who come to an emergency department … */
    SCENE_PERMILLE = 120, /* … so many are treated on the phone, and where they are */
    CALLERS = 40,         /* call again and again */
};

/* The steps are the times of an incident, and these. */
enum { STEP_RECORD = AFFAIR_TIMES, STEP_REFER };

static void begin(struct world *w)
{
    (void)w;
}

/* The times before `at`, each earlier than the next; together less than the lead. */
static void go_back(struct affair *a, unsigned last, int64_t at)
{
    static const int64_t most[] = {
        [AT_CALL] = 150,
        [AT_CODE] = 240,
        [AT_MOBILE] = 14 * MINUTE_S,
        [AT_SCENE] = 25 * MINUTE_S,
        [AT_LEFT] = 20 * MINUTE_S,
    };
    a->at[last] = at;
    for (unsigned i = last; i-- > 0;) {
        at -= world_draw(a, most[i] / 3, most[i]);
        a->at[i] = at;
    }
}

static void plan_times(struct world *w, uint32_t incident)
{
    const struct affair *a = &w->affairs[incident];
    for (unsigned i = 0; i < AFFAIR_TIMES; i++)
        if (a->at[i] && i != AT_HANDOVER)
            world_plan(w, a->at[i], i, incident);
}

static void convey(struct world *w, const struct notice *n, enum incident_kind kind)
{
    uint32_t i = world_affair(w, who_of(n), n->visit.number);
    if (i == UINT32_MAX)
        return;
    struct affair *a = &w->affairs[i];
    a->hospital = n->visit.hospital;
    a->kind = (uint8_t)kind;
    go_back(a, AT_HOSPITAL, n->visit.admitted);
    a->at[AT_HANDOVER] = a->at[AT_HOSPITAL] + world_draw(a, 5 * MINUTE_S, 50 * MINUTE_S);
    a->at[AT_CLEAR] = a->at[AT_HANDOVER] + world_draw(a, 8 * MINUTE_S, 20 * MINUTE_S);
    if (kind == INCIDENT_TO_SDEC && a->who.known)
        world_plan(w, a->at[AT_SCENE] + 5 * MINUTE_S, STEP_REFER, i);
    plan_times(w, i);
}

/* Somebody else calls at about that time, and no hospital will hear of it. */
static void stay_away(struct world *w, const struct notice *n)
{
    uint32_t visit = n->visit.number;
    bool fell = world_fell(w, &n->visit), phone = world_fate(w, visit, 'p', PHONE_PERMILLE);
    if (!fell && !phone && !world_fate(w, visit, 's', SCENE_PERMILLE))
        return;
    uint32_t i = world_affair(w, who_fell(visit), visit);
    if (i == UINT32_MAX)
        return;
    struct affair *a = &w->affairs[i];
    a->kind = fell ? INCIDENT_FELL : phone ? INCIDENT_BY_PHONE : INCIDENT_ON_SCENE;
    if (phone && !fell && visit % 4 == 0) {
        a->who = who_else(visit / 4 % CALLERS);
        a->left = 1;
    }
    go_back(a, fell || phone ? AT_CODE : AT_SCENE, n->sent - HOUR_S);
    a->at[AT_CLEAR] =
        n->sent - HOUR_S + world_draw(a, 10 * MINUTE_S, (fell || phone ? 25 : 60) * MINUTE_S);
    if (fell)
        world_plan(w, world_fell_at(n), STEP_REFER, i);
    plan_times(w, i);
}

static void hear(struct world *w, const struct notice *n)
{
    bool arrives = n->trigger == ADT_A04 && n->has_visit;
    bool to_ed = n->visit.patient_class == 'E', to_sdec = n->visit.now.ward == WARD_SDEC;
    if (!arrives || (!to_ed && !to_sdec) || !world_first(w, n->visit.number))
        return;
    if (world_conveyed(w, &n->visit))
        convey(w, n, to_sdec ? INCIDENT_TO_SDEC : INCIDENT_CONVEYED);
    else if (to_ed)
        stay_away(w, n);
}

static void tell_status(struct world *w, const struct affair *a, unsigned at)
{
    static const struct {
        const char *status, *type;
    } rows[AFFAIR_TIMES] = {
        [AT_CALL] = {"call_answered", "ambulance.call_received"},
        [AT_CODE] = {"dispatch_code_established", "ambulance.categorised"},
        [AT_MOBILE] = {"resource_mobilised", "ambulance.dispatched"},
        [AT_SCENE] = {"arrived_on_scene", "ambulance.on_scene"},
        [AT_LEFT] = {"left_scene", "ambulance.conveying"},
        [AT_HOSPITAL] = {"arrived_receiving_location", "ambulance.arrived"},
        [AT_CLEAR] = {"clear", "ambulance.clear"},
    };
    bool phone = a->kind == INCIDENT_BY_PHONE && at == AT_CLEAR;
    const char *status = phone ? "closed_by_phone" : rows[at].status;
    bool named = a->who.known && (at == AT_LEFT || phone);
    struct who nobody = {.known = false};
    struct telling *t =
        world_tell(w, WAY_JSON, "cad", a->number, named ? &a->who : &nobody, status);
    if (!t)
        return;
    telling_gives(t, phone ? "ambulance.hear_and_treat" : rows[at].type);
    if (phone && a->left)
        telling_gives(t, "ambulance.frequent_caller_flagged");
    const struct pen pen = {&w->text, w->options.zone, w->options.seed};
    cad_status_write(&pen, a, at, status);
}

static void tell_record(struct world *w, const struct affair *a)
{
    struct telling *t = world_tell(w, WAY_ROWS, "epcr", a->number, &a->who, "record");
    if (!t)
        return;
    const struct pen pen = {&w->text, w->options.zone, w->options.seed};
    t->rows = &epcr_rows;
    telling_gives(t, a->at[AT_HANDOVER] ? "ambulance.handed_over" : "ambulance.see_and_treat");
    epcr_row_write(&pen, a);
}

static void tell_referral(struct world *w, const struct affair *a)
{
    bool fell = a->kind == INCIDENT_FELL;
    char hospital[4];
    struct telling *t =
        world_tell(w, WAY_FHIR, "bars", a->number, &a->who, "servicerequest-request");
    if (!t)
        return;
    const struct pen pen = {&w->text, w->options.zone, w->options.seed};
    ward_hospital(a->hospital, hospital);
    t->path = "/$process-message";
    telling_gives(t, "referral.received");
    if (fell)
        telling_gives(t, "urgent_community.requested");
    telling_gives(t, "ambulance.alternative_pathway");
    bars_referral_write(&pen, a, fell ? "a4t2" : "a1t9", fell ? COMMUNITY_ODS : hospital, w->now);
}

static void step(struct world *w, uint32_t what, uint32_t incident)
{
    const struct affair *a = &w->affairs[incident];
    bool has_record = a->kind != INCIDENT_BY_PHONE && a->kind != INCIDENT_FELL;
    if (what == STEP_REFER) {
        tell_referral(w, a);
    } else if (what == STEP_RECORD) {
        tell_record(w, a);
        world_end(w, incident);
    } else {
        if (a->kind != INCIDENT_FELL || what != AT_CLEAR)
            tell_status(w, a, what);
        if (what == AT_CLEAR && has_record)
            world_plan(w, w->now + MINUTE_S, STEP_RECORD, incident);
        else if (what == AT_CLEAR)
            world_end(w, incident);
    }
}

const struct sector_plan plan_ambulance = {begin, hear, step, 2 * HOUR_S};
