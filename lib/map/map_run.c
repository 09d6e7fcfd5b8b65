#include "map_run.h"

#include "map_code.h"
#include "map_place.h"
#include "map_test.h"
#include "map_text.h"
#include "map_time.h"
#include "map_trace.h"

void map_run_flag(struct map_run *run, struct slice flag)
{
    event_push(run->event, EV_DATA_QUALITY, flag);
}

struct slice map_run_field(const struct map_run *run, struct slice segment, unsigned field)
{
    return hl7_msg_field(run->msg, hl7_scope_segment(run->msg, run->scope, hl7_key(segment)),
                         field);
}

/* Names the path, as time rules do, so that one wrong value is told once. */
static void flag_invalid(struct map_run *run, const struct map_source *s)
{
    for (unsigned i = 0; i < s->npaths; i++) {
        if (!slice_present(map_text_at(run, s->paths[i])))
            continue;
        struct slice path = map_path_name(run, s->paths[i]);
        map_run_flag(run, arena_printf(run->arena, "time_invalid:%.*s", SLICE_ARG(path)));
        return;
    }
}

/* What the source says, through its table; absent when it says nothing that counts. */
static struct slice value_of(struct map_run *run, const struct map_field *f,
                             const struct map_source *s)
{
    struct slice value;
    switch (s->from) {
    case MAP_FROM_CONST:
        value = s->text;
        break;
    case MAP_FROM_FIELD:
        value = event_get(run->event, s->field);
        break;
    case MAP_FROM_CALL:
        value = s->call->text(run, s);
        break;
    default:
        value = slice_present(s->join) ? map_text_joined(run, s->paths, s->npaths, s->join)
                                       : map_text_first(run, s->paths, s->npaths);
        break;
    }
    if ((!s->table && !s->group) || !slice_present(value))
        return value;
    if (s->table)
        value = site_table_get(s->table, value);
    if (s->group && slice_present(value))
        value = map_codes_group(s->group, value);
    if (!slice_present(value) && f->flag_unmapped)
        map_run_flag(run, f->flag);
    return value;
}

static bool set_bool(struct map_run *run, const struct map_field *f, struct slice value)
{
    if (slice_ieq(value, SLICE("y")) || slice_ieq(value, SLICE("true")) ||
        slice_eq(value, SLICE("1")))
        return event_put(run->event, f->field, SLICE("true"));
    if (slice_ieq(value, SLICE("n")) || slice_ieq(value, SLICE("false")) ||
        slice_eq(value, SLICE("0")))
        return event_put(run->event, f->field, SLICE("false"));
    map_run_flag(run, f->flag);
    return false;
}

/* A day and the time of day of two places. Of either only what it is there for: some write a day
 * as "2026-03-05 00:00:00" and a time as "1900-01-01 09:30:00". */
static struct slice day_and_clock(struct map_run *run, struct slice day, struct slice clock)
{
    size_t end = 0, start = clock.n;
    while (end < day.n && day.p[end] != ' ' && day.p[end] != 'T')
        end++;
    while (start && clock.p[start - 1] != ' ' && clock.p[start - 1] != 'T')
        start--;
    return arena_join(run->arena, slice_sub(day, 0, end), SLICE("T"),
                      slice_sub(clock, start, clock.n));
}

/* Where there is no time of day, or none that can be read, the day counts. */
static struct slice timed(struct map_run *run, struct slice day, union map_path at, bool date_stays)
{
    struct slice clock = map_path_is(at) ? map_text_at(run, at) : SLICE_ABSENT;
    if (clock.n) {
        struct slice time = map_time_text(run, day_and_clock(run, day, clock), date_stays);
        if (slice_present(time))
            return time;
        time = map_time_text(run, day, date_stays);
        if (!slice_present(time))
            return time; /* it is the day that is wrong */
        struct slice path = map_path_name(run, at);
        map_run_flag(run, arena_printf(run->arena, "time_invalid:%.*s", SLICE_ARG(path)));
        return time;
    }
    return map_time_text(run, day, date_stays);
}

static bool set_time(struct map_run *run, const struct map_field *f, const struct map_source *s,
                     struct slice value)
{
    struct slice text = f->reads == MAP_DATE ? map_date_text(run, value)
                                             : timed(run, value, s->clock, f->date_stays);
    if (!slice_present(text)) {
        flag_invalid(run, s);
        return false;
    }
    return event_put(run->event, f->field, text);
}

