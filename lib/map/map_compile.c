#include "map_compile.h"

#include <stdlib.h>
#include "map_field.h"
#include "map_key.h"
#include "map_test.h"
#include "near_name.h"

static const char *const trigger_keys[] = {"use",     "require", "key",     "split",
                                           "history", "events",  "same_as", NULL};
static const char *const event_keys[] = {"when", "otherwise", "once",   "time",
                                         "key",  "use",       "fields", NULL};

void *map_compile_alloc(struct map_compiler *c, unsigned n, size_t size, struct err *reterr)
{
    void *p = arena_zalloc(c->arena, n ? n : 1, size);
    if (!p)
        err_set(reterr, ERR_LIMIT, "the maps of one source are too large");
    return p;
}

int map_compile_keys(const struct yaml *node, const char *const *names, struct err *reterr)
{
    unsigned n = 0;
    while (names[n])
        n++;
    for (const struct yaml *key = node->child; key; key = key->next) {
        unsigned i = 0;
        while (i < n && !slice_eq_str(key->name, names[i]))
            i++;
        if (i < n)
            continue;
        const char *near = yaml_nearest(key->name, names, n);
        return yaml_err(key, reterr, "unknown key \"%.*s\"%s%s%s", SLICE_ARG(key->name),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    return 0;
}

int map_compile_path(struct map_compiler *c, const struct yaml *node, union map_path *ret,
                     struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "a path is wanted here, such as %s",
                        c->tree ? "period.start" : "PV1-3");
    size_t at = 0;
    struct err why;
    int rc = c->tree ? json_path_compile(node->text, c->arena, &ret->tree, &at, &why)
                     : hl7_path_compile(node->text, c->arena, &ret->hl7, &at, &why);
    if (rc < 0) {
        struct yaml place = *node;
        place.column += (uint32_t)at + node->quoted;
        return yaml_err(&place, reterr, "path \"%.*s\": %s", SLICE_ARG(node->text), why.text);
    }
    return 0;
}

int map_compile_paths(struct map_compiler *c, const struct yaml *node, const union map_path **ret,
                      unsigned *ret_n, struct err *reterr)
{
    unsigned n = node->kind == YAML_LIST ? node->count : 1;
    union map_path *paths = map_compile_alloc(c, n, sizeof(*paths), reterr);
    if (!paths)
        return -1;
    const struct yaml *at = node->kind == YAML_LIST ? node->child : node;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (map_compile_path(c, at, &paths[i], reterr) < 0)
            return -1;
    *ret = paths;
    *ret_n = n;
    return 0;
}

int map_compile_table(struct map_compiler *c, const struct yaml *node,
                      const struct site_table **ret, struct err *reterr)
{
    const struct site_table *t =
        node->kind == YAML_SCALAR ? site_table_find(c->tables, node->text) : NULL;
    if (!t)
        return yaml_err(node, reterr,
                        "there is no table \"%.*s\": add it under tables: of the map or the site "
                        "({} for an empty one)",
                        SLICE_ARG(node->text));
    *ret = t;
    return 0;
}

static int compile_step(struct map_compiler *c, const struct yaml *node, struct map_time_step *step,
                        struct err *reterr)
{
    static const char *const keys[] = {"path", "time", "flag", NULL};
    const struct yaml *path = node, *clock = NULL, *flag = NULL;
    step->at = node;
    if (node->kind == YAML_MAP) {
        if (map_compile_keys(node, keys, reterr) < 0)
            return -1;
        path = yaml_get(node, "path");
        clock = yaml_get(node, "time");
        flag = yaml_get(node, "flag");
    }
    if (clock && !c->tree)
        return yaml_err(clock, reterr, "time: is for JSON, CSV or FHIR");
    if (clock && map_compile_path(c, clock, &step->clock, reterr) < 0)
        return -1;
    if (!path)
        return yaml_err(node, reterr, "a step of a time rule needs a path");
    if (map_compile_path(c, path, &step->path, reterr) < 0)
        return -1;
    if (flag && flag->text.n)
        step->flag = flag->text;
    step->invalid = arena_printf(c->arena, "time_invalid:%.*s", SLICE_ARG(path->text));
    return slice_present(step->invalid) ? 0 : err_set(reterr, ERR_NOMEM, "no room for the maps");
}

static int compile_time(struct map_compiler *c, const struct yaml *node, struct map_time *time,
                        struct err *reterr)
{
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_err(node, reterr, "a time rule is a list of paths: [PV1-44, EVN-2]");
    struct map_time_step *steps = map_compile_alloc(c, node->count, sizeof(*steps), reterr);
    if (!steps)
        return -1;
    *time = (struct map_time){.name = node->name, .steps = steps, .nsteps = node->count};
    for (const struct yaml *at = node->child; at; at = at->next)
        if (compile_step(c, at, steps++, reterr) < 0)
            return -1;
    return 0;
}

static int compile_times(struct map_compiler *c, struct err *reterr)
{
    const struct yaml *node = yaml_get(c->root, "times");
    unsigned n = node ? node->count : 0;
    struct map_time *times = map_compile_alloc(c, n, sizeof(*times), reterr);
    if (!times)
        return -1;
    c->times = times;
    c->ntimes = n;
    for (const struct yaml *at = node ? node->child : NULL; at; at = at->next)
        if (compile_time(c, at, times++, reterr) < 0)
            return -1;
    return 0;
}

static int find_time(const struct map_compiler *c, const struct yaml *node,
                     const struct map_time **ret, struct err *reterr)
{
    for (unsigned i = 0; i < c->ntimes; i++)
        if (slice_eq(c->times[i].name, node->text)) {
            *ret = &c->times[i];
            return 0;
        }
    return yaml_err(node, reterr,
                    "there is no time rule \"%.*s\" under times:", SLICE_ARG(node->text));
}

static unsigned count_of(const struct yaml *node)
{
    return node ? node->count : 0;
}

static const struct yaml *find_group(const struct map_compiler *c, const struct yaml *name,
                                     struct err *reterr)
{
    const struct yaml *groups = yaml_get(c->root, "groups");
    unsigned nth = 0;
    for (const struct yaml *at = groups ? groups->child : NULL; at; at = at->next, nth++)
        if (slice_eq(at->name, name->text)) {
            c->group_used[nth] = true;
            return at;
        }
    yaml_err(name, reterr, "there is no group \"%.*s\" under groups:", SLICE_ARG(name->text));
    return NULL;
}

/* Counts the fields of the groups in *room, and compiles them where there is a place for them. */
static int use_groups(struct map_compiler *c, const struct yaml *use, struct map_field *fields,
                      unsigned *nfields, unsigned *room, struct err *reterr)
{
    if (use && use->kind != YAML_LIST)
        return yaml_err(use, reterr, "use: a list of groups is wanted here");
    for (const struct yaml *at = use ? use->child : NULL; at; at = at->next) {
        const struct yaml *group = find_group(c, at, reterr);
        if (!group)
            return -1;
        if (fields && map_fields_compile(c, group, fields, nfields, reterr) < 0)
            return -1;
        *room += group->count;
    }
    return 0;
}

/* All fields in their order: first, then the groups of use, then last; each may be NULL. */
static int compile_fields(struct map_compiler *c, const struct yaml *first, const struct yaml *use,
                          const struct yaml *last, const struct map_field **ret, unsigned *ret_n,
                          struct err *reterr)
{
    unsigned room = count_of(first) + count_of(last), again = 0, n = 0;
    if (use_groups(c, use, NULL, &n, &room, reterr) < 0)
        return -1;
    struct map_field *fields = map_compile_alloc(c, room, sizeof(*fields), reterr);
    if (!fields || (first && map_fields_compile(c, first, fields, &n, reterr) < 0) ||
        use_groups(c, use, fields, &n, &again, reterr) < 0 ||
        (last && map_fields_compile(c, last, fields, &n, reterr) < 0))
        return -1;
    *ret = fields;
    *ret_n = n;
    return 0;
}

static int compile_event(struct map_compiler *c, const struct yaml *node, struct map_event *e,
                         struct err *reterr)
{
    e->type = node->name;
    e->at = node;
    if (!event_type_known(e->type)) {
        const char *near = event_type_nearest(e->type);
        return yaml_err(node, reterr, "there is no event type \"%.*s\"%s%s%s", SLICE_ARG(e->type),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "an event reads {time: RULE, when: […], fields: {…}}");
    if (map_compile_keys(node, event_keys, reterr) < 0)
        return -1;
    const struct yaml *time = yaml_get(node, "time"), *otherwise = yaml_get(node, "otherwise");
    if (!time)
        return yaml_err(node, reterr, "an event needs time: and the name of a time rule");
    if (otherwise && !slice_eq(otherwise->text, SLICE("true")))
        return yaml_err(otherwise, reterr, "otherwise: true is meant, or leave it out");
    e->otherwise = otherwise != NULL;
    const struct yaml *once = yaml_get(node, "once");
    if (once && !slice_eq(once->text, SLICE("true")))
        return yaml_err(once, reterr, "once: true is meant, or leave it out");
    e->once = once != NULL;
    if (find_time(c, time, &e->time, reterr) < 0 ||
        map_key_compile_event(c, yaml_get(node, "key"), e, reterr) < 0 ||
        map_tests_compile(c, yaml_get(node, "when"), &e->when, reterr) < 0)
        return -1;
    return compile_fields(c, NULL, yaml_get(node, "use"), yaml_get(node, "fields"), &e->fields,
                          &e->nfields, reterr);
}

/* Behind one that is made whenever nothing else was there is no place for another. */
static int check_otherwise(const struct map_trigger *t, struct err *reterr)
{
    const struct map_event *last = NULL;
    for (unsigned i = 0; i < t->nevents; i++) {
        const struct map_event *e = &t->events[i];
        if (last && e->otherwise)
            return yaml_err(yaml_get(e->at, "otherwise"), reterr,
                            "%.*s would never be made: %.*s has otherwise: true and no when:",
                            SLICE_ARG(e->type), SLICE_ARG(last->type));
        if (e->otherwise && !e->when.n)
            last = e;
    }
    return 0;
}

static int compile_events(struct map_compiler *c, const struct yaml *node, struct map_trigger *t,
                          struct err *reterr)
{
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "events: types are wanted here ({}: reports nothing)");
    struct map_event *events = map_compile_alloc(c, node->count, sizeof(*events), reterr);
    if (!events)
        return -1;
    t->events = events;
    for (const struct yaml *at = node->child; at; at = at->next) {
        if (compile_event(c, at, &events[t->nevents++], reterr) < 0)
            return -1;
        t->types = arena_printf(c->arena, "%.*s%s%.*s", SLICE_ARG(t->types), t->types.n ? " " : "",
                                SLICE_ARG(at->name));
    }
    return check_otherwise(t, reterr);
}

/* What all events of the trigger share. */
static int compile_common(struct map_compiler *c, const struct yaml *use, struct map_trigger *t,
                          struct err *reterr)
{
    return compile_fields(c, yaml_get(c->root, "fields"), use, NULL, &t->fields, &t->nfields,
                          reterr);
}

static bool names_patient(const struct map_field *fields, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (fields[i].field == EV_DATA_PATIENT_IDS || fields[i].field == EV_DATA_PATIENT_NHS_NUMBER)
            return true;
    return false;
}

/* A patient whom only one of the events names is meant by all of them. */
static bool means_patient(const struct map_trigger *t)
{
    for (unsigned i = 0; i < t->nevents; i++)
        if (names_patient(t->events[i].fields, t->events[i].nfields))
            return true;
    return names_patient(t->fields, t->nfields);
}

/* The number behind the segment, which may have brackets. */
static unsigned field_of(struct slice path)
{
    size_t end = path.n > 3 && path.p[3] == '[' ? slice_find(path, ']') + 1 : 3;
    struct slice rest = slice_sub(path, end, path.n);
    return rest.n > 1 && rest.p[0] == '-' ? (unsigned)strtoul(rest.p + 1, NULL, 10) : 0;
}

/* One path, or several of which one is enough. */
static int compile_required(struct map_compiler *c, const struct yaml *node, struct map_require *r,
                            struct err *reterr)
{
    const struct yaml *first = node->kind == YAML_LIST ? node->child : node;
    if (!first)
        return yaml_err(node, reterr, "require: a path is wanted here");
    if (map_compile_paths(c, node, &r->paths, &r->npaths, reterr) < 0)
        return -1;
    if (c->tree)
        return 0;
    r->segment = slice_sub(first->text, 0, 3);
    r->field = field_of(first->text);
    return 0;
}

static int compile_require(struct map_compiler *c, const struct yaml *node, struct map_trigger *t,
                           struct err *reterr)
{
    if (!node)
        return 0;
    if (node->kind != YAML_LIST)
        return yaml_err(node, reterr, "require: a list of paths is wanted here");
    struct map_require *require = map_compile_alloc(c, node->count, sizeof(*require), reterr);
    if (!require)
        return -1;
    t->require = require;
    for (const struct yaml *at = node->child; at; at = at->next)
        if (compile_required(c, at, &require[t->nrequire++], reterr) < 0)
            return -1;
    return 0;
}

/* One segment, or a list of them. */
static int compile_keys(const struct yaml *node, const char *hint, struct map_keys *ret,
                        struct err *reterr)
{
    if (!node)
        return 0;
    const struct yaml *at = node->kind == YAML_LIST ? node->child : node;
    unsigned n = node->kind == YAML_LIST ? node->count : 1;
    if (n == 0 || n > MAP_SPLIT_MAX)
        return yaml_err(node, reterr, "%s", hint);
    for (unsigned i = 0; i < n; i++, at = at->next) {
        uint32_t key = at->kind == YAML_SCALAR ? hl7_key(at->text) : 0;
        if (!key)
            return yaml_err(at, reterr, "%s", hint);
        for (unsigned j = 0; j < i; j++)
            if (ret->at[j] == key)
                return yaml_err(at, reterr, "%.*s stands twice", SLICE_ARG(at->text));
        ret->at[ret->n++] = key;
    }
    return 0;
}

/* The lists of a tree, each within the one in front of it. */
static int compile_lists(struct map_compiler *c, const struct yaml *node, struct map_trigger *t,
                         struct err *reterr)
{
    const struct yaml *split = yaml_get(node, "split"), *history = yaml_get(node, "history");
    const union map_path *paths;
    unsigned n;
    if (history)
        return yaml_err(history, reterr, "history: is for HL7 v2");
    if (!split)
        return 0;
    if (map_compile_paths(c, split, &paths, &n, reterr) < 0)
        return -1;
    if (n == 0 || n > MAP_SPLIT_MAX)
        return yaml_err(split, reterr,
                        "split: the list whose elements are groups, or up to %d from the "
                        "outermost on: [vehicles, vehicles.patients]",
                        MAP_SPLIT_MAX);
    for (unsigned i = 0; i < n; i++)
        t->lists.at[i] = paths[i].tree;
    t->lists.n = n;
    return 0;
}

static int compile_split(struct map_compiler *c, const struct yaml *node, struct map_trigger *t,
                         struct err *reterr)
{
    if (c->tree)
        return compile_lists(c, node, t, reterr);
    const struct yaml *history = yaml_get(node, "history");
    if (history && !yaml_get(node, "split"))
        return yaml_err(history, reterr, "history: goes with split:");
    if (compile_keys(yaml_get(node, "split"),
                     "split: the segment that begins a group: PID, or up to 4 from the outermost "
                     "on: [PID, ORC, OBR]",
                     &t->split, reterr) < 0)
        return -1;
    return compile_keys(history,
                        "history: the segments that begin what is told again: PV1, or up to 4: "
                        "[PID, PV1]",
                        &t->history, reterr);
}

static const struct yaml *find_named(const struct yaml *map, struct slice name)
{
    for (const struct yaml *at = map->child; at; at = at->next)
        if (slice_eq(at->name, name))
            return at;
    return NULL;
}

/* A trigger that is made as another may have groups of its own, and nothing else. */
static int check_same(const struct yaml *node, const struct yaml *same, struct err *reterr)
{
    unsigned own = 1 + !!yaml_get(node, "split") + !!yaml_get(node, "history");
    if (node->count == own)
        return 0;
    return yaml_err(same, reterr,
                    "%.*s is made as %.*s, and what stands beside that, but for split: and "
                    "history:, would not count: lay it over %.*s, or take this out with "
                    "same_as: ~ and write it all",
                    SLICE_ARG(node->name), SLICE_ARG(same->text), SLICE_ARG(same->text));
}

static int compile_trigger(struct map_compiler *c, const struct yaml *all, const struct yaml *node,
                           struct map_trigger *t, struct err *reterr)
{
    const struct yaml *groups = node;
    t->name = node->name;
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "a trigger reads {use: […], events: {…}}");
    if (map_compile_keys(node, trigger_keys, reterr) < 0)
        return -1;
    const struct yaml *same = yaml_get(node, "same_as");
    if (same) {
        if (check_same(node, same, reterr) < 0)
            return -1;
        node = find_named(all, same->text);
        if (!node || node->kind != YAML_MAP || yaml_get(node, "same_as"))
            return yaml_err(same, reterr, "same_as: names a trigger that is written out");
        if (groups->count == 1)
            groups = node;
    }
    if (compile_common(c, yaml_get(node, "use"), t, reterr) < 0 ||
        compile_require(c, yaml_get(node, "require"), t, reterr) < 0 ||
        compile_split(c, groups, t, reterr) < 0)
        return -1;
    const struct yaml *events = yaml_get(node, "events");
    if (!events)
        return yaml_err(node, reterr, "a trigger needs events: ({}: reports nothing)");
    if (compile_events(c, events, t, reterr) < 0)
        return -1;
    t->person = means_patient(t);
    return map_key_compile(c, yaml_get(node, "key"), t, reterr);
}

