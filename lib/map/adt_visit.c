#include "adt_visit.h"

static bool odd_in_pl(char c)
{
    return c == '|' || c == '~' || (unsigned char)c < ' ';
}

/* A location as it was sent, else from its parts in the order of the standard. */
static void place(struct adt_writer *w, unsigned at, unsigned raw)
{
    static const unsigned parts[] = {
        EV_DATA_LOCATION_WARD,     EV_DATA_LOCATION_BAY,    EV_DATA_LOCATION_BED,
        EV_DATA_LOCATION_SITE,     EV_DATA_LOCATION_STATUS, EV_DATA_LOCATION_TYPE,
        EV_DATA_LOCATION_BUILDING, EV_DATA_LOCATION_FLOOR,  EV_DATA_LOCATION_DESCRIPTION};
    struct slice sent = adt_get(w, raw);
    bool usable = sent.n > 0;
    for (size_t i = 0; usable && i < sent.n; i++)
        usable = !odd_in_pl(sent.p[i]);
    if (event_is_null(w->e, raw))
        adt_segment_raw(&w->s, at, SLICE("\"\""));
    else if (usable)
        adt_segment_raw(&w->s, at, sent);
    else
        for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
            adt_text(w, at, i + 1, raw + parts[i] - EV_DATA_LOCATION_RAW);
}

/* "Given Family" cut at the last blank: read again it is the same name. */
static void consultant(struct adt_writer *w, unsigned at)
{
    struct slice name = adt_get(w, EV_DATA_CARE_CONSULTANT_NAME);
    size_t cut = name.n;
    while (cut && name.p[cut - 1] != ' ')
        cut--;
    adt_text(w, at, 1, EV_DATA_CARE_CONSULTANT_ID);
    adt_segment_text(&w->s, at, 2, slice_sub(name, cut, name.n));
    if (cut)
        adt_segment_text(&w->s, at, 3, slice_sub(name, 0, cut - 1));
    adt_text(w, at, 9, EV_DATA_CARE_CONSULTANT_SCHEME);
}

/* PV1-2 where the source said none: what the group is called in HL7 table 0004. */
static struct slice class_of(const struct adt_writer *w)
{
    static const struct {
        const char *group;
        struct slice class;
    } classes[] = {{"inpatient", {"I", 1}},    {"day_case", {"D", 1}}, {"emergency", {"E", 1}},
                   {"virtual_ward", {"I", 1}}, {"sdec", {"O", 1}},     {"outpatient", {"O", 1}},
                   {"community", {"R", 1}},    {"person", {"N", 1}}};
    struct slice class = adt_get(w, EV_DATA_VISIT_CLASS),
                 group = adt_get(w, EV_DATA_VISIT_CLASS_GROUP);
    for (unsigned i = 0; !class.n && i < sizeof(classes) / sizeof(*classes); i++)
        if (slice_eq_str(group, classes[i].group))
            class = classes[i].class;
    if (!class.n && slice_starts(slice_str(w->form.type), SLICE("emergency.")))
        class = SLICE("E");
    if (!class.n && (adt_is_trigger(w, "A28") || adt_is_trigger(w, "A31")))
        class = SLICE("N");
    return class;
}

static bool is_retired(const struct adt_writer *w, struct slice value)
{
    const struct event_item *id = event_item_nth(w->e, EV_DATA_MERGE_RETIRED, 0);
    for (; id; id = event_item_next(id))
        if (slice_eq(event_item_get(id, EV_DATA_MERGE_RETIRED_VALUE), value))
            return true;
    return false;
}

static void visit_number(struct adt_writer *w)
{
    struct slice number = adt_get(w, EV_DATA_VISIT_NUMBER);
    if (!number.n || (adt_is_type(w, "visit.moved") && is_retired(w, number)))
        return;
    adt_cx(w, 19, number, adt_get(w, EV_DATA_VISIT_AUTHORITY), SLICE("VN"));
}

void adt_write_pv1(struct adt_writer *w)
{
    bool nameless = !adt_get(w, EV_DATA_CARE_CONSULTANT_ID).n;
    struct slice restricted = adt_get(w, EV_DATA_PATIENT_RESTRICTED);
    adt_begin(w, "PV1");
    adt_segment_text(&w->s, 2, 1, class_of(w));
    place(w, 3, EV_DATA_LOCATION_RAW);
    adt_code(w, 4, EV_DATA_CARE_ADMISSION_METHOD_RAW);
    place(w, 6, EV_DATA_PRIOR_LOCATION_RAW);
    if (!nameless)
        consultant(w, 7);
    adt_code(w, 10, EV_DATA_CARE_SPECIALTY_RAW);
    adt_code(w, 14, EV_DATA_CARE_ADMISSION_SOURCE_RAW);
    if (restricted.n && adt_has_pv1(w))
        adt_segment_text(&w->s, 16, 1, slice_eq_str(restricted, "true") ? SLICE("S") : SLICE("N"));
    if (nameless)
        consultant(w, 17);
    visit_number(w);
    adt_code(w, 36, EV_DATA_CARE_DISCHARGE_METHOD_RAW);
    adt_code(w, 37, EV_DATA_CARE_DISCHARGE_DESTINATION_RAW);
    place(w, 42, EV_DATA_PENDING_LOCATION_RAW);
    adt_moment(w, 44, EV_DATA_VISIT_ADMITTED_AT);
    adt_moment(w, 45, EV_DATA_VISIT_DISCHARGED_AT);
    adt_text(w, 50, 1, EV_DATA_VISIT_ALT_NUMBER);
    adt_end(w);
}

void adt_write_pv2(struct adt_writer *w)
{
    adt_begin(w, "PV2");
    adt_segment_text(&w->s, 3, 1,
                     adt_first(adt_get(w, EV_DATA_REASON_CODE), adt_get(w, EV_DATA_REASON_RAW)));
    adt_text(w, 3, 2, EV_DATA_REASON_TEXT);
    adt_segment_time(&w->s, 8, adt_get(w, EV_DATA_APPOINTMENT_START));
    adt_moment(w, 9, EV_DATA_VISIT_EXPECTED_DISCHARGE_AT);
    adt_code(w, 38, EV_DATA_CARE_ARRIVAL_MODE_RAW);
    adt_segment_time(&w->s, 47, adt_get(w, EV_DATA_LEAVE_EXPECTED_RETURN_AT));
    adt_end(w);
}

void adt_write_npu(struct adt_writer *w)
{
    adt_begin(w, "NPU");
    place(w, 1, EV_DATA_LOCATION_RAW);
    adt_code(w, 2, EV_DATA_BED_STATUS_RAW);
    adt_end(w);
}
