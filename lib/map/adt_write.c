#include "adt_write.h"

#include "adt_segment.h"

enum { CONTROL_ID_BYTES = 10 };

struct writer {
    struct buf *out;
    const struct event *e;
    const struct adt_options *o;
    struct adt_form form;
    struct adt_segment s;
};

/* ---- values ---- */

static struct slice get(const struct writer *w, unsigned field)
{
    return event_get(w->e, field);
}

static bool type_is(const struct writer *w, const char *type)
{
    return strcmp(w->form.type, type) == 0;
}

static bool trigger_is(const struct writer *w, const char *trigger)
{
    return strcmp(w->form.trigger, trigger) == 0;
}

static struct slice first(struct slice a, struct slice b)
{
    return a.n ? a : b;
}

/* As sent, else as the NHS codes it: the two stand one behind the other. */
static struct slice coded(const struct writer *w, unsigned raw)
{
    return first(get(w, raw), get(w, raw + 1));
}

static void text(struct writer *w, unsigned at, unsigned component, unsigned field)
{
    adt_segment_text(&w->s, at, component, get(w, field));
}

static void code(struct writer *w, unsigned at, unsigned raw)
{
    adt_segment_text(&w->s, at, 1, coded(w, raw));
}

/* A time, or "" where the source took it away. */
static void moment(struct writer *w, unsigned at, unsigned field)
{
    if (event_is_null(w->e, field))
        adt_segment_raw(&w->s, at, SLICE("\"\""));
    else
        adt_segment_time(&w->s, at, get(w, field));
}

static bool has_doubt(const struct writer *w, struct slice doubt)
{
    return event_has(w->e, EV_DATA_QUALITY, doubt);
}

/* The event's time, a date alone where no more was sent. */
static struct slice event_time(const struct writer *w)
{
    struct slice t = get(w, EV_TIME);
    bool midnight = t.n >= 19 && slice_eq_str(slice_sub(t, 11, 19), "00:00:00");
    return midnight && has_doubt(w, SLICE("date_only")) ? slice_sub(t, 0, 10) : t;
}

/* ---- identifiers ---- */

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

static void cx(struct writer *w, unsigned at, struct slice value, struct slice authority,
               struct slice type)
{
    adt_segment_text(&w->s, at, 1, value);
    adt_segment_text(&w->s, at, 4, authority);
    adt_segment_text(&w->s, at, 5, type);
}

/* The ids of a list (value, authority, kind), all or only those that are accounts or are not. */
enum pick { PICK_ALL, PICK_ACCOUNTS, PICK_OTHERS };

static unsigned ids(struct writer *w, unsigned at, unsigned items, enum pick pick, bool more)
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
        cx(w, at, event_item_get(id, items + 1), authority, id_type(kind));
        n++;
    }
    return n;
}

/* A patient of whom the route tells no number is known by the pseudonym. */
static void patient_ids(struct writer *w)
{
    struct slice nhs = get(w, EV_DATA_PATIENT_NHS_NUMBER);
    if (nhs.n)
        cx(w, 3, nhs, SLICE("NHS"), SLICE("NH"));
    unsigned n = ids(w, 3, EV_DATA_PATIENT_IDS, PICK_ALL, nhs.n > 0);
    if (!nhs.n && !n)
        cx(w, 3, get(w, EV_SUBJECT), get(w, EV_SUBJECT).n ? SLICE("WEIR") : SLICE_ABSENT,
           get(w, EV_SUBJECT).n ? SLICE("ANON") : SLICE_ABSENT);
}

static bool is_retired(const struct writer *w, struct slice value)
{
    const struct event_item *id = event_item_nth(w->e, EV_DATA_MERGE_RETIRED, 0);
    for (; id; id = event_item_next(id))
        if (slice_eq(event_item_get(id, EV_DATA_MERGE_RETIRED_VALUE), value))
            return true;
    return false;
}

/* ---- segments ---- */

static void begin(struct writer *w, const char *id)
{
    adt_segment_begin(&w->s, w->out, id);
}

