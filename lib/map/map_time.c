#include "map_time.h"

#include "hl7_time.h"
#include "rfc3339.h"

static void flag_doubts(struct map_run *run, const struct hl7_time *t)
{
    if (t->flags & (HL7_TIME_AMBIGUOUS | HL7_TIME_SHIFTED))
        map_run_flag(run, SLICE("tz_ambiguous"));
    if (!(t->flags & HL7_TIME_OFFSET_SENT) && !run->context->source->timezone.n)
        map_run_flag(run, SLICE("tz_assumed"));
}

/* By the formats of the map, the first of which fits. */
static bool read_time(const struct map_run *run, struct slice text, struct hl7_time *ret)
{
    const struct map_time_formats *f = &run->context->time_formats;
    struct err err;
    if (!f->n)
        return hl7_time_read(text, &run->context->times, ret, &err) == 0;
    for (unsigned i = 0; i < f->n; i++) {
        char out[MAP_TIME_ISO_SIZE];
        struct slice iso = map_time_iso(f->at[i], text, out);
        if (slice_present(iso) && hl7_time_read(iso, &run->context->times, ret, &err) == 0)
            return true;
    }
    return false;
}

struct slice map_time_text(struct map_run *run, struct slice text, bool date_stays)
{
    struct hl7_time t;
    if (!read_time(run, text, &t) || t.precision < HL7_DAY)
        return SLICE_ABSENT;
    char *out = arena_alloc(run->arena, RFC3339_SIZE);
    if (!out)
        return SLICE_ABSENT;
    struct slice written = rfc3339_write(t.wall_ms, t.offset_min, out);
    if (t.precision == HL7_DAY && date_stays)
        return slice_sub(written, 0, 10);
    flag_doubts(run, &t);
    if (t.precision <= HL7_HOUR)
        map_run_flag(run, t.precision == HL7_DAY ? SLICE("date_only") : SLICE("hour_only"));
    return written;
}

static bool read_date(const struct map_run *run, struct slice text, char out[HL7_DATE_SIZE],
                      struct slice *ret)
{
    const struct map_time_formats *f = &run->context->time_formats;
    struct err err;
    if (!f->n)
        return hl7_date_read(text, out, ret, &err) == 0;
    for (unsigned i = 0; i < f->n; i++) {
        char room[MAP_TIME_ISO_SIZE];
        struct slice iso = map_time_iso(f->at[i], text, room);
        if (slice_present(iso) && hl7_date_read(iso, out, ret, &err) == 0)
            return true;
    }
    return false;
}

struct slice map_date_text(struct map_run *run, struct slice text)
{
    struct slice date;
    char *out = arena_alloc(run->arena, HL7_DATE_SIZE);
    if (!out || !read_date(run, text, out, &date) || date.n != HL7_DATE_SIZE - 1)
        return SLICE_ABSENT;
    return date;
}

struct slice map_time_date(struct slice rfc3339)
{
    return slice_sub(rfc3339, 0, 10);
}
