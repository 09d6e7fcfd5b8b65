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

struct slice map_time_text(struct map_run *run, struct slice text, bool date_stays)
{
    struct hl7_time t;
    struct err err;
    if (hl7_time_read(text, &run->context->times, &t, &err) < 0 || t.precision < HL7_DAY)
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

struct slice map_date_text(struct map_run *run, struct slice text)
{
    struct err err;
    struct slice date;
    char *out = arena_alloc(run->arena, HL7_DATE_SIZE);
    if (!out || hl7_date_read(text, out, &date, &err) < 0 || date.n != HL7_DATE_SIZE - 1)
        return SLICE_ABSENT;
    return date;
}

struct slice map_time_date(struct slice rfc3339)
{
    return slice_sub(rfc3339, 0, 10);
}
