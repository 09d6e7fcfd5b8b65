#include "map_field.h"

#include "map_code.h"
#include "map_function.h"
#include "map_place_rule.h"
#include "map_test.h"

static const char *const keys[] = {"path", "const",    "field",  "call", "table", "code", "group",
                                   "when", "unmapped", "clears", "join", "parts", "time", NULL};

static int member_of(struct map_compiler *c, struct slice object, const char *member)
{
    struct slice path = arena_printf(c->arena, "%.*s.%s", SLICE_ARG(object), member);
    return slice_present(path) ? event_field_find(path) : -1;
}

static int unknown_field(const struct yaml *node, struct slice path, struct err *reterr)
{
    const char *near = event_field_nearest(path);
    return yaml_err(node, reterr, "an event has no field \"%.*s\"%s%s%s", SLICE_ARG(path),
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

int map_compile_leaf(const struct yaml *node, unsigned *ret, struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "a field of the event is wanted here");
    int field = event_field_find(node->text);
    if (field < 0 || event_fields[field].kind >= EVENT_STRINGS || event_fields[field].items >= 0)
        return unknown_field(node, node->text, reterr);
    *ret = (unsigned)field;
    return 0;
}

/* Times that the schema allows to be a date: all but those of the record itself. */
static bool may_be_date(unsigned field)
{
    return field != EV_DATA_RECORDED_AT && field != EV_DATA_SENT_AT &&
           field != EV_DATA_PUBLISHED_AT && field != EV_DATA_WAIT_STARTED_AT;
}

static bool find_object(struct map_compiler *c, struct slice path, struct map_field *f)
{
    int raw = member_of(c, path, "raw");
    f->code = member_of(c, path, "code");
    f->system = member_of(c, path, "system");
    if (raw < 0)
        return false;
    f->field = (unsigned)raw;
    f->reads = f->code >= 0 ? MAP_CODE : MAP_PLACE;
    return f->code >= 0 || member_of(c, path, "ward") >= 0;
}

static int find_target(struct map_compiler *c, const struct yaml *node, struct map_field *f,
                       struct err *reterr)
{
    static const enum map_reads reads[] = {
        [EVENT_STRING] = MAP_TEXT, [EVENT_TIME] = MAP_TIME, [EVENT_DATE] = MAP_DATE,
        [EVENT_INT] = MAP_TEXT,    [EVENT_BOOL] = MAP_BOOL, [EVENT_ITEMS] = MAP_ITEMS,
    };
    struct slice path = node->name;
    if (!slice_starts(path, SLICE("data.")))
        return yaml_err(node, reterr, "maps set fields under data.; the others are weir's own");
    int field = event_field_find(path);
    if (field < 0)
        return find_object(c, path, f) ? 0 : unknown_field(node, path, reterr);
    if (event_fields[field].kind == EVENT_STRINGS || event_fields[field].items >= 0)
        return yaml_err(node, reterr, "%.*s cannot be set by a map", SLICE_ARG(path));
    f->field = (unsigned)field;
    f->reads = reads[event_fields[field].kind];
    f->date_stays = f->reads == MAP_TIME && may_be_date(f->field);
    return 0;
}

static int compile_call(const struct map_compiler *c, const struct yaml *node,
                        const struct map_field *f, struct map_source *s, struct err *reterr)
{
    s->from = MAP_FROM_CALL;
    s->call = map_function_find(node->text);
    if (!s->call) {
        const char *near = map_function_nearest(node->text);
        return yaml_err(node, reterr, "there is no function \"%.*s\"%s%s%s", SLICE_ARG(node->text),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (c->tree && s->call->hl7)
        return yaml_err(node, reterr, "%s reads HL7 v2 only", s->call->name);
    if (s->call->reads != f->reads)
        return yaml_err(node, reterr, "%s does not give what this field holds", s->call->name);
    if (s->npaths > s->call->paths_max)
        return yaml_err(node, reterr, "%s takes %u paths at most", s->call->name,
                        s->call->paths_max);
    return 0;
}

static int compile_const(const struct yaml *node, const struct map_field *f, struct map_source *s,
                         struct err *reterr)
{
    s->from = MAP_FROM_CONST;
    s->text = node->text;
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "const: a text is wanted here");
    if (f->reads != MAP_TEXT && f->reads != MAP_BOOL && f->reads != MAP_CODE)
        return yaml_err(node, reterr, "this field cannot be a constant");
    if (!event_is_choice(f->field, node->text))
        return yaml_err(node, reterr, "this field cannot hold \"%.*s\": one of %s",
                        SLICE_ARG(node->text), event_fields[f->field].choices);
    if (f->reads != MAP_CODE && !event_fits(f->field, node->text))
        return yaml_err(node, reterr, "this field cannot hold \"%.*s\"%s", SLICE_ARG(node->text),
                        f->reads == MAP_BOOL ? ": true or false" : "");
    return 0;
}

/* `parts: {site: …, ward: …}`: each part of a place has a value of its own. */
static int compile_parts(struct map_compiler *c, const struct yaml *node, const struct map_field *f,
                         struct map_source *s, struct err *reterr)
{
    if (!c->tree || f->reads != MAP_PLACE)
        return yaml_err(node, reterr, "parts: is for a place of JSON, CSV or FHIR");
    if (node->kind != YAML_MAP || !node->child)
        return yaml_err(node, reterr, "parts: {site: PATH, ward: PATH} is meant");
    struct map_value *parts = map_compile_alloc(c, MAP_PLACE_SENT, sizeof(*parts), reterr);
    if (!parts)
        return -1;
    for (const struct yaml *at = node->child; at; at = at->next) {
        int part = slice_eq(at->name, SLICE("raw")) ? MAP_PLACE_RAW : map_place_part_of(at->name);
        if (part < 0 || !at->name.n)
            return yaml_err(at, reterr,
                            "a place has no part \"%.*s\"; site, ward, bay, bed, building, floor, "
                            "status, type, description, raw",
                            SLICE_ARG(at->name));
        if (map_value_compile(c, at, MAP_VALUE_OF_EVENT, &parts[part], reterr) < 0)
            return -1;
    }
    s->parts = parts;
    return 0;
}

static int compile_from(struct map_compiler *c, const struct yaml *node, const struct map_field *f,
                        struct map_source *s, struct err *reterr)
{
    const struct yaml *path = yaml_get(node, "path"), *constant = yaml_get(node, "const");
    const struct yaml *field = yaml_get(node, "field"), *call = yaml_get(node, "call");
    const struct yaml *parts = yaml_get(node, "parts");
    if ((!!constant + !!field + !!call + !!parts) > 1 || (path && (constant || field || parts)) ||
        (!path && !constant && !field && !call && !parts))
        return yaml_err(node, reterr, "a value comes from one of path, const, field, call%s",
                        c->tree ? ", parts" : "");
    if (parts)
        return compile_parts(c, parts, f, s, reterr);
    if (path && map_compile_paths(c, path, &s->paths, &s->npaths, reterr) < 0)
        return -1;
    if (call)
        return compile_call(c, call, f, s, reterr);
    if (constant)
        return compile_const(constant, f, s, reterr);
    if (!field)
        return 0;
    if (f->reads == MAP_PLACE || f->reads == MAP_ITEMS)
        return yaml_err(field, reterr, "this field is no copy of another");
    s->from = MAP_FROM_FIELD;
    return map_compile_leaf(field, &s->field, reterr);
}

/* What stands between values that are joined. */
static int compile_join(const struct yaml *node, const struct map_field *f, struct map_source *s,
                        struct err *reterr)
{
    const struct yaml *join = yaml_get(node, "join");
    if (!join)
        return 0;
    if (join->kind != YAML_SCALAR || s->from != MAP_FROM_PATHS || !s->npaths ||
        f->reads == MAP_PLACE)
        return yaml_err(join, reterr, "join: a text that stands between the values of path:");
    s->join = slice_present(join->text) ? join->text : SLICE("");
    return 0;
}

/* `time: PATH`: the time of day, beside a path that has the day. */
static int compile_clock(struct map_compiler *c, const struct yaml *node, const struct map_field *f,
                         struct map_source *s, struct err *reterr)
{
    const struct yaml *clock = yaml_get(node, "time");
    if (!clock)
        return 0;
    if (!c->tree || f->reads != MAP_TIME || s->from != MAP_FROM_PATHS || slice_present(s->join))
        return yaml_err(clock, reterr,
                        "time: stands beside the path: of a day, in JSON, CSV or FHIR, where the "
                        "field holds a time");
    return map_compile_path(c, clock, &s->clock, reterr);
}

/* Whether "" takes the value away: the schema says where null has a meaning. */
static int compile_clears(const struct yaml *node, const struct map_field *f, struct map_source *s,
                          struct err *reterr)
{
    const struct yaml *clears = yaml_get(node, "clears");
    if (!clears)
        return 0;
    if (!slice_eq(clears->text, SLICE("true")))
        return yaml_err(clears, reterr, "clears: true is meant, or leave it out");
    if (s->from != MAP_FROM_PATHS)
        return yaml_err(clears, reterr, "clears: goes with path:");
    if (!event_fields[f->field].nullable)
        return yaml_err(clears, reterr, "clears: %s cannot be null", event_fields[f->field].path);
    s->clears = true;
    return 0;
}

static int compile_map(struct map_compiler *c, const struct yaml *node, struct map_field *f,
                       struct map_source *s, struct err *reterr)
{
    if (map_compile_keys(node, keys, reterr) < 0 || compile_from(c, node, f, s, reterr) < 0)
        return -1;
    const struct yaml *table = yaml_get(node, "table"), *code = yaml_get(node, "code");
    const struct yaml *unmapped = yaml_get(node, "unmapped"), *group = yaml_get(node, "group");
    if (group && table)
        return yaml_err(table, reterr, MAP_TABLE_OR_GROUP);
    if (group && map_codes_compile(c, group, &s->group, reterr) < 0)
        return -1;
    if (table && map_compile_table(c, table, &s->table, reterr) < 0)
        return -1;
    if (unmapped) {
        if ((!table && !group) || !slice_eq(unmapped->text, SLICE("flag")))
            return yaml_err(unmapped, reterr, "unmapped: flag goes with table: or group:");
        f->flag_unmapped = true;
    }
    if (!code != (f->reads != MAP_CODE))
        return yaml_err(code ? code : node, reterr,
                        code ? "code: is for a field of raw, code and system"
                             : "this field needs code: and the name of a code table");
    if (code && map_codes_compile(c, code, &s->codes, reterr) < 0)
        return -1;
    const char *codes = code ? event_fields[f->code].codes : NULL;
    if (codes && !slice_eq_str(code->text, codes))
        return yaml_err(code, reterr, "this field holds codes of %s (schemas/event.schema.json)",
                        codes);
    if (compile_clears(node, f, s, reterr) < 0 || compile_join(node, f, s, reterr) < 0 ||
        compile_clock(c, node, f, s, reterr) < 0)
        return -1;
    return map_tests_compile(c, yaml_get(node, "when"), &s->when, reterr);
}

static int compile_source(struct map_compiler *c, const struct yaml *node, struct map_field *f,
                          struct map_source *s, struct err *reterr)
{
    *s = (struct map_source){.from = MAP_FROM_PATHS, .at = node};
    if (node->kind == YAML_MAP)
        return compile_map(c, node, f, s, reterr);
    if (node->kind == YAML_LIST)
        return yaml_err(node, reterr, "a path or {path: …, when: …} is wanted here");
    if (f->reads == MAP_CODE)
        return yaml_err(node, reterr, "this field needs {path: …, code: TABLE}");
    if (f->reads == MAP_ITEMS)
        return yaml_err(node, reterr, "this field needs {call: FUNCTION}");
    return map_compile_paths(c, node, &s->paths, &s->npaths, reterr);
}

/* A test on what stands in the event; NULL: all are on paths. */
static const struct map_test *asks_event(const struct map_test *tests, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const struct map_test *t = &tests[i];
        const struct map_test *found = t->field >= 0 ? t : asks_event(t->children, t->nchildren);
        if (found)
            return found;
    }
    return NULL;
}

static int check_value(const struct map_source *s, unsigned may, struct err *reterr)
{
    if (s->from == MAP_FROM_CALL)
        return yaml_err(s->at, reterr, "call: is for the fields of an event");
    if (s->from == MAP_FROM_FIELD && may < MAP_VALUE_OF_EVENT)
        return yaml_err(s->at, reterr, "the event is not made yet: say path: or const:");
    const struct map_test *early =
        may < MAP_VALUE_OF_PERSON ? asks_event(s->when.at, s->when.n) : NULL;
    if (early)
        return yaml_err(early->at, reterr, "the event is not made yet: test a path");
    return 0;
}

int map_value_compile(struct map_compiler *c, const struct yaml *node, enum map_value_may may,
                      struct map_value *ret, struct err *reterr)
{
    struct map_field text = {.reads = MAP_TEXT, .field = EV_SUBJECT, .code = -1, .system = -1};
    bool list = node->kind == YAML_LIST;
    unsigned n = list ? node->count : 1;
    struct map_source *sources = map_compile_alloc(c, n, sizeof(*sources), reterr);
    if (!sources)
        return -1;
    const struct yaml *at = list ? node->child : node;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (compile_source(c, at, &text, &sources[i], reterr) < 0 ||
            check_value(&sources[i], may, reterr) < 0)
            return -1;
    if (text.flag_unmapped)
        return yaml_err(node, reterr, "unmapped: is for the fields of an event");
    *ret = (struct map_value){sources, n};
    return 0;
}

/* A number that only this field knew would stand beside another person's pseudonym. */
static int check_person(const struct map_field *f, struct err *reterr)
{
    bool own = f->field == EV_DATA_PATIENT_NHS_NUMBER;
    for (unsigned i = 0; own && i < f->nsources; i++)
        if (f->sources[i].from != MAP_FROM_CALL)
            return yaml_err(f->sources[i].at, reterr,
                            "the person is known by the NHS number: say where it stands in "
                            "ids: {nhs_number: [PID-4]}");
    return 0;
}

static int compile_field(struct map_compiler *c, const struct yaml *node, struct map_field *f,
                         struct err *reterr)
{
    *f = (struct map_field){.code = -1, .system = -1, .at = node};
    if (find_target(c, node, f, reterr) < 0)
        return -1;
    unsigned n = node->kind == YAML_LIST ? node->count : 1;
    struct map_source *sources = map_compile_alloc(c, n, sizeof(*sources), reterr);
    if (!sources)
        return -1;
    const struct yaml *at = node->kind == YAML_LIST ? node->child : node;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (compile_source(c, at, f, &sources[i], reterr) < 0)
            return -1;
    f->sources = sources;
    f->nsources = n;
    if (check_person(f, reterr) < 0)
        return -1;
    f->flag = arena_printf(c->arena, "unmapped_code:%.*s", (int)node->name.n - 5, node->name.p + 5);
    return slice_present(f->flag) ? 0 : err_set(reterr, ERR_NOMEM, "no room for the maps");
}

int map_fields_compile(struct map_compiler *c, const struct yaml *node, struct map_field *fields,
                       unsigned *n, struct err *reterr)
{
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "fields and where they come from are wanted here");
    for (const struct yaml *at = node->child; at; at = at->next) {
        struct map_field f;
        if (compile_field(c, at, &f, reterr) < 0)
            return -1;
        unsigned i = 0;
        while (i < *n && fields[i].field != f.field)
            i++;
        fields[i] = f;
        *n += i == *n;
    }
    return 0;
}