static void end(struct writer *w)
{
    adt_segment_end(&w->s);
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static struct slice sent_at(const struct writer *w)
{
    struct slice t = first(get(w, EV_DATA_PUBLISHED_AT), get(w, EV_RECORDEDTIME));
    return first(first(t, get(w, EV_DATA_SENT_AT)), get(w, EV_TIME));
}

/* MSH-18 is known once the rest is written: `rest` is. */
static void msh(struct writer *w, struct slice control_id, struct slice rest)
{
    struct slice app = first(w->o->sending_app, get(w, EV_DATA_ORIGIN_SENDING_APP));
    struct slice facility = first(w->o->sending_facility, get(w, EV_DATA_ORIGIN_SENDING_FACILITY));
    struct slice processing =
        has_doubt(w, SLICE("processing_T")) ? SLICE("T") : first(w->o->processing_id, SLICE("P"));
    adt_segment_begin(&w->s, w->out, "MSH|^~\\&");
    size_t from = w->s.from;
    w->s.field = 2;
    adt_segment_text(&w->s, 3, 1, app);
    adt_segment_text(&w->s, 4, 1, facility);
    adt_segment_text(&w->s, 5, 1, w->o->receiving_app);
    adt_segment_text(&w->s, 6, 1, w->o->receiving_facility);
    adt_segment_time(&w->s, 7, sent_at(w));
    adt_segment_text(&w->s, 9, 1, SLICE("ADT"));
    adt_segment_text(&w->s, 9, 2, slice_str(w->form.trigger));
    adt_segment_text(&w->s, 9, 3, slice_str(w->form.structure));
    adt_segment_text(&w->s, 10, 1, control_id);
    adt_segment_text(&w->s, 11, 1, processing);
    adt_segment_text(&w->s, 12, 1, SLICE("2.4"));
    if (!is_ascii(rest) || !is_ascii(slice_sub(buf_slice(w->out), from, w->out->n)))
        adt_segment_text(&w->s, 18, 1, SLICE("UNICODE UTF-8"));
    end(w);
}

static void evn(struct writer *w)
{
    struct slice recorded = get(w, EV_DATA_RECORDED_AT), time = event_time(w);
    bool keyed = has_doubt(w, SLICE("time_from_evn2")) && slice_eq(recorded, get(w, EV_TIME));
    begin(w, "EVN");
    adt_segment_text(&w->s, 1, 1, slice_str(w->form.trigger));
    if (w->form.time == ADT_TIME_ENTRY && time.n)
        adt_segment_time(&w->s, 2, time);
    else
        adt_segment_time(&w->s, 2, first(first(recorded, time), sent_at(w)));
    if (w->form.time == ADT_TIME_EVENT && !keyed)
        adt_segment_time(&w->s, 6, time);
    end(w);
}

static bool status_stands_in_pid(struct slice status)
{
    return slice_starts(status, SLICE("NSTS")) || (status.n == 2 && status.p[0] == '0');
}

static void pid(struct writer *w)
{
    struct slice status = coded(w, EV_DATA_PATIENT_NHS_NUMBER_STATUS_RAW);
    begin(w, "PID");
    patient_ids(w);
    text(w, 5, 1, EV_DATA_PATIENT_FAMILY);
    text(w, 5, 2, EV_DATA_PATIENT_GIVEN);
    adt_segment_time(&w->s, 7, get(w, EV_DATA_PATIENT_BIRTH_DATE));
    code(w, 8, EV_DATA_PATIENT_GENDER_RAW);
    text(w, 11, 5, EV_DATA_PATIENT_POSTCODE);
    code(w, 22, EV_DATA_PATIENT_ETHNIC_CATEGORY_RAW);
    moment(w, 29, EV_DATA_PATIENT_DIED_AT);
    if (event_is_set(w->e, EV_DATA_PATIENT_DIED_AT))
        adt_segment_text(&w->s, 30, 1,
                         event_is_null(w->e, EV_DATA_PATIENT_DIED_AT) ? SLICE("N") : SLICE("Y"));
    if (status_stands_in_pid(status))
        adt_segment_text(&w->s, 32, 1, status);
    end(w);
    begin(w, "PD1");
    /* Not in XON.3, which is a number up to v2.6: strict readers refuse a practice's letter. */
    text(w, 3, 1, EV_DATA_PATIENT_GP_PRACTICE);
    end(w);
}

static void other_pid(struct writer *w)
{
    begin(w, "PID");
    ids(w, 3, EV_DATA_OTHER_PATIENT_IDS, PICK_ALL, false);
    end(w);
}

static void mrg(struct writer *w)
{
    bool visits = type_is(w, "visit.merged") || type_is(w, "visit.moved") ||
                  type_is(w, "visit.number_changed");
    begin(w, "MRG");
    if (!visits)
        ids(w, 1, EV_DATA_MERGE_RETIRED, PICK_OTHERS, false);
    else if (type_is(w, "visit.moved"))
        ids(w, 1, EV_DATA_OTHER_PATIENT_IDS, PICK_ALL, false);
    if (!visits)
        ids(w, 3, EV_DATA_MERGE_RETIRED, PICK_ACCOUNTS, false);
    else
        ids(w, trigger_is(w, "A51") ? 6 : 5, EV_DATA_MERGE_RETIRED, PICK_ALL, false);
    end(w);
}

static bool odd_in_pl(char c)
{
    return c == '|' || c == '~' || (unsigned char)c < ' ';
}

/* A location as it was sent, else from its parts in the order of the standard. */
static void place(struct writer *w, unsigned at, unsigned raw)
{
    static const unsigned parts[] = {
        EV_DATA_LOCATION_WARD,     EV_DATA_LOCATION_BAY,    EV_DATA_LOCATION_BED,
        EV_DATA_LOCATION_SITE,     EV_DATA_LOCATION_STATUS, EV_DATA_LOCATION_TYPE,
        EV_DATA_LOCATION_BUILDING, EV_DATA_LOCATION_FLOOR,  EV_DATA_LOCATION_DESCRIPTION};
    struct slice sent = get(w, raw);
    bool usable = sent.n > 0;
    for (size_t i = 0; usable && i < sent.n; i++)
        usable = !odd_in_pl(sent.p[i]);
    if (event_is_null(w->e, raw))
        adt_segment_raw(&w->s, at, SLICE("\"\""));
    else if (usable)
        adt_segment_raw(&w->s, at, sent);
    else
        for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++)
            text(w, at, i + 1, raw + parts[i] - EV_DATA_LOCATION_RAW);
}

