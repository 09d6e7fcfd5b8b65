#include "adt_value.h"

struct slice adt_get(const struct adt_writer *w, unsigned field)
{
    return event_get(w->e, field);
}

bool adt_is_type(const struct adt_writer *w, const char *type)
{
    return strcmp(w->form.type, type) == 0;
}

bool adt_is_trigger(const struct adt_writer *w, const char *trigger)
{
    return strcmp(w->form.trigger, trigger) == 0;
}

bool adt_has_doubt(const struct adt_writer *w, struct slice doubt)
{
    return event_has(w->e, EV_DATA_QUALITY, doubt);
}

struct slice adt_first(struct slice a, struct slice b)
{
    return a.n ? a : b;
}

struct slice adt_coded(const struct adt_writer *w, unsigned raw)
{
    return adt_first(adt_get(w, raw), adt_get(w, raw + 1));
}

struct slice adt_event_time(const struct adt_writer *w)
{
    struct slice t = adt_get(w, EV_TIME);
    bool midnight = t.n >= 19 && slice_eq_str(slice_sub(t, 11, 19), "00:00:00");
    return midnight && adt_has_doubt(w, SLICE("date_only")) ? slice_sub(t, 0, 10) : t;
}

bool adt_status_in_pid(struct slice status)
{
    return slice_starts(status, SLICE("NSTS")) || (status.n == 2 && status.p[0] == '0');
}

bool adt_has_pv1(const struct adt_writer *w)
{
    return !slice_eq_str(slice_str(w->form.structure), "ADT_A30") && !adt_is_trigger(w, "A24") &&
           !adt_is_trigger(w, "A37");
}

void adt_begin(struct adt_writer *w, const char *id)
{
    adt_segment_begin(&w->s, w->out, id);
}

void adt_end(struct adt_writer *w)
{
    adt_segment_end(&w->s);
}

void adt_text(struct adt_writer *w, unsigned at, unsigned component, unsigned field)
{
    adt_segment_text(&w->s, at, component, adt_get(w, field));
}

void adt_code(struct adt_writer *w, unsigned at, unsigned raw)
{
    adt_segment_text(&w->s, at, 1, adt_coded(w, raw));
}

void adt_moment(struct adt_writer *w, unsigned at, unsigned field)
{
    if (event_is_null(w->e, field))
        adt_segment_raw(&w->s, at, SLICE("\"\""));
    else
        adt_segment_time(&w->s, at, adt_get(w, field));
}

void adt_cx(struct adt_writer *w, unsigned at, struct slice value, struct slice authority,
            struct slice type)
{
    adt_segment_text(&w->s, at, 1, value);
    adt_segment_text(&w->s, at, 4, authority);
    adt_segment_text(&w->s, at, 5, type);
}
