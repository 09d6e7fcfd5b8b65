#include "map_key.h"

#include "map_field.h"
#include "map_person.h"
#include "map_place_rule.h"
#include "map_text.h"

enum { PARTS_MAX = 16 /* of a key */ };

/* ---- compiling ---- */

/* Paths that rules read, each once; at NULL: they are only counted. */
struct reads {
    union map_path *at;
    unsigned n;
};

static void add_path(struct reads *r, union map_path path)
{
    for (unsigned i = 0; r->at && i < r->n; i++)
        if (slice_eq(json_path_text(r->at[i].tree), json_path_text(path.tree)))
            return;
    if (r->at)
        r->at[r->n] = path;
    r->n++;
}

static void add_tests(struct reads *r, const struct map_test *tests, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (map_path_is(tests[i].path))
            add_path(r, tests[i].path);
        if (map_path_is(tests[i].other))
            add_path(r, tests[i].other);
        add_tests(r, tests[i].children, tests[i].nchildren);
    }
}

static void add_sources(struct reads *r, const struct map_source *sources, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct map_source *s = &sources[i];
        for (unsigned j = 0; j < s->npaths; j++)
            add_path(r, s->paths[j]);
        if (map_path_is(s->clock))
            add_path(r, s->clock);
        add_tests(r, s->when.at, s->when.n);
        for (unsigned j = 0; s->parts && j < MAP_PLACE_SENT; j++)
            add_sources(r, s->parts[j].at, s->parts[j].n);
    }
}

/* What describes the patient or the message is no part of what happened. */
static bool is_said(const struct map_field *f)
{
    struct slice path = slice_str(event_fields[f->field].path);
    return !slice_starts(path, SLICE("data.patient.")) &&
           !slice_starts(path, SLICE("data.origin.")) && f->field != EV_DATA_SENT_AT &&
           f->field != EV_DATA_RECORDED_AT;
}

/* What all events of a record say of the call that it began with is news of none of them, but of
 * the one that has it among its own fields; and an index tells patients apart, as their ids do. */
static bool is_of_call(const struct map_field *f)
{
    struct slice path = slice_str(event_fields[f->field].path);
    return f->field == EV_DATA_INCIDENT_CALLER || f->field == EV_DATA_INCIDENT_PATIENT_INDEX ||
           slice_starts(path, SLICE("data.incident.priority")) ||
           slice_starts(path, SLICE("data.incident.dispatch_code"));
}

static void add_fields(struct reads *r, const struct map_field *fields, unsigned n, bool shared)
{
    for (unsigned i = 0; i < n; i++)
        if (is_said(&fields[i]) && !(shared && is_of_call(&fields[i])))
            add_sources(r, fields[i].sources, fields[i].nsources);
}

static int compile_reads(struct map_compiler *c, const struct map_trigger *t, struct map_event *e,
                         struct err *reterr)
{
    struct reads r = {NULL, 0};
    add_fields(&r, t->fields, t->nfields, true);
    add_fields(&r, e->fields, e->nfields, false);
    r.at = map_compile_alloc(c, r.n, sizeof(*r.at), reterr);
    if (!r.at)
        return -1;
    r.n = 0;
    add_fields(&r, t->fields, t->nfields, true);
    add_fields(&r, e->fields, e->nfields, false);
    e->reads = r.at;
    e->nreads = r.n;
    return 0;
}

int map_key_compile(struct map_compiler *c, const struct yaml *node, struct map_trigger *trigger,
                    struct err *reterr)
{
    if (!node)
        return 0;
    if (!c->records)
        return yaml_err(node, reterr, "key: is for JSON and CSV");
    if (node->kind != YAML_LIST || node->count == 0 || node->count > PARTS_MAX)
        return yaml_err(node, reterr, "key: a list of up to %d paths is wanted here", PARTS_MAX);
    struct map_require *key = map_compile_alloc(c, node->count, sizeof(*key), reterr);
    if (!key)
        return -1;
    trigger->key = key;
    for (const struct yaml *at = node->child; at; at = at->next, key++, trigger->nkey++) {
        if (at->kind == YAML_LIST && !at->child)
            return yaml_err(at, reterr, "key: a path is wanted here");
        if (map_compile_paths(c, at, &key->paths, &key->npaths, reterr) < 0)
            return -1;
    }
    for (unsigned i = 0; i < trigger->nevents; i++)
        if (compile_reads(c, trigger, &trigger->events[i], reterr) < 0)
            return -1;
    return 0;
}