/* "Given Family" cut at the last blank: read again it is the same name. */
static void consultant(struct writer *w, unsigned at)
{
    struct slice name = get(w, EV_DATA_CARE_CONSULTANT_NAME);
    size_t cut = name.n;
    while (cut && name.p[cut - 1] != ' ')
        cut--;
    text(w, at, 1, EV_DATA_CARE_CONSULTANT_ID);
    adt_segment_text(&w->s, at, 2, slice_sub(name, cut, name.n));
    if (cut)
        adt_segment_text(&w->s, at, 3, slice_sub(name, 0, cut - 1));
    text(w, at, 9, EV_DATA_CARE_CONSULTANT_SCHEME);
}

/* PV1-2 where the source said none: what the group is called in HL7 table 0004. */
static struct slice class_of(const struct writer *w)
{
    static const struct {
        const char *group;
        struct slice class;
    } classes[] = {{"inpatient", {"I", 1}},    {"day_case", {"D", 1}}, {"emergency", {"E", 1}},
                   {"virtual_ward", {"I", 1}}, {"sdec", {"O", 1}},     {"outpatient", {"O", 1}},
                   {"community", {"R", 1}},    {"person", {"N", 1}}};
    struct slice class = get(w, EV_DATA_VISIT_CLASS), group = get(w, EV_DATA_VISIT_CLASS_GROUP);
    for (unsigned i = 0; !class.n && i < sizeof(classes) / sizeof(*classes); i++)
        if (slice_eq_str(group, classes[i].group))
            class = classes[i].class;
    if (!class.n && slice_starts(slice_str(w->form.type), SLICE("emergency.")))
        class = SLICE("E");
    if (!class.n && (trigger_is(w, "A28") || trigger_is(w, "A31")))
        class = SLICE("N");
    return class;
}

static bool in_pv1(const struct writer *w)
{
    return !slice_eq_str(slice_str(w->form.structure), "ADT_A30") && !trigger_is(w, "A24") &&
           !trigger_is(w, "A37");
}

static void visit_number(struct writer *w)
{
    struct slice number = get(w, EV_DATA_VISIT_NUMBER);
    if (!number.n || (type_is(w, "visit.moved") && is_retired(w, number)))
        return;
    cx(w, 19, number, get(w, EV_DATA_VISIT_AUTHORITY), SLICE("VN"));
}

