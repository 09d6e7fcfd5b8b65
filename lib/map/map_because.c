#include "map_because.h"

#include "map_code.h"
#include "map_person.h"
#include "map_place_rule.h"
#include "map_test.h"
#include "map_text.h"
#include "yaml.h"

enum { VALUE_SHOWN = 120 };

/* Members of a location behind its raw. */
enum {
    SITE = EV_DATA_LOCATION_SITE - EV_DATA_LOCATION_RAW,
    WARD = EV_DATA_LOCATION_WARD - EV_DATA_LOCATION_RAW,
    GROUP = EV_DATA_LOCATION_GROUP - EV_DATA_LOCATION_RAW,
};

static void quoted(struct buf *out, struct slice value)
{
    bool cut = value.n > VALUE_SHOWN;
    buf_printf(out, "\"%.*s%s\"", SLICE_ARG(slice_sub(value, 0, VALUE_SHOWN)), cut ? "…" : "");
}

/* A node as it could be written on one line. */
static void flow(struct buf *out, const struct yaml *node)
{
    if (node->kind == YAML_SCALAR) {
        buf_printf(out, node->quoted ? "\"%.*s\"" : "%.*s", SLICE_ARG(node->text));
        return;
    }
    buf_putc(out, node->kind == YAML_MAP ? '{' : '[');
    for (const struct yaml *at = node->child; at; at = at->next) {
        if (at != node->child)
            buf_puts(out, ", ");
        if (node->kind == YAML_MAP)
            buf_printf(out, "%.*s: ", SLICE_ARG(at->name));
        flow(out, at);
    }
    buf_putc(out, node->kind == YAML_MAP ? '}' : ']');
}

void map_because_written(struct buf *out, const struct yaml *node)
{
    flow(out, node);
}

/* `, table patient_type` and so on: what a value goes through. */
static void through(struct buf *out, const struct yaml *node)
{
    static const char *const names[] = {"table", "group", "code"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct yaml *of = yaml_get(node, names[i]);
        if (of)
            buf_printf(out, ", %s %.*s", names[i], SLICE_ARG(of->text));
    }
}

static bool has_segment(const struct map_run *run, struct slice id)
{
    uint32_t key = hl7_key(id);
    for (uint32_t i = 0; i < run->msg->nsegments; i++)
        if (run->msg->segments[i].key == key)
            return true;
    return false;
}

/* A value, or what stands there in place of one. */
static void shown(struct buf *out, struct map_run *run, union map_path path)
{
    struct slice text = map_text_at(run, path);
    if (slice_present(text))
        quoted(out, text);
    else
        buf_puts(out, run->view ? "an object" : "nothing");
}

/* `PV1-18.1 is empty`. Reading flags what it finds odd, which this must not. */
static void state(struct buf *out, struct map_run *run, union map_path path)
{
    unsigned flags = run->text_flags;
    struct slice name = map_path_name(run, path), segment = slice_sub(name, 0, 3);
    buf_put(out, name);
    switch (map_path_state(run, path)) {
    case HL7_ABSENT:
        if (run->view || has_segment(run, segment))
            buf_puts(out, " is not sent");
        else
            buf_printf(out, ": there is no %.*s", SLICE_ARG(segment));
        break;
    case HL7_EMPTY:
        buf_puts(out, " is empty");
        break;
    case HL7_NULL:
        buf_puts(out, run->view ? " is null" : " is sent as \"\"");
        break;
    default:
        buf_puts(out, " is ");
        shown(out, run, path);
        break;
    }
    run->text_flags = flags;
}

static struct slice peek(struct map_run *run, union map_path path)
{
    unsigned flags = run->text_flags;
    struct slice text = map_text_at(run, path);
    run->text_flags = flags;
    return text;
}

void map_because_path(struct buf *out, struct map_run *run, union map_path path)
{
    buf_printf(out, "%.*s ", SLICE_ARG(map_path_name(run, path)));
    if (run->view)
        shown(out, run, path);
    else
        quoted(out, map_text_raw(run, hl7_path_get(path.hl7, run->msg, run->scope)));
}

static union map_path first_sent(struct map_run *run, const struct map_source *s)
{
    for (unsigned i = 0; i < s->npaths; i++)
        if (slice_present(peek(run, s->paths[i])))
            return s->paths[i];
    return (union map_path){0};
}