/* A leaf, or a list of objects. */
static int compile_field(const struct yaml *node, unsigned *ret, struct err *reterr)
{
    int field =
        node->kind == YAML_SCALAR && slice_present(node->text) ? event_field_find(node->text) : -1;
    if (field < 0 || event_fields[field].kind != EVENT_ITEMS)
        return map_compile_leaf(node, ret, reterr);
    *ret = (unsigned)field;
    return 0;
}

int map_key_compile_event(struct map_compiler *c, const struct yaml *node, struct map_event *event,
                          struct err *reterr)
{
    if (!node)
        return 0;
    if (node->kind != YAML_LIST || node->count == 0 || node->count > PARTS_MAX)
        return yaml_err(node, reterr, "key: a list of up to %d fields of the event is wanted here",
                        PARTS_MAX);
    unsigned *fields = map_compile_alloc(c, node->count, sizeof(*fields), reterr);
    if (!fields)
        return -1;
    for (const struct yaml *at = node->child; at; at = at->next)
        if (compile_field(at, &fields[event->nkey++], reterr) < 0)
            return -1;
    event->key = fields;
    return 0;
}

/* ---- running ---- */

bool map_key_digest(struct map_run *run, const struct map_trigger *trigger,
                    unsigned char ret[DIGEST_SIZE])
{
    struct slice parts[PARTS_MAX + 2] = {run->context->source->name, trigger->name};
    for (unsigned i = 0; i < trigger->nkey; i++) {
        const struct map_require *k = &trigger->key[i];
        parts[i + 2] = map_text_first(run, k->paths, k->npaths);
        if (!parts[i + 2].n)
            return false;
    }
    if (trigger->nkey)
        event_parts_digest(run->context->keys, parts, trigger->nkey + 2, ret);
    return trigger->nkey > 0;
}

uint32_t map_key_number(struct map_run *run, const struct map_event *event)
{
    unsigned char digest[DIGEST_SIZE];
    uint32_t number = 0;
    struct slice *parts = arena_zalloc(run->arena, event->nreads + 3, sizeof(*parts));
    if (!parts)
        return 1; /* the message is refused for want of memory */
    const struct map_person *p = event->once ? NULL : map_person_of(run);
    const struct map_id *local = p ? map_person_local(p) : NULL;
    parts[0] = event_get(run->event, EV_TIME);
    parts[1] = p ? p->nhs_number : SLICE_ABSENT;
    parts[2] = local ? local->value : SLICE_ABSENT;
    for (unsigned i = 0; i < event->nreads; i++)
        parts[i + 3] = map_text_at(run, event->reads[i]);
    event_parts_digest(run->context->keys, parts, event->nreads + 3, digest);
    for (unsigned i = 0; i < sizeof(number); i++)
        number = number << 8 | digest[i];
    return number ? number : 1;
}

/* At NULL they are only counted. */
static unsigned put_items(const struct event *e, unsigned items, struct slice *at)
{
    unsigned first, end, n = 0;
    if (!event_field_range(slice_str(event_fields[items].path), &first, &end))
        return 0;
    for (const struct event_item *it = event_item_nth(e, items, 0); it; it = event_item_next(it))
        for (unsigned leaf = items + 1; leaf < end; leaf++, n++)
            if (at)
                at[n] = event_item_get(it, leaf);
    return n;
}

static unsigned put_fields(const struct event *e, const struct map_event *event, struct slice *at)
{
    unsigned n = 0;
    for (unsigned i = 0; i < event->nkey; i++) {
        unsigned field = event->key[i];
        if (event_fields[field].kind == EVENT_ITEMS)
            n += put_items(e, field, at ? at + n : NULL);
        else if (at)
            at[n++] = event_get(e, field);
        else
            n++;
    }
    return n;
}

bool map_key_event_digest(struct map_run *run, const struct map_trigger *trigger,
                          const struct map_event *event, struct slice about,
                          unsigned char ret[DIGEST_SIZE])
{
    enum { BEFORE = 4 };
    const struct event *e = run->event;
    if (!event->nkey || !event_is_set(e, event->key[0]))
        return false;
    unsigned n = put_fields(e, event, NULL);
    struct slice *parts = arena_alloc(run->arena, (n + BEFORE) * sizeof(*parts));
    if (!parts)
        return false; /* the message is refused for want of memory */
    parts[0] = run->context->source->name;
    parts[1] = event->type;
    parts[2] = trigger->name; /* Task/7 is not ServiceRequest/7 */
    parts[3] = about;         /* nor is order 77 of one practice that of another */
    put_fields(e, event, parts + BEFORE);
    event_parts_digest(run->context->keys, parts, n + BEFORE, ret);
    return true;
}
