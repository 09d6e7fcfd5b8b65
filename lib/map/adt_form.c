#include "adt_form.h"

struct row {
    const char *type, *trigger;
    enum adt_time time;
    bool (*fits)(const struct event *e); /* NULL: always */
};

static bool group_is(const struct event *e, unsigned field, const char *group)
{
    return slice_eq_str(event_get(e, field), group);
}

static bool moved(const struct event *e)
{
    return slice_present(event_get(e, EV_DATA_PRIOR_LOCATION_RAW));
}

static bool is_in_sdec(const struct event *e)
{
    return group_is(e, EV_DATA_LOCATION_GROUP, "sdec");
}

static bool was_in_sdec(const struct event *e)
{
    return group_is(e, EV_DATA_PRIOR_LOCATION_GROUP, "sdec");
}

static bool was_in_virtual_ward(const struct event *e)
{
    return group_is(e, EV_DATA_PRIOR_LOCATION_GROUP, "virtual_ward");
}

static bool leaves_beds(const struct event *e)
{
    static const char *const beds[] = {"inpatient", "day_case", "sdec", "virtual_ward"};
    struct slice group = event_get(e, EV_DATA_VISIT_CLASS_GROUP);
    for (unsigned i = 0; i < sizeof(beds) / sizeof(*beds); i++)
        if (slice_eq_str(group, beds[i]))
            return false;
    return slice_present(group);
}

static bool is_clinic(const struct event *e)
{
    return group_is(e, EV_DATA_VISIT_CLASS_GROUP, "outpatient");
}

static bool has_visit(const struct event *e)
{
    return event_is_set(e, EV_DATA_VISIT_CLASS) || event_is_set(e, EV_DATA_VISIT_NUMBER) ||
           event_is_set(e, EV_DATA_LOCATION_RAW);
}

/* Of accounts, not of people. */
static bool joins_accounts(const struct event *e)
{
    const struct event_item *at = event_item_nth(e, EV_DATA_MERGE_RETIRED, 0);
    for (; at; at = event_item_next(at))
        if (slice_eq_str(event_item_get(at, EV_DATA_MERGE_RETIRED_TYPE), "account"))
            return true;
    return false;
}

