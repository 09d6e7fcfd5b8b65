#include "adt_patient.h"

/* What the shipped maps know these kinds by. */
static struct slice id_type(struct slice kind)
{
    if (slice_eq_str(kind, "nhs_number"))
        return SLICE("NH");
    if (slice_eq_str(kind, "mrn"))
        return SLICE("MR");
    if (slice_eq_str(kind, "visit"))
        return SLICE("VN");
    return slice_eq_str(kind, "account") ? SLICE("AN") : kind;
}

/* The ids of a list (value, authority, kind), all or only those that are accounts or are not. */
enum pick { PICK_ALL, PICK_ACCOUNTS, PICK_OTHERS };

static unsigned ids(struct adt_writer *w, unsigned at, unsigned items, enum pick pick, bool more)
{
    unsigned n = 0;
    for (const struct event_item *id = event_item_nth(w->e, items, 0); id;
         id = event_item_next(id)) {
        struct slice kind = event_item_get(id, items + 3);
        struct slice authority = event_item_get(id, items + 2);
        bool account = slice_eq_str(kind, "account");
        if (pick != PICK_ALL && account != (pick == PICK_ACCOUNTS))
            continue;
        if (more || n)
            adt_segment_repeat(&w->s);
        if (slice_eq_str(kind, "nhs_number"))
            authority = SLICE("NHS");
        adt_cx(w, at, event_item_get(id, items + 1), authority, id_type(kind));
        n++;
    }
    return n;
}

/* A patient of whom the route tells no number is known by the pseudonym. */
static void patient_ids(struct adt_writer *w)
{
    struct slice nhs = adt_get(w, EV_DATA_PATIENT_NHS_NUMBER);
    if (nhs.n)
        adt_cx(w, 3, nhs, SLICE("NHS"), SLICE("NH"));
    unsigned n = ids(w, 3, EV_DATA_PATIENT_IDS, PICK_ALL, nhs.n > 0);
    if (!nhs.n && !n)
        adt_cx(w, 3, adt_get(w, EV_SUBJECT),
               adt_get(w, EV_SUBJECT).n ? SLICE("WEIR") : SLICE_ABSENT,
               adt_get(w, EV_SUBJECT).n ? SLICE("ANON") : SLICE_ABSENT);
}

/* PID-30. */
static struct slice died(const struct adt_writer *w)
{
    struct slice deceased = adt_get(w, EV_DATA_PATIENT_DECEASED);
    if (event_is_set(w->e, EV_DATA_PATIENT_DIED_AT))
        return event_is_null(w->e, EV_DATA_PATIENT_DIED_AT) ? SLICE("N") : SLICE("Y");
    if (!deceased.n)
        return SLICE_ABSENT;
    return slice_eq_str(deceased, "true") ? SLICE("Y") : SLICE("N");
}

void adt_write_pid(struct adt_writer *w)
{
    struct slice status = adt_coded(w, EV_DATA_PATIENT_NHS_NUMBER_STATUS_RAW);
    adt_begin(w, "PID");
    patient_ids(w);
    adt_text(w, 5, 1, EV_DATA_PATIENT_FAMILY);
    adt_text(w, 5, 2, EV_DATA_PATIENT_GIVEN);
    adt_segment_time(&w->s, 7, adt_get(w, EV_DATA_PATIENT_BIRTH_DATE));
    adt_code(w, 8, EV_DATA_PATIENT_GENDER_RAW);
    adt_text(w, 11, 5, EV_DATA_PATIENT_POSTCODE);
    adt_code(w, 22, EV_DATA_PATIENT_ETHNIC_CATEGORY_RAW);
    adt_moment(w, 29, EV_DATA_PATIENT_DIED_AT);
    adt_segment_text(&w->s, 30, 1, died(w));
    if (adt_status_in_pid(status))
        adt_segment_text(&w->s, 32, 1, status);
    adt_end(w);
    adt_begin(w, "PD1");
    /* Not in XON.3, which is a number up to v2.6: strict readers refuse a practice's letter. */
    adt_text(w, 3, 1, EV_DATA_PATIENT_GP_PRACTICE);
    adt_end(w);
}

void adt_write_other_pid(struct adt_writer *w)
{
    adt_begin(w, "PID");
    ids(w, 3, EV_DATA_OTHER_PATIENT_IDS, PICK_ALL, false);
    adt_end(w);
}

void adt_write_mrg(struct adt_writer *w)
{
    bool visits = adt_is_type(w, "visit.merged") || adt_is_type(w, "visit.moved") ||
                  adt_is_type(w, "visit.number_changed");
    adt_begin(w, "MRG");
    if (!visits)
        ids(w, 1, EV_DATA_MERGE_RETIRED, PICK_OTHERS, false);
    else if (adt_is_type(w, "visit.moved"))
        ids(w, 1, EV_DATA_OTHER_PATIENT_IDS, PICK_ALL, false);
    if (!visits)
        ids(w, 3, EV_DATA_MERGE_RETIRED, PICK_ACCOUNTS, false);
    else
        ids(w, adt_is_trigger(w, "A51") ? 6 : 5, EV_DATA_MERGE_RETIRED, PICK_ALL, false);
    adt_end(w);
}
