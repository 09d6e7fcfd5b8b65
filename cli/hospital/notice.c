#include "notice.h"

#include <string.h>

static const struct {
    const char *name, *structure, *type; /* type: where it is always the same one */
} rows[TRIGGERS] = {
    [ADT_A01] = {"A01", "ADT_A01", NULL},
    [ADT_A02] = {"A02", "ADT_A02", NULL},
    [ADT_A03] = {"A03", "ADT_A03", NULL},
    [ADT_A04] = {"A04", "ADT_A01", NULL},
    [ADT_A05] = {"A05", "ADT_A05", NULL},
    [ADT_A06] = {"A06", "ADT_A06", NULL},
    [ADT_A08] = {"A08", "ADT_A01", "visit.updated"},
    [ADT_A11] = {"A11", "ADT_A09", "admission.cancelled"},
    [ADT_A12] = {"A12", "ADT_A12", "transfer.cancelled"},
    [ADT_A13] = {"A13", "ADT_A01", "discharge.cancelled"},
    [ADT_A16] = {"A16", "ADT_A16", "discharge.expected"},
    [ADT_A28] = {"A28", "ADT_A05", "patient.registered"},
    [ADT_A31] = {"A31", "ADT_A05", "patient.updated"},
    [ADT_A38] = {"A38", "ADT_A38", NULL},
    [ADT_A40] = {"A40", "ADT_A39", "patient.merged"},
};

const char *notice_trigger(enum trigger t)
{
    return rows[t].name;
}

const char *notice_structure(enum trigger t)
{
    return rows[t].structure;
}

static void add(struct notice *n, bool when, const char *type)
{
    unsigned i = 0;
    while (n->types[i])
        i++;
    if (when && i < NOTICE_TYPES)
        n->types[i] = type;
}

static void mean_admission(struct notice *n, bool from_sdec)
{
    add(n, n->trigger == ADT_A06, "visit.class_changed");
    add(n, from_sdec, "sdec.departed");
    add(n, true, "patient.admitted");
}

static void mean_transfer(struct notice *n, bool sdec, bool from_sdec)
{
    add(n, true, "patient.transferred");
    add(n, sdec && n->visit.before.ward == WARD_ED, "sdec.streamed");
    add(n, sdec && !from_sdec && n->visit.before.ward, "sdec.arrived");
    add(n, from_sdec && !sdec, "sdec.departed");
}

static void mean_end(struct notice *n, bool sdec)
{
    char c = n->visit.patient_class;
    const char *how = n->visit.how_out ? n->visit.how_out : "";
    add(n, sdec, "sdec.departed");
    add(n, c == 'E', "emergency.departed");
    add(n, c == 'E' && strcmp(how, "12") == 0, "emergency.left_before_seen");
    add(n, c == 'O' && !sdec, "attendance.completed");
    add(n, c == 'I', "patient.discharged");
    add(n, strcmp(how, "4") == 0, "patient.died");
}

void notice_mean(struct notice *n)
{
    char c = n->visit.patient_class;
    bool sdec = n->visit.now.ward == WARD_SDEC, from_sdec = n->visit.before.ward == WARD_SDEC;
    memset(n->types, 0, sizeof(n->types));
    if (n->odd == ODD_NO_MRG)
        return;
    add(n, rows[n->trigger].type != NULL, rows[n->trigger].type);
    if (n->trigger == ADT_A01 || n->trigger == ADT_A06)
        mean_admission(n, from_sdec);
    else if (n->trigger == ADT_A02)
        mean_transfer(n, sdec, from_sdec);
    else if (n->trigger == ADT_A03)
        mean_end(n, sdec);
    else if (n->trigger == ADT_A05)
        add(n, true, c == 'O' ? "appointment.booked" : "admission.planned");
    else if (n->trigger == ADT_A38)
        add(n, true, c == 'O' ? "appointment.cancelled" : "admission.plan_cancelled");
    add(n, n->trigger == ADT_A16, "discharge.ready");
    if (n->trigger == ADT_A04) {
        add(n, sdec, "sdec.arrived");
        add(n, c == 'E', "emergency.arrived");
        add(n, c == 'O' && !sdec, "appointment.attended");
    }
}
