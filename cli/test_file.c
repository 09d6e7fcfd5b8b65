#include "test_file.h"

#include <stddef.h>
#include <string.h>
#include "event.h"
#include "message_file.h"
#include "rfc3339.h"

enum { NEAREST_MAX = 1024 };

#define ROW(of, member, kind, said)                                                                \
    {                                                                                              \
        .name = #member, .type = (kind), .offset = offsetof(of, member), .help = (said)            \
    }

/* ---- what is said of an event ---- */

static int check_path(const struct yaml *at, struct slice path, struct err *reterr)
{
    unsigned first, end;
    if (event_field_range(path, &first, &end))
        return 0;
    const char *near = event_field_nearest(path);
    return yaml_err(at, reterr, "an event has no field \"%.*s\"%s%s%s", SLICE_ARG(path),
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static bool is_date(struct slice text)
{
    char whole[RFC3339_SIZE];
    int64_t ms;
    int offset;
    if (text.n != 10)
        return false;
    memcpy(whole, text.p, 10);
    memcpy(whole + 10, "T00:00:00Z", 10);
    return rfc3339_read(slice_make(whole, 20), &ms, &offset);
}

static int check_value(const struct yaml *at, int field, struct err *reterr)
{
    int64_t ms;
    int offset;
    if (at->kind != YAML_SCALAR)
        return yaml_err(at, reterr, "a text is wanted here");
    if (!slice_present(at->text))
        return event_fields[field].nullable
                   ? 0
                   : yaml_err(at, reterr,
                              "this field is never null; what must not be there goes under "
                              "absent:");
    if (event_fields[field].kind == EVENT_TIME && !is_date(at->text) &&
        !rfc3339_read(at->text, &ms, &offset))
        return yaml_err(at, reterr,
                        "\"%.*s\" is no time: 2026-03-02T09:05:00Z, 2026-06-02T09:05:00+01:00 or "
                        "2026-03-02",
                        SLICE_ARG(at->text));
    if (!event_fits((unsigned)field, at->text))
        return yaml_err(at, reterr, "this field cannot hold \"%.*s\"", SLICE_ARG(at->text));
    return 0;
}

static int check_field(const struct yaml *at, struct err *reterr)
{
    struct yaml name = *at;
    name.line = at->name_line;
    name.column = at->name_column;
    if (check_path(&name, at->name, reterr) < 0)
        return -1;
    int field = event_field_find(at->name);
    if (field < 0 || event_fields[field].kind == EVENT_ITEMS)
        return yaml_err(&name, reterr, "%.*s has parts: name one of them (%.*s.…)",
                        SLICE_ARG(at->name), SLICE_ARG(at->name));
    if (at->kind == YAML_SCALAR)
        return check_value(at, field, reterr);
    if (at->kind != YAML_LIST)
        return yaml_err(at, reterr, "a text, or a list of texts, is wanted here");
    for (const struct yaml *one = at->child; one; one = one->next)
        if (check_value(one, field, reterr) < 0)
            return -1;
    return 0;
}

static int check_list(const struct yaml *list, bool paths, struct err *reterr)
{
    if (!list)
        return 0;
    if (list->kind != YAML_LIST)
        return yaml_err(list, reterr, "%.*s: a list is wanted here", SLICE_ARG(list->name));
    for (const struct yaml *at = list->child; at; at = at->next) {
        if (at->kind != YAML_SCALAR || !at->text.n)
            return yaml_err(at, reterr, "a text is wanted here");
        if (paths && check_path(at, at->text, reterr) < 0)
            return -1;
    }
    return 0;
}

static int check_says(const struct test_says *s, struct err *reterr)
{
    if (s->fields && s->fields->kind != YAML_MAP)
        return yaml_err(s->fields, reterr, "fields: paths and their values are wanted here");
    for (const struct yaml *at = s->fields ? s->fields->child : NULL; at; at = at->next)
        if (check_field(at, reterr) < 0)
            return -1;
    if (check_list(s->present, true, reterr) < 0 || check_list(s->absent, true, reterr) < 0)
        return -1;
    return check_list(s->never, false, reterr);
}

static int read_route(struct test_file *f, const struct yaml *at, struct test_route *ret,
                      struct err *reterr)
{
    static const struct conf_option rows[] = {
        ROW(struct test_says, fields, CONF_NODE, "Paths and their values."),
        ROW(struct test_says, present, CONF_NODE, "Paths that have a value."),
        ROW(struct test_says, absent, CONF_NODE, "Paths that have none."),
        ROW(struct test_says, never, CONF_NODE, "Texts that stand nowhere in it."),
    };
    *ret = (struct test_route){.name = at->name, .at = at};
    if (conf_read(at, rows, sizeof(rows) / sizeof(rows[0]), &f->arena, &ret->says, reterr) < 0)
        return -1;
    return check_says(&ret->says, reterr);
}

/* A list of names, or a map of names to what their readers get. */
static int read_routes(struct test_file *f, const struct yaml *node, struct test_routes *ret,
                       struct err *reterr)
{
    *ret = (struct test_routes){.at = node};
    if (!node)
        return 0;
    if (node->kind == YAML_SCALAR)
        return yaml_err(node, reterr,
                        "the names of routes are wanted here: [analytics]; [] is none");
    ret->rows = arena_zalloc(&f->arena, node->count + 1, sizeof(*ret->rows));
    if (!ret->rows)
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    for (const struct yaml *at = node->child; at; at = at->next, ret->n++) {
        struct test_route *r = &ret->rows[ret->n];
        *r = (struct test_route){.name = at->text, .at = at};
        if (node->kind == YAML_MAP && read_route(f, at, r, reterr) < 0)
            return -1;
        if (!r->name.n)
            return yaml_err(at, reterr, "the name of a route is wanted here");
    }
    return 0;
}

struct event_node {
    struct slice type;
    const struct yaml *time, *routes;
    struct test_says says;
};

static int read_event(struct test_file *f, const struct yaml *at, struct test_event *ret,
                      struct err *reterr)
{
    static const struct conf_option rows[] = {
        {.name = "type",
         .type = CONF_TEXT,
         .offset = offsetof(struct event_node, type),
         .required = true,
         .help = "Its type."},
        ROW(struct event_node, time, CONF_NODE, "When it happened: the same instant, in any zone."),
        ROW(struct event_node, routes, CONF_NODE, "The routes that take it, all of them."),
        {"fields", CONF_NODE, offsetof(struct event_node, says.fields), NULL, 0, 0, NULL, false,
         "Paths and their values."},
        {"present", CONF_NODE, offsetof(struct event_node, says.present), NULL, 0, 0, NULL, false,
         "Paths that have a value."},
        {"absent", CONF_NODE, offsetof(struct event_node, says.absent), NULL, 0, 0, NULL, false,
         "Paths that have none."},
        {"never", CONF_NODE, offsetof(struct event_node, says.never), NULL, 0, 0, NULL, false,
         "Texts that stand nowhere in it."},
    };
    struct event_node n = {0};
    if (at->kind == YAML_SCALAR)
        n.type = at->text;
    else if (conf_read(at, rows, sizeof(rows) / sizeof(rows[0]), &f->arena, &n, reterr) < 0)
        return -1;
    const struct yaml *type_at = at->kind == YAML_SCALAR ? at : yaml_get(at, "type");
    *ret = (struct test_event){.type = n.type, .at = type_at, .time = n.time, .says = n.says};
    if (!event_type_known(n.type)) {
        const char *near = event_type_nearest(n.type);
        return yaml_err(type_at, reterr, "there is no event type \"%.*s\"%s%s%s", SLICE_ARG(n.type),
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (n.time && check_value(n.time, EV_TIME, reterr) < 0)
        return -1;
    return check_says(&n.says, reterr) < 0 ? -1 : read_routes(f, n.routes, &ret->routes, reterr);
}

/* ---- a case ---- */

struct case_node {
    struct slice name, source, file, ack;
    int64_t number;
    const struct yaml *message, *errors, *events, *verdict;
};

static const char *const acks[] = {"AA", "AE", "AR", "CA", "CE", "CR", "CA AA", "none", NULL};
static const char *const verdicts[] = {"events", "nothing", "unmapped", "refused", NULL};

/* Segments may end in a newline, as an editor writes them. */
static int inline_message(struct test_file *f, const struct yaml *at, struct slice *ret,
                          struct err *reterr)
{
    if (at->kind != YAML_SCALAR || !at->text.n)
        return yaml_err(at, reterr, "message: write it below, each segment a line, behind \"|\"");
    struct slice text = slice_trim(at->text);
    char *out = arena_alloc(&f->arena, text.n + 2);
    size_t n = 0;
    if (!out)
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    for (size_t i = 0; i < text.n; i++)
        out[n++] = text.p[i] == '\n' ? '\r' : text.p[i];
    out[n++] = '\r';
    *ret = slice_make(out, n);
    return 0;
}

static int message_of_file(struct test_file *f, const struct yaml *at, const struct case_node *c,
                           struct slice *ret, struct err *reterr)
{
    struct message_file m;
    struct err why = {0};
    struct slice path = conf_path(f->name, c->file, &f->arena), raw = SLICE_ABSENT;
    if (!slice_present(path))
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    if (message_file_open(path.p, &m, &why) < 0)
        return yaml_err(at, reterr, "file: %s", why.text);
    int64_t left = c->number;
    while (left && message_file_next(&m, &raw))
        left--;
    if (left == 0)
        *ret = arena_copy(&f->arena, raw);
    message_file_close(&m);
    if (left)
        return yaml_err(at, reterr, "file: %s has no message %lld", path.p, (long long)c->number);
    return slice_present(*ret) ? 0 : err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
}

static int read_errors(struct test_file *f, const struct yaml *list, struct test_case *c,
                       struct err *reterr)
{
    static const struct conf_option rows[] = {
        {.name = "code",
         .type = CONF_INT,
         .offset = offsetof(struct test_error, code),
         .max = 999,
         .required = true,
         .help = "ERR-3, HL7 table 0357."},
        {.name = "at",
         .type = CONF_TEXT,
         .offset = offsetof(struct test_error, place),
         .help = "ERR-2: MSH-9, PID[2]-3.1; of JSON, CSV and FHIR the path or column."},
    };
    c->errors_at = list;
    if (!list)
        return 0;
    if (list->kind != YAML_LIST)
        return yaml_err(list, reterr, "errors: a list is wanted here: [{code: 101, at: MRG-1}]");
    c->errors = arena_zalloc(&f->arena, list->count + 1, sizeof(*c->errors));
    if (!c->errors)
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    for (const struct yaml *at = list->child; at; at = at->next) {
        struct test_error *e = &c->errors[c->nerrors++];
        if (conf_read(at, rows, sizeof(rows) / sizeof(rows[0]), &f->arena, e, reterr) < 0)
            return -1;
        e->at = at;
    }
    return 0;
}

static int read_events(struct test_file *f, const struct yaml *list, struct test_case *c,
                       struct err *reterr)
{
    c->events_at = list;
    if (!list)
        return 0;
    if (list->kind != YAML_LIST)
        return yaml_err(list, reterr, "events: a list is wanted here; [] is none");
    c->events = arena_zalloc(&f->arena, list->count + 1, sizeof(*c->events));
    if (!c->events)
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    for (const struct yaml *at = list->child; at; at = at->next)
        if (read_event(f, at, &c->events[c->nevents++], reterr) < 0)
            return -1;
    return 0;
}

static int read_verdict(const struct yaml *at, struct err *reterr)
{
    unsigned n = 0;
    while (at && verdicts[n] && !slice_eq_str(at->text, verdicts[n]))
        n++;
    if (!at || verdicts[n])
        return 0;
    return yaml_err(at, reterr, "verdict: events, nothing, unmapped or refused");
}

static int read_case(struct test_file *f, const struct yaml *at, struct slice source,
                     const struct yaml *source_at, struct test_case *c, struct err *reterr)
{
    static const struct conf_option rows[] = {
        ROW(struct case_node, name, CONF_TEXT, "What is shown, in a few words."),
        ROW(struct case_node, source, CONF_TEXT, "The source that sends it."),
        ROW(struct case_node, message, CONF_NODE, "The message."),
        ROW(struct case_node, file, CONF_TEXT, "The file that holds it."),
        {.name = "number",
         .type = CONF_INT,
         .offset = offsetof(struct case_node, number),
         .preset = "1",
         .min = 1,
         .help = "Which message of the file."},
        {.name = "ack",
         .type = CONF_TEXT,
         .offset = offsetof(struct case_node, ack),
         .choices = acks,
         .help = "MSA-1 of the answer, of both, or none."},
        ROW(struct case_node, errors, CONF_NODE, "The ERR segments."),
        ROW(struct case_node, verdict, CONF_NODE, "What the maps said."),
        ROW(struct case_node, events, CONF_NODE, "The events, in order."),
    };
    struct case_node n = {0};
    if (conf_read(at, rows, sizeof(rows) / sizeof(rows[0]), &f->arena, &n, reterr) < 0)
        return -1;
    if (!n.message == !n.file.n)
        return yaml_err(at, reterr, "a case has a message: or a file:");
    const struct yaml *own = yaml_get(at, "source");
    *c = (struct test_case){.name = n.name.n ? n.name : SLICE("(no name)"),
                            .at = at,
                            .source = own ? n.source : source,
                            .source_at = own ? own : source_at,
                            .ack = n.ack,
                            .ack_at = yaml_get(at, "ack"),
                            .verdict = n.verdict};
    int read = n.message ? inline_message(f, n.message, &c->message, reterr)
                         : message_of_file(f, yaml_get(at, "file"), &n, &c->message, reterr);
    if (read < 0 || read_verdict(n.verdict, reterr) < 0 || read_errors(f, n.errors, c, reterr) < 0)
        return -1;
    return read_events(f, n.events, c, reterr);
}

/* ---- the file ---- */

struct file_node {
    struct slice config, source;
    const struct yaml *readers, *tests;
};

static int read_file(struct test_file *f, const struct yaml *root, struct err *reterr)
{
    static const struct conf_option rows[] = {
        ROW(struct file_node, config, CONF_TEXT, "The configuration, from this file's folder."),
        ROW(struct file_node, source, CONF_TEXT, "The source of the cases that name none."),
        ROW(struct file_node, readers, CONF_NODE, "What holds for a route's readers in all cases."),
        ROW(struct file_node, tests, CONF_NODE, "The cases."),
    };
    struct file_node n = {0};
    if (conf_read(root, rows, sizeof(rows) / sizeof(rows[0]), &f->arena, &n, reterr) < 0)
        return -1;
    f->config = n.config.n ? conf_path(f->name, n.config, &f->arena) : SLICE_ABSENT;
    if (n.readers && n.readers->kind != YAML_MAP)
        return yaml_err(n.readers, reterr,
                        "readers: routes and what holds for them are wanted here");
    if (read_routes(f, n.readers, &f->readers, reterr) < 0)
        return -1;
    if (!n.tests || n.tests->kind != YAML_LIST)
        return yaml_err(n.tests ? n.tests : root, reterr, "tests: a list of cases is wanted");
    f->cases = arena_zalloc(&f->arena, n.tests->count + 1, sizeof(*f->cases));
    if (!f->cases)
        return err_set(reterr, ERR_LIMIT, "%s: too large", f->name);
    const struct yaml *source_at = yaml_get(root, "source");
    for (const struct yaml *at = n.tests->child; at; at = at->next)
        if (read_case(f, at, n.source.n ? n.source : SLICE_ABSENT, source_at, &f->cases[f->n++],
                      reterr) < 0)
            return -1;
    return 0;
}

int test_file_open(const char *name, struct test_file *ret, struct err *reterr)
{
    struct test_file f = {.name = name};
    struct yaml *root;
    arena_init(&f.arena, TEST_FILE_MEMORY);
    if (yaml_read_file(name, NULL, NULL, &f.arena, &root, reterr) < 0 ||
        read_file(&f, root, reterr) < 0) {
        arena_fini(&f.arena);
        return -1;
    }
    *ret = f;
    return 0;
}

void test_file_close(struct test_file *f)
{
    arena_fini(&f->arena);
}

static int unknown_name(const struct yaml *at, const char *what, struct slice name,
                        const char *const *names, unsigned n, struct err *reterr)
{
    const char *near = yaml_nearest(name, names, n);
    return yaml_err(at, reterr, "the configuration has no %s \"%.*s\"%s%s%s", what, SLICE_ARG(name),
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

static int check_routes(const struct test_routes *routes, const struct site *site,
                        struct err *reterr)
{
    const char *names[NEAREST_MAX];
    unsigned n = 0;
    for (; n < site->nroutes && n < NEAREST_MAX; n++)
        names[n] = site->routes[n].name.p;
    for (unsigned i = 0; i < routes->n; i++)
        if (!site_route_find(site, routes->rows[i].name))
            return unknown_name(routes->rows[i].at, "route", routes->rows[i].name, names, n,
                                reterr);
    return 0;
}

static int check_source(const struct test_case *c, const struct site *site, struct err *reterr)
{
    const char *names[NEAREST_MAX];
    unsigned n = 0;
    for (; n < site->nsources && n < NEAREST_MAX; n++)
        names[n] = site->sources[n].name.p;
    if (!slice_present(c->source) && site->nsources != 1)
        return yaml_err(c->at, reterr, "source: which of the %u sends it?", site->nsources);
    if (slice_present(c->source) && !site_source_find(site, c->source))
        return unknown_name(c->source_at, "source", c->source, names, n, reterr);
    return 0;
}

int test_file_check(const struct test_file *f, const struct site *site, struct err *reterr)
{
    if (check_routes(&f->readers, site, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < f->n; i++) {
        const struct test_case *c = &f->cases[i];
        if (check_source(c, site, reterr) < 0)
            return -1;
        for (unsigned k = 0; k < c->nevents; k++)
            if (check_routes(&c->events[k].routes, site, reterr) < 0)
                return -1;
    }
    return 0;
}
