#include "adt_write.h"

#include "adt_patient.h"
#include "adt_uk.h"
#include "adt_visit.h"

enum { CONTROL_ID_BYTES = 10 };

/* ---- its head ---- */

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static struct slice sent_at(const struct adt_writer *w)
{
    struct slice t = adt_first(adt_get(w, EV_DATA_PUBLISHED_AT), adt_get(w, EV_RECORDEDTIME));
    return adt_first(adt_first(t, adt_get(w, EV_DATA_SENT_AT)), adt_get(w, EV_TIME));
}

/* MSH-18 is known once the rest is written: `rest` is. */
static void msh(struct adt_writer *w, const struct adt_options *o, struct slice control_id,
                struct slice rest)
{
    struct slice app = adt_first(o->sending_app, adt_get(w, EV_DATA_ORIGIN_SENDING_APP));
    struct slice facility =
        adt_first(o->sending_facility, adt_get(w, EV_DATA_ORIGIN_SENDING_FACILITY));
    struct slice processing = adt_has_doubt(w, SLICE("processing_T"))
                                  ? SLICE("T")
                                  : adt_first(o->processing_id, SLICE("P"));
    adt_segment_begin(&w->s, w->out, "MSH|^~\\&");
    size_t from = w->s.from;
    w->s.field = 2;
    adt_segment_text(&w->s, 3, 1, app);
    adt_segment_text(&w->s, 4, 1, facility);
    adt_segment_text(&w->s, 5, 1, o->receiving_app);
    adt_segment_text(&w->s, 6, 1, o->receiving_facility);
    adt_segment_time(&w->s, 7, sent_at(w));
    adt_segment_text(&w->s, 9, 1, SLICE("ADT"));
    adt_segment_text(&w->s, 9, 2, slice_str(w->form.trigger));
    adt_segment_text(&w->s, 9, 3, slice_str(w->form.structure));
    adt_segment_text(&w->s, 10, 1, control_id);
    adt_segment_text(&w->s, 11, 1, processing);
    adt_segment_text(&w->s, 12, 1, SLICE("2.4"));
    if (!is_ascii(rest) || !is_ascii(slice_sub(buf_slice(w->out), from, w->out->n)))
        adt_segment_text(&w->s, 18, 1, SLICE("UNICODE UTF-8"));
    adt_end(w);
}

static void evn(struct adt_writer *w)
{
    struct slice recorded = adt_get(w, EV_DATA_RECORDED_AT), time = adt_event_time(w);
    bool keyed =
        adt_has_doubt(w, SLICE("time_from_evn2")) && slice_eq(recorded, adt_get(w, EV_TIME));
    adt_begin(w, "EVN");
    adt_segment_text(&w->s, 1, 1, slice_str(w->form.trigger));
    if (w->form.time == ADT_TIME_ENTRY && time.n)
        adt_segment_time(&w->s, 2, time);
    else
        adt_segment_time(&w->s, 2, adt_first(adt_first(recorded, time), sent_at(w)));
    if (w->form.time == ADT_TIME_EVENT && !keyed)
        adt_segment_time(&w->s, 6, time);
    adt_end(w);
}

/* ---- the message ---- */

static void patient_segments(struct adt_writer *w)
{
    adt_write_pid(w);
    if (event_count(w->e, EV_DATA_MERGE_RETIRED) || adt_is_type(w, "visit.moved"))
        adt_write_mrg(w);
    if (adt_has_pv1(w)) {
        adt_write_pv1(w);
        adt_write_pv2(w);
    }
    if (adt_is_trigger(w, "A24") || adt_is_trigger(w, "A37"))
        adt_write_other_pid(w);
    adt_write_zu1(w);
    adt_write_zu3_zu4(w);
    adt_write_zu5_zu8(w);
}

/* What such a message cannot be without. */
static const char *missing(const struct adt_writer *w)
{
    bool visits = adt_is_type(w, "visit.merged") || adt_is_type(w, "visit.number_changed");
    bool retires =
        visits || adt_is_type(w, "patient.merged") || adt_is_type(w, "patient.identifier_changed");
    bool links = adt_is_type(w, "patient.linked") || adt_is_type(w, "patient.unlinked");
    if (adt_is_trigger(w, "A20"))
        return adt_get(w, EV_DATA_LOCATION_RAW).n || adt_get(w, EV_DATA_LOCATION_BED).n
                   ? NULL
                   : "a location";
    if (retires && !event_count(w->e, EV_DATA_MERGE_RETIRED))
        return "data.merge.retired";
    if (visits && !adt_get(w, EV_DATA_VISIT_NUMBER).n)
        return "data.visit.number";
    if (links && !event_count(w->e, EV_DATA_OTHER_PATIENT_IDS))
        return "data.other_patient.ids";
    if (adt_is_type(w, "visit.moved") && !event_count(w->e, EV_DATA_OTHER_PATIENT_IDS) &&
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
    struct adt_writer w = {.out = &body, .e = e};
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
    if (adt_is_trigger(&w, "A20"))
        adt_write_npu(&w);
    else
        patient_segments(&w);
    w.out = out;
    msh(&w, o, control_id, buf_slice(&body));
    buf_put(out, buf_slice(&body));
    out->failed |= body.failed;
    buf_fini(&body);
    return 0;
}