static void pv1(struct writer *w)
{
    bool nameless = !get(w, EV_DATA_CARE_CONSULTANT_ID).n;
    struct slice restricted = get(w, EV_DATA_PATIENT_RESTRICTED);
    begin(w, "PV1");
    adt_segment_text(&w->s, 2, 1, class_of(w));
    place(w, 3, EV_DATA_LOCATION_RAW);
    code(w, 4, EV_DATA_CARE_ADMISSION_METHOD_RAW);
    place(w, 6, EV_DATA_PRIOR_LOCATION_RAW);
    if (!nameless)
        consultant(w, 7);
    code(w, 10, EV_DATA_CARE_SPECIALTY_RAW);
    code(w, 14, EV_DATA_CARE_ADMISSION_SOURCE_RAW);
    if (restricted.n && in_pv1(w))
        adt_segment_text(&w->s, 16, 1, slice_eq_str(restricted, "true") ? SLICE("S") : SLICE("N"));
    if (nameless)
        consultant(w, 17);
    visit_number(w);
    code(w, 36, EV_DATA_CARE_DISCHARGE_METHOD_RAW);
    code(w, 37, EV_DATA_CARE_DISCHARGE_DESTINATION_RAW);
    place(w, 42, EV_DATA_PENDING_LOCATION_RAW);
    moment(w, 44, EV_DATA_VISIT_ADMITTED_AT);
    moment(w, 45, EV_DATA_VISIT_DISCHARGED_AT);
    text(w, 50, 1, EV_DATA_VISIT_ALT_NUMBER);
    end(w);
}

static void pv2(struct writer *w)
{
    begin(w, "PV2");
    adt_segment_text(&w->s, 3, 1, first(get(w, EV_DATA_REASON_CODE), get(w, EV_DATA_REASON_RAW)));
    text(w, 3, 2, EV_DATA_REASON_TEXT);
    adt_segment_time(&w->s, 8, get(w, EV_DATA_APPOINTMENT_START));
    moment(w, 9, EV_DATA_VISIT_EXPECTED_DISCHARGE_AT);
    code(w, 38, EV_DATA_CARE_ARRIVAL_MODE_RAW);
    adt_segment_time(&w->s, 47, get(w, EV_DATA_LEAVE_EXPECTED_RETURN_AT));
    end(w);
}

static void npu(struct writer *w)
{
    begin(w, "NPU");
    place(w, 1, EV_DATA_LOCATION_RAW);
    code(w, 2, EV_DATA_BED_STATUS_RAW);
    end(w);
}

/* HL7 UK's own segments. ZU1: when somebody is ready to leave. */
static void zu1(struct writer *w)
{
    struct slice status = coded(w, EV_DATA_PATIENT_NHS_NUMBER_STATUS_RAW);
    struct slice ready = get(w, EV_DATA_VISIT_READY);
    bool now = w->form.time == ADT_TIME_READY;
    begin(w, "ZU1");
    if (now || ready.n)
        adt_segment_text(&w->s, 22, 1,
                         now || slice_eq_str(ready, "true") ? SLICE("Y") : SLICE("N"));
    if (now && !event_is_set(w->e, EV_DATA_VISIT_READY_AT))
        adt_segment_time(&w->s, 24, event_time(w));
    else
        moment(w, 24, EV_DATA_VISIT_READY_AT);
    if (!status_stands_in_pid(status))
        adt_segment_text(&w->s, 27, 1, status);
    end(w);
}

/* ZU3: what became of an appointment; ZU4: when a planned stay begins. */
static void zu3_zu4(struct writer *w)
{
    struct slice code = get(w, EV_DATA_REASON_CODE);
    bool by_patient = slice_eq_str(code, "2");
    begin(w, "ZU3");
    if (type_is(w, "appointment.dna"))
        adt_segment_text(&w->s, 3, 1, SLICE("3"));
    if (type_is(w, "appointment.cancelled")) {
        if (trigger_is(w, "A03"))
            adt_segment_text(&w->s, 3, 1, by_patient ? SLICE("2") : SLICE("4"));
        adt_segment_text(&w->s, 13, 1, code);
        text(w, 13, 2, EV_DATA_REASON_TEXT);
    }
    end(w);
    begin(w, "ZU4");
    if (type_is(w, "admission.planned"))
        adt_segment_time(&w->s, 6, get(w, EV_DATA_APPOINTMENT_START));
    end(w);
}