/* All that is joined, or the first that has a value. */
static void taken_paths(struct buf *out, struct map_run *run, const struct map_source *s)
{
    union map_path first = first_sent(run, s);
    if (!slice_present(s->join)) {
        if (map_path_is(first))
            map_because_path(out, run, first);
        if (map_path_is(s->clock)) {
            buf_puts(out, ", ");
            state(out, run, s->clock);
        }
        return;
    }
    for (unsigned i = 0; i < s->npaths; i++)
        buf_printf(out, "%s%.*s", i ? " + " : "", SLICE_ARG(map_path_name(run, s->paths[i])));
    buf_putc(out, ' ');
    quoted(out, map_text_joined(run, s->paths, s->npaths, s->join));
}

static void call_of(struct buf *out, const struct map_run *run, const struct map_source *s)
{
    buf_printf(out, "call %s", s->call->name);
    const char *between = " (";
    if (s->call->reads_from && !run->view) {
        buf_printf(out, "%s%s", between, s->call->reads_from);
        between = ", ";
    }
    for (unsigned i = 0; i < s->npaths; i++, between = ", ")
        buf_printf(out, "%s%.*s", between, SLICE_ARG(map_path_name(run, s->paths[i])));
    if (between[0] == ',')
        buf_putc(out, ')');
}

/* A code or a ward that no table knows: the event has it as sent. */
static void unknown(struct buf *out, const struct map_run *run, const struct map_field *f,
                    const struct map_source *s)
{
    const struct event *e = run->event;
    const struct yaml *code = yaml_get(s->at, "code");
    if (f->reads == MAP_CODE && code && !slice_present(event_get(e, (unsigned)f->code)))
        buf_puts(out, " does not have it");
    if (f->reads != MAP_PLACE || slice_present(event_get(e, f->field + GROUP)))
        return;
    struct slice site = event_get(e, f->field + SITE), ward = event_get(e, f->field + WARD);
    buf_printf(out, ", table location does not have %.*s/%.*s",
               SLICE_ARG(slice_present(site) ? site : run->context->source->ods), SLICE_ARG(ward));
}

/* The rules under places: that made the parts what they are. */
static void rules_of(struct buf *out, const struct map_run *run)
{
    const struct map_place_rules *rules = run->context->places;
    const char *between = ", places: ";
    for (unsigned i = 0; slice_present(map_place_rule_name(rules, i)); i++) {
        if (!(run->places & (uint64_t)1 << i))
            continue;
        buf_printf(out, "%s\"%.*s\"", between, SLICE_ARG(map_place_rule_name(rules, i)));
        between = ", ";
    }
}

/* `PID-29.1 is sent as ""`. */
static void null_sent(struct buf *out, struct map_run *run, const struct map_source *s)
{
    for (unsigned i = 0; i < s->npaths; i++)
        if (map_path_state(run, s->paths[i]) == HL7_NULL) {
            state(out, run, s->paths[i]);
            return;
        }
}

static void number_found(struct buf *out, const struct map_run *run)
{
    const struct map_person *p = run->person;
    if (!run->view)
        buf_printf(out, ", found in %.*s-%u", SLICE_ARG(p->nhs_at.segment), p->nhs_at.field);
    else if (slice_present(p->nhs_path))
        buf_printf(out, ", found in %.*s", SLICE_ARG(p->nhs_path));
}

void map_because_taken(struct buf *out, struct map_run *run, const struct map_field *f,
                       const struct map_source *s)
{
    if (s->clears && event_is_null(run->event, f->field)) {
        null_sent(out, run, s);
        return;
    }
    switch (s->from) {
    case MAP_FROM_CONST:
        buf_puts(out, "const");
        break;
    case MAP_FROM_FIELD:
        buf_printf(out, "field %s ", event_fields[s->field].path);
        quoted(out, event_get(run->event, s->field));
        break;
    case MAP_FROM_CALL:
        call_of(out, run, s);
        if (f->field == EV_DATA_PATIENT_NHS_NUMBER && run->person)
            number_found(out, run);
        break;
    default:
        if (s->parts)
            map_because_written(out, yaml_get(s->at, "parts"));
        else
            taken_paths(out, run, s);
        break;
    }
    through(out, s->at);
    if (f->reads == MAP_PLACE)
        rules_of(out, run);
    unknown(out, run, f, s);
}

