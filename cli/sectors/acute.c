/* acute.c - what hospitals tell beside the messages of region.h: that somebody is ready to leave
 * (A16), and to the council that care is needed (Care Act notices). */
#include <stdio.h>
#include "care_act_notice.h"
#include "world_parts.h"

enum { READY_BEFORE_S = 26 * HOUR_S };
#define READY_SERIALS 3000000000U /* the region's own are below */

enum { STEP_READY, STEP_ASSESS, STEP_NOTIFY };

static void begin(struct world *w)
{
    (void)w;
}

static bool on_ward(const struct notice *n)
{
    return n->has_visit && n->trigger == ADT_A08 && n->visit.patient_class == 'I' && n->known &&
           n->visit.storm == 0 && !n->odd;
}

/* The last update of a burst within the day before somebody goes says that he is ready. */
static void hear(struct world *w, const struct notice *n)
{
    const struct visit *v = &n->visit;
    bool soon = v->leaves > n->sent && v->leaves - n->sent < READY_BEFORE_S;
    if (!on_ward(n) || !soon || !world_first(w, v->number))
        return;
    uint32_t i = world_affair(w, who_of(n), v->number);
    if (i == UINT32_MAX)
        return;
    struct affair *a = &w->affairs[i];
    a->hospital = v->hospital;
    world_plan(w, n->sent, STEP_READY, i);
    if (world_needs_care(w, v->number)) {
        world_plan(w, n->sent + 10 * MINUTE_S, STEP_ASSESS, i);
        world_plan(w, n->sent + HOUR_S, STEP_NOTIFY, i);
    }
}

/* It is due at once: the message that it was made of is still at hand. */
static void tell_ready(struct world *w, const struct affair *a)
{
    struct notice n = w->heard;
    n.trigger = ADT_A16;
    n.serial = READY_SERIALS + n.visit.number;
    n.occurred = n.sent;
    n.visit.expected = n.visit.leaves;
    n.twice = false;
    n.also_n = 0;
    notice_mean(&n);
    struct telling *t = world_tell_hospital(w, &n);
    if (!t)
        return;
    snprintf(t->line, sizeof(t->line), "h-ready-%u", a->number);
    snprintf(t->person, sizeof(t->person), "p%u", a->who.patient);
}

static void tell_notice(struct world *w, const struct affair *a, const char *code, const char *type)
{
    const struct pen pen = {&w->text, w->options.zone, w->options.seed};
    struct telling *t = world_tell(w, WAY_FHIR, "notice", a->number, &a->who, code);
    if (!t)
        return;
    t->path = "/$process-message";
    telling_gives(t, type);
    care_act_notice_write(&pen, a, code, w->now);
}

static void step(struct world *w, uint32_t what, uint32_t i)
{
    const struct affair *a = &w->affairs[i];
    bool care = world_needs_care(w, a->number);
    if (what == STEP_READY)
        tell_ready(w, a);
    else if (what == STEP_ASSESS)
        tell_notice(w, a, "975701000000106", "discharge.assessment_requested");
    else
        tell_notice(w, a, "975731000000100", "discharge.notified");
    if (what == STEP_NOTIFY || !care)
        world_end(w, i);
}

const struct sector_plan plan_acute = {begin, hear, step, 0};
