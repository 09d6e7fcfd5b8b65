#include "map_function.h"

#include "map_person.h"
#include "map_restricted.h"
#include "site_tables.h"
#include "map_text.h"
#include "map_time.h"
#include "yaml.h"

enum { RESTRICTED_PATHS = 32 };

static void flag_number(struct map_run *run, const struct map_person *p)
{
    if (p->nhs_wrong)
        map_run_flag(run, SLICE("nhs_number_invalid"));
    if (slice_starts(p->nhs_number, SLICE("999")) && !run->context->source->test_numbers)
        map_run_flag(run, SLICE("test_patient"));
}

/* The valid NHS number of the patient, wherever it stands (domain rule 2.3). */
static struct slice nhs_number(struct map_run *run, const struct map_source *source)
{
    (void)source;
    const struct map_person *p = map_person_of(run);
    if (!p)
        return SLICE_ABSENT;
    flag_number(run, p);
    return p->nhs_number;
}

/* The tracing status as sent: PID-32, CX.2 beside the number, ZU1-27. */
static struct slice nhs_number_status(struct map_run *run, const struct map_source *source)
{
    (void)source;
    const struct map_person *p = map_person_of(run);
    if (!p || !slice_present(p->nhs_status))
        return SLICE_ABSENT;
    struct slice digits = p->nhs_status;
    if (slice_starts(digits, SLICE("NSTS")))
        digits = slice_sub(digits, 4, digits.n);
    if (!slice_eq(digits, SLICE("01")))
        map_run_flag(run, SLICE("nhs_number_untraced"));
    return p->nhs_status;
}

static bool add_id(struct map_run *run, unsigned items, const struct map_id *id, struct slice value)
{
    struct event_item *item = event_item_add(run->event, items);
    return item && event_item_set(run->event, item, items + 1, value) &&
           event_item_set(run->event, item, items + 2, id->authority) &&
           event_item_set(run->event, item, items + 3, id->kind);
}

_Static_assert(EV_DATA_PATIENT_IDS_VALUE == EV_DATA_PATIENT_IDS + 1 &&
                   EV_DATA_PATIENT_IDS_AUTHORITY == EV_DATA_PATIENT_IDS + 2 &&
                   EV_DATA_PATIENT_IDS_TYPE == EV_DATA_PATIENT_IDS + 3 &&
                   EV_DATA_MERGE_RETIRED_TYPE == EV_DATA_MERGE_RETIRED + 3 &&
                   EV_DATA_OTHER_PATIENT_IDS_TYPE == EV_DATA_OTHER_PATIENT_IDS + 3,
               "an identifier is value, authority, type");

/* The local numbers of PID-3. */
static bool patient_ids(struct map_run *run, const struct map_field *field,
                        const struct map_source *source)
{
    (void)source;
    const struct map_person *p = map_person_of(run);
    for (unsigned i = 0; p && i < p->ids.n; i++)
        if (!add_id(run, field->field, &p->ids.at[i], p->ids.at[i].value))
            return false;
    return p && p->ids.n;
}

static bool same_id(const struct map_id *a, const struct map_id *b)
{
    return slice_eq(a->value, b->value) && slice_eq(a->authority, b->authority);
}

static bool survives(struct map_run *run, const struct map_person *p, const struct map_id *id)
{
    struct slice nhs = map_id_nhs(run, id);
    if (slice_present(nhs))
        return slice_eq(nhs, p->nhs_number);
    for (unsigned i = 0; i < p->ids.n; i++)
        if (same_id(&p->ids.at[i], id))
            return true;
    return false;
}

/* Of a patient's ids those that PID-3 does not keep. With pseudonyms they are told to the journey,
 * for which the two are one person from now on. */
static bool add_lost(struct map_run *run, unsigned items, struct map_ids ids, bool pseudonyms)
{
    const struct map_person *p = map_person_of(run);
    bool any = false;
    for (unsigned i = 0; p && i < ids.n; i++) {
        const struct map_id *id = &ids.at[i];
        if (survives(run, p, id))
            continue;
        struct slice nhs = map_id_nhs(run, id);
        if (!add_id(run, items, id, slice_present(nhs) ? nhs : id->value))
            return false;
        any = true;
        if (!pseudonyms)
            continue;
        struct slice one = map_id_pseudonym(run, id);
        run->retired = run->retired.n ? arena_join(run->arena, run->retired, SLICE(" "), one) : one;
    }
    return any;
}

static struct map_ids old_ids(struct map_run *run)
{
    return run->view ? map_ids_by(run, &run->context->feed.ids.retired)
                     : map_ids_read(run, map_run_field(run, SLICE("MRG"), 1));
}

/* The ids of MRG-1 that PID-3 does not keep. */
static bool retired_ids(struct map_run *run, const struct map_field *field,
                        const struct map_source *source)
{
    (void)source;
    struct map_ids ids = old_ids(run);
    run->retired = SLICE_ABSENT;
    return add_lost(run, field->field, ids, true);
}