/* ZU5: detained; ZU8: hidden, where no PV1 says so. */
static void zu5_zu8(struct writer *w)
{
    struct slice restricted = get(w, EV_DATA_PATIENT_RESTRICTED);
    begin(w, "ZU5");
    code(w, 3, EV_DATA_CARE_LEGAL_STATUS_RAW);
    if (w->form.time == ADT_TIME_DETENTION)
        adt_segment_time(&w->s, 5, event_time(w));
    end(w);
    begin(w, "ZU8");
    if (restricted.n && !in_pv1(w))
        adt_segment_text(&w->s, 4, 1, slice_eq_str(restricted, "true") ? SLICE("1") : SLICE("0"));
    end(w);
}

static void patient_segments(struct writer *w)
{
    pid(w);
    if (event_count(w->e, EV_DATA_MERGE_RETIRED) || type_is(w, "visit.moved"))
        mrg(w);
    if (in_pv1(w)) {
        pv1(w);
        pv2(w);
    }
    if (trigger_is(w, "A24") || trigger_is(w, "A37"))
        other_pid(w);
    zu1(w);
    zu3_zu4(w);
    zu5_zu8(w);
}

/* ---- the message ---- */

/* What such a message cannot be without. */
static const char *missing(const struct writer *w)
{
    bool visits = type_is(w, "visit.merged") || type_is(w, "visit.number_changed");
    bool retires =
        visits || type_is(w, "patient.merged") || type_is(w, "patient.identifier_changed");
    bool links = type_is(w, "patient.linked") || type_is(w, "patient.unlinked");
    if (trigger_is(w, "A20"))
        return get(w, EV_DATA_LOCATION_RAW).n || get(w, EV_DATA_LOCATION_BED).n ? NULL
                                                                                : "a location";
    if (retires && !event_count(w->e, EV_DATA_MERGE_RETIRED))
        return "data.merge.retired";
    if (visits && !get(w, EV_DATA_VISIT_NUMBER).n)
        return "data.visit.number";
    if (links && !event_count(w->e, EV_DATA_OTHER_PATIENT_IDS))
        return "data.other_patient.ids";
    if (type_is(w, "visit.moved") && !event_count(w->e, EV_DATA_OTHER_PATIENT_IDS) &&
        !event_count(w->e, EV_DATA_MERGE_RETIRED))
        return "data.other_patient.ids";
    return NULL;
}

struct slice adt_control_id(struct digest *sha, struct slice event_id, char out[ADT_CONTROL_ID])
{
    unsigned char raw[DIGEST_SIZE];
    char hex[DIGEST_HEX];
    digest_of(sha, event_id, raw);
    digest_hex(raw, CONTROL_ID_BYTES, hex);
    for (size_t i = 0; i < ADT_CONTROL_ID; i++)
        out[i] = (char)(hex[i] >= 'a' && hex[i] <= 'f' ? hex[i] - 'a' + 'A' : hex[i]);
    return slice_make(out, ADT_CONTROL_ID - 1);
}

int adt_write(struct buf *out, const struct event *e, const struct adt_options *o,
              struct slice control_id, struct err *reterr)
{
    struct buf body;
    struct writer w = {.out = &body, .e = e, .o = o};
    if (!adt_form_of(e, &w.form))
        return err_set(reterr, ERR_INPUT,
                       "no ADT message tells %.*s: leave it out by the rule of the route",
                       SLICE_ARG(event_get(e, EV_TYPE)));
    const char *lacks = missing(&w);
    if (lacks)
        return err_set(reterr, ERR_INPUT, "an ADT^%s needs %s, which the route does not give",
                       w.form.trigger, lacks);
    buf_init(&body, out->max);
    evn(&w);
    if (trigger_is(&w, "A20"))
        npu(&w);
    else
        patient_segments(&w);
    w.out = out;
    msh(&w, control_id, buf_slice(&body));
    buf_put(out, buf_slice(&body));
    out->failed |= body.failed;
    buf_fini(&body);
    return 0;
}