static bool set_place(struct map_run *run, const struct map_field *f, const struct map_source *s)
{
    if (s->parts)
        return map_place_set_parts(run, f, s->parts);
    for (unsigned i = 0; i < s->npaths; i++)
        if (run->view ? map_place_set_text(run, f, map_text_at(run, s->paths[i]))
                      : map_place_set(run, f, hl7_path_get(s->paths[i].hl7, run->msg, run->scope)))
            return true;
    return false;
}

/* Whether "" stands at a path in front of any value: the source took the value away. */
static bool takes_away(const struct map_run *run, const struct map_source *s)
{
    for (unsigned i = 0; s->clears && i < s->npaths; i++) {
        enum hl7_state state = map_path_state(run, s->paths[i]);
        if (state == HL7_NULL || state == HL7_VALUE)
            return state == HL7_NULL;
    }
    return false;
}

/* An integer takes no other text; by the schema each is 0 or more. */
static bool put_text(struct map_run *run, unsigned field, struct slice value)
{
    bool negative = event_fields[field].kind == EVENT_INT && slice_starts(value, SLICE("-"));
    if (!negative && event_put(run->event, field, value))
        return true;
    map_run_flag(run, arena_printf(run->arena, "value_invalid:%s",
                                   event_fields[field].path + sizeof("data.") - 1));
    return false;
}

static bool fill(struct map_run *run, const struct map_field *f, const struct map_source *s)
{
    if (s->from == MAP_FROM_CALL && s->call->fill)
        return s->call->fill(run, f, s);
    if (takes_away(run, s))
        return event_put_null(run->event, f->field);
    if (f->reads == MAP_PLACE)
        return set_place(run, f, s);
    struct slice value = value_of(run, f, s);
    if (!slice_present(value))
        return false;
    switch (f->reads) {
    case MAP_CODE:
        map_codes_set(run, f, s->codes, value);
        return true;
    case MAP_TIME:
    case MAP_DATE:
        /* A copy of a field is in its final form already. */
        return s->from == MAP_FROM_FIELD ? event_put(run->event, f->field, value)
                                         : set_time(run, f, s, value);
    case MAP_BOOL:
        return set_bool(run, f, value);
    default:
        if (event_is_choice(f->field, value))
            return put_text(run, f->field, value);
        map_run_flag(run, f->flag);
        return false;
    }
}

void map_run_fields(struct map_run *run, const struct map_field *fields, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct map_field *f = &fields[i];
        for (unsigned j = 0; j < f->nsources; j++) {
            const struct map_source *s = &f->sources[j];
            bool when = map_tests_hold(run, &s->when);
            bool taken = when && fill(run, f, s);
            if (run->trace)
                run->trace->tried(run->trace->arg, run, f, s,
                                  taken  ? MAP_TRIED_TAKEN
                                  : when ? MAP_TRIED_NOTHING
                                         : MAP_TRIED_WHEN);
            if (taken)
                break;
        }
    }
}

struct slice map_run_value(struct map_run *run, const struct map_value *value)
{
    static const struct map_field text = {.reads = MAP_TEXT};
    struct slice found = SLICE_ABSENT;
    for (unsigned i = 0; i < value->n && !slice_present(found); i++)
        if (map_tests_hold(run, &value->at[i].when))
            found = value_of(run, &text, &value->at[i]);
    return found;
}

static bool take_time(struct map_run *run, const struct map_time_step *step)
{
    struct slice sent = map_text_at(run, step->path);
    if (!slice_present(sent))
        return false;
    struct slice time = timed(run, sent, step->clock, false);
    if (!slice_present(time)) {
        map_run_flag(run, step->invalid);
        return false;
    }
    event_put(run->event, EV_TIME, time);
    if (slice_present(step->flag))
        map_run_flag(run, step->flag);
    return true;
}

void map_run_time(struct map_run *run, const struct map_time *rule)
{
    for (unsigned i = 0; i < rule->nsteps; i++) {
        const struct map_time_step *step = &rule->steps[i];
        bool taken = take_time(run, step);
        if (run->trace)
            run->trace->timed(run->trace->arg, run, step,
                              taken ? MAP_TRIED_TAKEN : MAP_TRIED_NOTHING);
        if (taken)
            return;
    }
    map_run_flag(run, SLICE("no_time"));
}