/* The ids of MRG-1 that PID-3 does not keep, of one who stays another person. */
static bool previous_ids(struct map_run *run, const struct map_field *field,
                         const struct map_source *source)
{
    (void)source;
    return add_lost(run, field->field, old_ids(run), false);
}

/* The ids of the message's other patients. */
static bool linked_ids(struct map_run *run, const struct map_field *field,
                       const struct map_source *source)
{
    (void)source;
    bool any = false;
    if (run->view)
        return add_lost(run, field->field, map_ids_by(run, &run->context->feed.ids.linked), false);
    for (uint32_t i = 0; i < run->msg->nsegments; i++) {
        const struct hl7_segment *s = &run->msg->segments[i];
        bool mine = !run->scope.end || (i >= run->scope.first && i < run->scope.end);
        if (!mine && slice_eq(s->id, SLICE("PID")))
            any |= add_lost(run, field->field, map_ids_read(run, hl7_msg_field(run->msg, s, 3)),
                            false);
    }
    return any;
}

/* The numbers of one MRG field that do not stand in the field of what survives. */
static bool add_numbers(struct map_run *run, unsigned items, struct slice retired,
                        struct slice kept, struct slice kind)
{
    struct map_ids old = map_ids_read(run, retired), now = map_ids_read(run, kept);
    bool any = false;
    for (unsigned i = 0; i < old.n; i++) {
        bool stays = false;
        for (unsigned j = 0; j < now.n && !stays; j++)
            stays = same_id(&old.at[i], &now.at[j]);
        old.at[i].kind = kind;
        any |= !stays && add_id(run, items, &old.at[i], old.at[i].value);
    }
    return any;
}

/* The visit numbers of MRG-5 that PV1-19 does not keep, and of MRG-6 that PV1-50 does not. */
static bool retired_visits(struct map_run *run, const struct map_field *field,
                           const struct map_source *source)
{
    (void)source;
    struct slice mrg = SLICE("MRG"), pv1 = SLICE("PV1"), kind = SLICE("visit");
    bool any = add_numbers(run, field->field, map_run_field(run, mrg, 5),
                           map_run_field(run, pv1, 19), kind);
    return add_numbers(run, field->field, map_run_field(run, mrg, 6), map_run_field(run, pv1, 50),
                       kind) ||
           any;
}

/* The account numbers of MRG-3 that PID-18 does not keep. */
static bool retired_accounts(struct map_run *run, const struct map_field *field,
                             const struct map_source *source)
{
    (void)source;
    return add_numbers(run, field->field, map_run_field(run, SLICE("MRG"), 3),
                       map_run_field(run, SLICE("PID"), 18), SLICE("account"));
}

static struct slice visit_number(struct map_run *run, const struct map_source *source)
{
    const struct map_id *visit = map_visit_of(run);
    if (visit)
        return visit->value;
    const struct map_person *p = map_person_of(run);
    const struct map_id *local = p ? map_person_local(p) : NULL;
    struct slice since = map_text_first(run, source->paths, source->npaths);
    return local && slice_present(since) ? arena_join(run->arena, local->value, SLICE("|"), since)
                                         : SLICE_ABSENT;
}

static struct slice visit_authority(struct map_run *run, const struct map_source *source)
{
    (void)source;
    const struct map_id *visit = map_visit_of(run);
    if (visit)
        return visit->authority;
    return slice_present(event_get(run->event, EV_DATA_VISIT_NUMBER)) ? run->context->source->ods
                                                                      : SLICE_ABSENT;
}