/* Why a value that is there counts for nothing. */
static void useless(struct buf *out, const struct map_field *f, const struct map_source *s)
{
    const struct yaml *table = yaml_get(s->at, "table"), *group = yaml_get(s->at, "group");
    if (table)
        buf_printf(out, ", which table %.*s does not have", SLICE_ARG(table->text));
    if (group)
        buf_printf(out, ", which has no group in %.*s", SLICE_ARG(group->text));
    if (table || group)
        return;
    static const char *const why[] = {
        [MAP_TEXT] = ", which this field cannot hold",
        [MAP_TIME] = ", which is no time",
        [MAP_DATE] = ", which is no date",
        [MAP_BOOL] = ", which is neither Y nor N",
        [MAP_CODE] = ", which is no code",
        [MAP_PLACE] = ", of which pl: reads nothing",
        [MAP_ITEMS] = ", which gives no item",
    };
    buf_puts(out, why[f->reads]);
}

void map_because_nothing(struct buf *out, struct map_run *run, const struct map_field *f,
                         const struct map_source *s)
{
    if (s->from == MAP_FROM_CALL) {
        call_of(out, run, s);
        buf_puts(out, " found nothing");
        return;
    }
    if (s->from == MAP_FROM_FIELD) {
        struct slice value = event_get(run->event, s->field);
        buf_printf(out, "%s is ", event_fields[s->field].path);
        if (!slice_present(value)) {
            buf_puts(out, "not set");
            return;
        }
        quoted(out, value);
        useless(out, f, s);
        return;
    }
    if (s->parts)
        map_because_written(out, yaml_get(s->at, "parts"));
    for (unsigned i = 0; i < s->npaths; i++) {
        if (i)
            buf_puts(out, "; ");
        state(out, run, s->paths[i]);
        if (slice_present(peek(run, s->paths[i])) && f->reads != MAP_PLACE) {
            useless(out, f, s);
            return;
        }
    }
}

void map_because_step(struct buf *out, struct map_run *run, const struct map_time_step *step)
{
    state(out, run, step->path);
    if (slice_present(peek(run, step->path)))
        buf_puts(out, ", which is no time");
}

/* What a test looked at. */
static void found(struct buf *out, struct map_run *run, const struct map_test *t)
{
    struct slice value = SLICE_ABSENT;
    if (t->field < 0) {
        state(out, run, t->path);
        value = peek(run, t->path);
    } else {
        value = event_get(run->event, (unsigned)t->field);
        buf_printf(out, "%s is ", event_fields[t->field].path);
        if (slice_present(value))
            quoted(out, value);
        else
            buf_puts(out, "not set");
    }
    if (t->kind == MAP_TEST_SAME) {
        buf_puts(out, ", ");
        state(out, run, t->other);
    }
    if (!slice_present(value) || !t->group)
        return;
    struct slice group = map_codes_group(t->group, value);
    buf_puts(out, ", group ");
    if (slice_present(group))
        quoted(out, group);
    else
        buf_puts(out, "none");
}

static void because(struct buf *out, struct map_run *run, const struct map_test *t)
{
    flow(out, t->at);
    buf_puts(out, ": ");
    if (t->kind != MAP_TEST_ANY && t->kind != MAP_TEST_NOT) {
        found(out, run, t);
        return;
    }
    for (unsigned i = 0, n = 0; i < t->nchildren; i++) {
        const struct map_test *child = &t->children[i];
        if (map_test_holds(run, child) != (t->kind == MAP_TEST_NOT))
            continue;
        if (n++)
            buf_puts(out, "; ");
        if (child->kind == MAP_TEST_ANY || child->kind == MAP_TEST_NOT)
            because(out, run, child);
        else
            found(out, run, child);
    }
}

void map_because_when(struct buf *out, struct map_run *run, const struct map_tests *tests)
{
    unsigned flags = run->text_flags;
    for (unsigned i = 0; i < tests->n; i++) {
        if (map_test_holds(run, &tests->at[i]))
            continue;
        because(out, run, &tests->at[i]);
        break;
    }
    run->text_flags = flags;
}