/* In the order of the types; of a type the first that fits. */
static const struct row rows[] = {
    {"admission.cancelled", "A11", ADT_TIME_ENTRY, NULL},
    {"admission.plan_cancelled", "A27", ADT_TIME_ENTRY, is_clinic},
    {"admission.plan_cancelled", "A38", ADT_TIME_ENTRY, NULL},
    {"admission.planned", "A14", ADT_TIME_ENTRY, is_clinic},
    {"admission.planned", "A05", ADT_TIME_ENTRY, NULL},
    {"appointment.attended", "A04", ADT_TIME_EVENT, NULL},
    {"appointment.attended", "A10", ADT_TIME_EVENT, NULL},
    {"appointment.booked", "A05", ADT_TIME_ENTRY, NULL},
    {"appointment.cancelled", "A38", ADT_TIME_ENTRY, NULL},
    {"appointment.cancelled", "A03", ADT_TIME_EVENT, NULL},
    {"appointment.dna", "A04", ADT_TIME_ENTRY, NULL},
    {"appointment.dna", "A03", ADT_TIME_EVENT, NULL},
    {"appointment.dna", "A38", ADT_TIME_ENTRY, NULL},
    {"attendance.completed", "A03", ADT_TIME_EVENT, NULL},
    {"bed.allocated", "A15", ADT_TIME_ENTRY, NULL},
    {"bed.allocated", "A14", ADT_TIME_ENTRY, NULL},
    {"bed.request_cancelled", "A26", ADT_TIME_ENTRY, NULL},
    {"bed.request_cancelled", "A27", ADT_TIME_ENTRY, NULL},
    {"bed.requested", "A15", ADT_TIME_ENTRY, NULL},
    {"bed.requested", "A14", ADT_TIME_ENTRY, NULL},
    {"bed.status_changed", "A20", ADT_TIME_EVENT, NULL},
    {"care.responsibility_changed", "A54", ADT_TIME_EVENT, NULL},
    {"care.responsibility_changed", "A55", ADT_TIME_ENTRY, NULL},
    {"care.responsibility_changed", "A61", ADT_TIME_EVENT, NULL},
    {"care.responsibility_changed", "A62", ADT_TIME_ENTRY, NULL},
    {"caseload.ended", "A03", ADT_TIME_EVENT, NULL},
    {"caseload.started", "A04", ADT_TIME_EVENT, NULL},
    {"discharge.cancelled", "A13", ADT_TIME_ENTRY, NULL},
    {"discharge.expected", "A16", ADT_TIME_ENTRY, NULL},
    {"discharge.expected_cancelled", "A25", ADT_TIME_ENTRY, NULL},
    {"discharge.ready", "A16", ADT_TIME_READY, NULL},
    {"emergency.arrived", "A04", ADT_TIME_EVENT, NULL},
    {"emergency.arrived", "A01", ADT_TIME_EVENT, NULL},
    {"emergency.decision_to_admit", "A14", ADT_TIME_ENTRY, NULL},
    {"emergency.decision_to_admit", "A15", ADT_TIME_ENTRY, NULL},
    {"emergency.departed", "A03", ADT_TIME_EVENT, NULL},
    {"emergency.left_before_seen", "A03", ADT_TIME_EVENT, NULL},
    {"emergency.streamed", "A03", ADT_TIME_EVENT, NULL},
    {"leave.end_cancelled", "A53", ADT_TIME_ENTRY, NULL},
    {"leave.ended", "A22", ADT_TIME_EVENT, NULL},
    {"leave.start_cancelled", "A52", ADT_TIME_ENTRY, NULL},
    {"leave.started", "A21", ADT_TIME_EVENT, NULL},
    {"mha.detention_started", "A01", ADT_TIME_DETENTION, NULL},
    {"mha.detention_started", "A06", ADT_TIME_DETENTION, NULL},
    {"patient.admitted", "A01", ADT_TIME_EVENT, NULL},
    {"patient.deleted", "A23", ADT_TIME_ENTRY, has_visit},
    {"patient.deleted", "A29", ADT_TIME_ENTRY, NULL},
    {"patient.died", "A03", ADT_TIME_EVENT, NULL},
    {"patient.discharged", "A03", ADT_TIME_EVENT, NULL},
    {"patient.identifier_changed", "A47", ADT_TIME_ENTRY, NULL},
    {"patient.linked", "A24", ADT_TIME_ENTRY, NULL},
    {"patient.merged", "A41", ADT_TIME_ENTRY, joins_accounts},
    {"patient.merged", "A40", ADT_TIME_ENTRY, NULL},
    {"patient.registered", "A28", ADT_TIME_ENTRY, NULL},
    {"patient.transferred", "A02", ADT_TIME_EVENT, NULL},
    {"patient.unlinked", "A37", ADT_TIME_ENTRY, NULL},
    {"patient.updated", "A08", ADT_TIME_ENTRY, has_visit},
    {"patient.updated", "A31", ADT_TIME_ENTRY, NULL},
    {"sdec.arrived", "A02", ADT_TIME_EVENT, moved},
    {"sdec.arrived", "A04", ADT_TIME_EVENT, NULL},
    {"sdec.arrived", "A01", ADT_TIME_EVENT, NULL},
    {"sdec.arrived", "A06", ADT_TIME_EVENT, NULL},
    {"sdec.arrived", "A10", ADT_TIME_EVENT, NULL},
    {"sdec.departed", "A02", ADT_TIME_EVENT, was_in_sdec},
    {"sdec.departed", "A03", ADT_TIME_EVENT, NULL},
    {"sdec.departed", "A01", ADT_TIME_EVENT, NULL},
    {"sdec.departed", "A06", ADT_TIME_EVENT, NULL},
    {"sdec.streamed", "A02", ADT_TIME_EVENT, is_in_sdec},
    {"sdec.streamed", "A03", ADT_TIME_EVENT, NULL},
    {"transfer.cancelled", "A12", ADT_TIME_ENTRY, NULL},
    {"transfer.pending", "A15", ADT_TIME_ENTRY, NULL},
    {"transfer.pending_cancelled", "A26", ADT_TIME_ENTRY, NULL},
    {"virtual_ward.admitted", "A02", ADT_TIME_EVENT, moved},
    {"virtual_ward.admitted", "A01", ADT_TIME_EVENT, NULL},
    {"virtual_ward.admitted", "A04", ADT_TIME_EVENT, NULL},
    {"virtual_ward.admitted", "A06", ADT_TIME_EVENT, NULL},
    {"virtual_ward.discharged", "A02", ADT_TIME_EVENT, was_in_virtual_ward},
    {"virtual_ward.discharged", "A03", ADT_TIME_EVENT, NULL},
    {"visit.class_changed", "A07", ADT_TIME_EVENT, leaves_beds},
    {"visit.class_changed", "A06", ADT_TIME_EVENT, NULL},
    {"visit.merged", "A42", ADT_TIME_ENTRY, NULL},
    {"visit.moved", "A45", ADT_TIME_ENTRY, NULL},
    {"visit.number_changed", "A50", ADT_TIME_ENTRY, NULL},
    {"visit.number_changed", "A51", ADT_TIME_ENTRY, NULL},
    {"visit.updated", "A08", ADT_TIME_ENTRY, NULL},
    {"visit.updated", "A09", ADT_TIME_EVENT, NULL},
    {"visit.updated", "A10", ADT_TIME_EVENT, NULL},
    {"visit.updated", "A14", ADT_TIME_ENTRY, NULL},
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* HL7 v2.4, table 0354: what triggers share a structure with another; the others have their own. */
static const struct {
    const char *trigger, *structure;
} structures[] = {
    {"A04", "ADT_A01"}, {"A08", "ADT_A01"}, {"A13", "ADT_A01"}, {"A14", "ADT_A05"},
    {"A28", "ADT_A05"}, {"A31", "ADT_A05"}, {"A07", "ADT_A06"}, {"A10", "ADT_A09"},
    {"A11", "ADT_A09"}, {"A22", "ADT_A21"}, {"A23", "ADT_A21"}, {"A25", "ADT_A21"},
    {"A26", "ADT_A21"}, {"A27", "ADT_A21"}, {"A29", "ADT_A21"}, {"A40", "ADT_A39"},
    {"A41", "ADT_A39"}, {"A42", "ADT_A39"}, {"A47", "ADT_A30"}, {"A51", "ADT_A50"},
    {"A53", "ADT_A52"}, {"A55", "ADT_A52"}, {"A62", "ADT_A61"}, {"A01", "ADT_A01"},
    {"A02", "ADT_A02"}, {"A03", "ADT_A03"}, {"A05", "ADT_A05"}, {"A06", "ADT_A06"},
    {"A09", "ADT_A09"}, {"A12", "ADT_A09"}, {"A15", "ADT_A15"}, {"A16", "ADT_A16"},
    {"A20", "ADT_A20"}, {"A21", "ADT_A21"}, {"A24", "ADT_A24"}, {"A37", "ADT_A37"},
    {"A38", "ADT_A38"}, {"A45", "ADT_A45"}, {"A50", "ADT_A50"}, {"A52", "ADT_A52"},
    {"A54", "ADT_A54"}, {"A61", "ADT_A61"},
};

static const char *structure_of(const char *trigger)
{
    for (unsigned i = 0; i < sizeof(structures) / sizeof(*structures); i++)
        if (strcmp(structures[i].trigger, trigger) == 0)
            return structures[i].structure;
    return "";
}

bool adt_form_of(const struct event *e, struct adt_form *ret)
{
    struct slice type = event_get(e, EV_TYPE), sent = event_get(e, EV_DATA_ORIGIN_TRIGGER);
    const struct row *found = NULL;
    for (const struct row *r = rows; r < rows + ROWS; r++) {
        if (!slice_eq_str(type, r->type))
            continue;
        bool same = slice_eq_str(sent, r->trigger);
        if (same || (!found && (!r->fits || r->fits(e))))
            found = r;
        if (same)
            break;
    }
    if (!found)
        return false;
    *ret =
        (struct adt_form){found->type, found->trigger, structure_of(found->trigger), found->time};
    return true;
}

const char *adt_form_type(unsigned nth)
{
    const char *last = "";
    for (unsigned i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].type, last) == 0)
            continue;
        last = rows[i].type;
        if (nth-- == 0)
            return last;
    }
    return NULL;
}