static bool is_practice(struct slice text)
{
    if (text.n != 6 || text.p[0] < 'A' || text.p[0] > 'Z')
        return false;
    for (size_t i = 1; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
    return true;
}

struct practice {
    struct map_run *run;
    struct slice found;
};

static bool try_practice(struct slice text, void *arg)
{
    struct practice *p = arg;
    if (is_practice(text) && !slice_present(site_table_get(p->run->context->no_practices, text)))
        p->found = text;
    return !slice_present(p->found);
}

/* The first value at the paths that has the form of a practice code (a letter, five digits) and is
 * not one of the codes for none. */
static struct slice practice(struct map_run *run, const struct map_source *source)
{
    struct practice p = {.run = run, .found = SLICE_ABSENT};
    for (unsigned i = 0; i < source->npaths && !slice_present(p.found); i++)
        map_text_each(run, source->paths[i], try_practice, &p);
    return p.found;
}

/* "Given Family" of an XCN or XPN at the path, from component 2 on where component 1 is an id. */
static struct slice name_of(struct map_run *run, struct slice name, unsigned family)
{
    struct slice last = map_text_part(run, name, family, 1);
    struct slice first = map_text_part(run, name, family + 1, 0);
    if (!slice_present(first) || !slice_present(last))
        return slice_present(last) ? last : first;
    return arena_join(run->arena, first, SLICE(" "), last);
}

static struct slice first_name(struct map_run *run, const struct map_source *source,
                               unsigned family)
{
    for (unsigned i = 0; i < source->npaths; i++) {
        struct slice person = hl7_path_get(source->paths[i].hl7, run->msg, run->scope);
        struct slice name = slice_present(person) ? name_of(run, person, family) : SLICE_ABSENT;
        if (slice_present(name))
            return name;
    }
    return SLICE_ABSENT;
}

static struct slice xcn_name(struct map_run *run, const struct map_source *source)
{
    return first_name(run, source, 2);
}

static struct slice xpn_name(struct map_run *run, const struct map_source *source)
{
    return first_name(run, source, 1);
}

/* Whether the departure is on the local date of the arrival and not an admission. */
static struct slice same_day(struct map_run *run, const struct map_source *source)
{
    (void)source;
    if (slice_eq(event_get(run->event, EV_DATA_VISIT_OUTCOME), SLICE("admitted")))
        return SLICE("false");
    struct slice from = map_time_date(event_get(run->event, EV_DATA_VISIT_ADMITTED_AT));
    struct slice to = map_time_date(event_get(run->event, EV_TIME));
    if (!from.n || !to.n)
        return SLICE_ABSENT;
    return slice_eq(from, to) ? SLICE("true") : SLICE("false");
}

/* What stands behind the last ":", "/" or "|": RXF05 of urn:nhs-uk:addressing:ods:RXF05. */
static struct slice last_part(struct map_run *run, const struct map_source *source)
{
    struct slice text = map_text_first(run, source->paths, source->npaths);
    size_t from = text.n;
    while (from > 0 && !memchr(":/|", text.p[from - 1], 3))
        from--;
    return from > 0 && from < text.n ? slice_sub(text, from, text.n) : SLICE_ABSENT;
}

/* What the ids of all events of this message begin with: the same on both halves of a swap. */
static struct slice swap_id(struct map_run *run, const struct map_source *source)
{
    (void)source;
    return run->message_id;
}

static const struct map_function functions[] = {
    {"last_part", MAP_TEXT, 8, false, NULL, last_part, NULL},
    {"linked_ids", MAP_ITEMS, 0, false, "PID-3 of the message's other patients", NULL, linked_ids},
    {"nhs_number", MAP_TEXT, 0, false, "PID-3, PID-2, PID-19", nhs_number, NULL},
    {"nhs_number_status", MAP_CODE, 0, false, "PID-32, PID-3.2, PID-2.2, PID-19.2, ZU1-27",
     nhs_number_status, NULL},
    {"patient_ids", MAP_ITEMS, 0, false, "PID-3", NULL, patient_ids},
    {"practice", MAP_TEXT, 8, false, NULL, practice, NULL},
    {"previous_ids", MAP_ITEMS, 0, false, "MRG-1, PID-3", NULL, previous_ids},
    {"restricted", MAP_BOOL, RESTRICTED_PATHS, false,
     "meta.security of the Patients in the document", map_restricted, NULL},
    {"retired_accounts", MAP_ITEMS, 0, true, "MRG-3, PID-18", NULL, retired_accounts},
    {"retired_ids", MAP_ITEMS, 0, false, "MRG-1, PID-3", NULL, retired_ids},
    {"retired_visits", MAP_ITEMS, 0, true, "MRG-5, PV1-19, MRG-6, PV1-50", NULL, retired_visits},
    {"same_day", MAP_BOOL, 0, false, "data.visit.outcome, data.visit.admitted_at, time", same_day,
     NULL},
    {"swap_id", MAP_TEXT, 0, false, "the whole message", swap_id, NULL},
    {"visit_authority", MAP_TEXT, 0, false, "PV1-19.4, PID-18.4", visit_authority, NULL},
    {"visit_number", MAP_TEXT, 4, true, "PV1-19, PID-18, PID-3", visit_number, NULL},
    {"xcn_name", MAP_TEXT, 4, true, NULL, xcn_name, NULL},
    {"xpn_name", MAP_TEXT, 4, true, NULL, xpn_name, NULL},
};
enum { NFUNCTIONS = sizeof(functions) / sizeof(functions[0]) };

const struct map_function *map_function_find(struct slice name)
{
    for (unsigned i = 0; i < NFUNCTIONS; i++)
        if (slice_eq_str(name, functions[i].name))
            return &functions[i];
    return NULL;
}

const char *map_function_nearest(struct slice name)
{
    const char *names[NFUNCTIONS];
    for (unsigned i = 0; i < NFUNCTIONS; i++)
        names[i] = functions[i].name;
    return yaml_nearest(name, names, NFUNCTIONS);
}