static int by_name(const void *a, const void *b)
{
    const struct map_trigger *x = a, *y = b;
    return slice_cmp(x->name, y->name);
}

/* A misspelt group of an overlay would be laid beside the one that is meant, and change nothing.
 * One that is like no other is left alone: an overlay may have taken its triggers out. */
static int check_groups(const struct map_compiler *c, struct err *reterr)
{
    const struct yaml *groups = yaml_get(c->root, "groups");
    unsigned nth = 0;
    for (const struct yaml *at = groups ? groups->child : NULL; at; at = at->next, nth++) {
        struct near_name near = {.wanted = at->name, .distance = at->name.n > 4 ? 3 : 2};
        unsigned other = 0;
        if (c->group_used[nth])
            continue;
        for (const struct yaml *g = groups->child; g; g = g->next, other++)
            if (c->group_used[other])
                near_name_try(&near, g->name.p);
        if (near.name)
            return yaml_err(at, reterr, "no trigger uses the group \"%.*s\"; did you mean %s?",
                            SLICE_ARG(at->name), near.name);
    }
    return 0;
}

int map_compile(struct map_compiler *c, struct map *ret, struct err *reterr)
{
    const struct yaml *all = yaml_get(c->root, "triggers");
    if (!all || all->kind != YAML_MAP)
        return yaml_err(c->root, reterr, "the maps have no triggers:");
    c->group_used =
        map_compile_alloc(c, count_of(yaml_get(c->root, "groups")) + 1, sizeof(bool), reterr);
    if (!c->group_used || compile_times(c, reterr) < 0)
        return -1;
    struct map_trigger *triggers = map_compile_alloc(c, all->count, sizeof(*triggers), reterr);
    if (!triggers)
        return -1;
    unsigned n = 0;
    for (const struct yaml *at = all->child; at; at = at->next)
        if (compile_trigger(c, all, at, &triggers[n++], reterr) < 0)
            return -1;
    if (check_groups(c, reterr) < 0)
        return -1;
    qsort(triggers, n, sizeof(*triggers), by_name);
    ret->triggers = triggers;
    ret->ntriggers = n;
    return 0;
}
