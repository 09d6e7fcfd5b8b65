#include "adt_uk.h"

void adt_write_zu1(struct adt_writer *w)
{
    struct slice status = adt_coded(w, EV_DATA_PATIENT_NHS_NUMBER_STATUS_RAW);
    struct slice ready = adt_get(w, EV_DATA_VISIT_READY);
    bool now = w->form.time == ADT_TIME_READY;
    adt_begin(w, "ZU1");
    if (now || ready.n)
        adt_segment_text(&w->s, 22, 1,
                         now || slice_eq_str(ready, "true") ? SLICE("Y") : SLICE("N"));
    if (now && !event_is_set(w->e, EV_DATA_VISIT_READY_AT))
        adt_segment_time(&w->s, 24, adt_event_time(w));
    else
        adt_moment(w, 24, EV_DATA_VISIT_READY_AT);
    if (!adt_status_in_pid(status))
        adt_segment_text(&w->s, 27, 1, status);
    adt_end(w);
}

void adt_write_zu3_zu4(struct adt_writer *w)
{
    struct slice code = adt_get(w, EV_DATA_REASON_CODE);
    bool by_patient = slice_eq_str(code, "2");
    adt_begin(w, "ZU3");
    if (adt_is_type(w, "appointment.dna"))
        adt_segment_text(&w->s, 3, 1, SLICE("3"));
    if (adt_is_type(w, "appointment.cancelled")) {
        if (adt_is_trigger(w, "A03"))
            adt_segment_text(&w->s, 3, 1, by_patient ? SLICE("2") : SLICE("4"));
        adt_segment_text(&w->s, 13, 1, code);
        adt_text(w, 13, 2, EV_DATA_REASON_TEXT);
    }
    adt_end(w);
    adt_begin(w, "ZU4");
    if (adt_is_type(w, "admission.planned"))
        adt_segment_time(&w->s, 6, adt_get(w, EV_DATA_APPOINTMENT_START));
    adt_end(w);
}

void adt_write_zu5_zu8(struct adt_writer *w)
{
    struct slice restricted = adt_get(w, EV_DATA_PATIENT_RESTRICTED);
    adt_begin(w, "ZU5");
    adt_code(w, 3, EV_DATA_CARE_LEGAL_STATUS_RAW);
    if (w->form.time == ADT_TIME_DETENTION)
        adt_segment_time(&w->s, 5, adt_event_time(w));
    adt_end(w);
    adt_begin(w, "ZU8");
    if (restricted.n && !adt_has_pv1(w))
        adt_segment_text(&w->s, 4, 1, slice_eq_str(restricted, "true") ? SLICE("1") : SLICE("0"));
    adt_end(w);
}
