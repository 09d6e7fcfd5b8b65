#include "yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "conf_file.h"
#include "dict.h"
#include "yaml_expand.h"

/* One map or list that is not closed yet. */
struct open_node {
    struct yaml *node, *last;
};

struct reader {
    yaml_parser_t parser;
    yaml_env_fn env;
    void *arg;
    struct arena *arena;
    const char *file;
    struct slice text;
    struct open_node open[YAML_DEPTH_MAX];
    unsigned depth;
    unsigned nodes;
    struct yaml *root;
    /* A key that still waits for its value. */
    struct slice name;
    yaml_mark_t name_at;
    struct err *err;
};

const char *yaml_getenv(const char *name, void *arg)
{
    (void)arg;
    return getenv(name);
}

void yaml_fill(const struct yaml *at, struct err *reterr, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    err_vfill(reterr, ERR_CONF, fmt, ap);
    va_end(ap);
    if (at)
        err_prefix(reterr, "%s:%u:%u", at->file, at->line, at->column);
}

static int fail(struct reader *r, yaml_mark_t at, const char *what)
{
    err_set(r->err, ERR_CONF, "%s", what);
    return err_at(r->err, "%s:%zu:%zu", r->file, at.line + 1, at.column + 1);
}

static int no_room(struct reader *r)
{
    return err_set(r->err, ERR_LIMIT, "%s: more than fits the memory set aside for it", r->file);
}

static bool in_map(const struct reader *r)
{
    return r->depth && r->open[r->depth - 1].node->kind == YAML_MAP;
}

/* Hangs a new node under the one that is open. */
static struct yaml *add_node(struct reader *r, enum yaml_kind kind, yaml_mark_t at)
{
    struct yaml *n = arena_zalloc(r->arena, 1, sizeof(*n));
    if (!n) {
        no_room(r);
        return NULL;
    }
    n->kind = kind;
    n->file = r->file;
    n->line = (uint32_t)at.line + 1;
    n->column = (uint32_t)at.column + 1;
    if (in_map(r)) {
        n->name = r->name;
        n->name_line = (uint32_t)r->name_at.line + 1;
        n->name_column = (uint32_t)r->name_at.column + 1;
        r->name = SLICE_ABSENT;
    }
    if (!r->depth) {
        r->root = n;
        return n;
    }
    struct open_node *up = &r->open[r->depth - 1];
    if (up->last)
        up->last->next = n;
    else
        up->node->child = n;
    up->last = n;
    up->node->count++;
    return n;
}

static int take_name(struct reader *r, const yaml_event_t *ev)
{
    struct slice text = slice_make((const char *)ev->data.scalar.value, ev->data.scalar.length);
    if (text.n == 0)
        return fail(r, ev->start_mark, "a key is missing before \":\"");
    r->name = arena_copy(r->arena, text);
    r->name_at = ev->start_mark;
    return slice_present(r->name) ? 0 : no_room(r);
}

static int take_scalar(struct reader *r, const yaml_event_t *ev)
{
    struct slice text = slice_make((const char *)ev->data.scalar.value, ev->data.scalar.length);
    if (text.n && memchr(text.p, 0, text.n))
        return fail(r, ev->start_mark, "a NUL character cannot stand here");
    if (in_map(r) && !slice_present(r->name))
        return take_name(r, ev);
    struct yaml *n = add_node(r, YAML_SCALAR, ev->start_mark);
    if (!n)
        return -1;
    bool plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    n->quoted = !plain;
    if (plain && (slice_eq_str(text, "~") || slice_eq_str(text, "null")))
        return 0;
    struct slice expanded = text;
    if (r->env && yaml_expand(text, r->env, r->arg, r->arena, &expanded, r->err) < 0)
        return err_at(r->err, "%s:%u:%u", n->file, n->line, n->column);
    if (plain && expanded.n == 0)
        return 0;
    n->text = arena_copy(r->arena, expanded);
    return slice_present(n->text) ? 0 : no_room(r);
}

static int open_node(struct reader *r, enum yaml_kind kind, const yaml_event_t *ev)
{
    if (in_map(r) && !slice_present(r->name))
        return fail(r, ev->start_mark, "a key must be plain text");
    if (r->depth == YAML_DEPTH_MAX)
        return fail(r, ev->start_mark, "nested too deep (32 levels)");
    struct yaml *n = add_node(r, kind, ev->start_mark);
    if (!n)
        return -1;
    r->open[r->depth++] = (struct open_node){.node = n};
    return 0;
}

static int duplicate(const struct yaml *n, const struct yaml *first, struct err *reterr)
{
    err_set(reterr, ERR_CONF, "\"%.*s\" stands here twice; the first is on line %u",
            SLICE_ARG(n->name), first->name_line);
    return err_at(reterr, "%s:%u:%u", n->file, n->name_line, n->name_column);
}

static int check_names(const struct yaml *map, struct dict *seen, struct err *reterr)
{
    for (const struct yaml *n = map->child; n; n = n->next) {
        bool is_new;
        uint64_t *v = dict_put(seen, n->name, &is_new);
        if (!v)
            return err_set(reterr, ERR_NOMEM, "%s: no memory", map->file);
        if (!is_new)
            return duplicate(n, (const struct yaml *)(uintptr_t)*v, reterr);
        *v = (uint64_t)(uintptr_t)n;
    }
    return 0;
}

static int close_node(struct reader *r)
{
    const struct yaml *n = r->open[--r->depth].node;
    if (n->kind != YAML_MAP || n->count < 2)
        return 0;
    struct dict seen;
    dict_init(&seen, YAML_NODES_MAX);
    int rc = check_names(n, &seen, r->err);
    dict_fini(&seen);
    return rc;
}

static bool has_extras(const yaml_event_t *ev)
{
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return ev->data.scalar.anchor || ev->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return ev->data.sequence_start.anchor || ev->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return ev->data.mapping_start.anchor || ev->data.mapping_start.tag;
    default:
        return ev->type == YAML_ALIAS_EVENT;
    }
}

static int take_event(struct reader *r, const yaml_event_t *ev)
{
    if (has_extras(ev))
        return fail(r, ev->start_mark,
                    "anchors (&), aliases (*) and tags (!) are not used here; "
                    "put the text in quotes if it begins so");
    if (++r->nodes > YAML_NODES_MAX)
        return fail(r, ev->start_mark, "too many entries (200000); put tables in CSV files");
    switch (ev->type) {
    case YAML_DOCUMENT_START_EVENT:
        return r->root ? fail(r, ev->start_mark, "a second document begins; one is read") : 0;
    case YAML_SCALAR_EVENT:
        return take_scalar(r, ev);
    case YAML_MAPPING_START_EVENT:
        return open_node(r, YAML_MAP, ev);
    case YAML_SEQUENCE_START_EVENT:
        return open_node(r, YAML_LIST, ev);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        return close_node(r);
    default:
        return 0;
    }
}

static bool tab_indents(struct slice text, size_t line)
{
    for (; line > 0; line--)
        slice_split(&text, '\n');
    size_t at = 0;
    while (at < text.n && text.p[at] == ' ')
        at++;
    return at < text.n && text.p[at] == '\t';
}

static int parser_error(struct reader *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_SCANNER_ERROR && tab_indents(r->text, p->problem_mark.line))
        return fail(r, p->problem_mark, "a tab does not indent: put blanks");
    if (p->error == YAML_MEMORY_ERROR)
        return err_set(r->err, ERR_NOMEM, "%s: no memory", r->file);
    if (p->error == YAML_READER_ERROR)
        return err_set(r->err, ERR_CONF, "%s: byte %zu: %s; the file must be UTF-8", r->file,
                       p->problem_offset, problem);
    err_set(r->err, ERR_CONF, "%s%s%s", p->context ? p->context : "", p->context ? ": " : "",
            problem);
    return err_at(r->err, "%s:%zu:%zu", r->file, p->problem_mark.line + 1,
                  p->problem_mark.column + 1);
}

static int run(struct reader *r)
{
    for (;;) {
        yaml_event_t ev;
        if (!yaml_parser_parse(&r->parser, &ev))
            return parser_error(r);
        bool end = ev.type == YAML_STREAM_END_EVENT;
        int rc = take_event(r, &ev);
        yaml_event_delete(&ev);
        if (rc < 0 || end)
            return rc;
    }
}

int yaml_read(struct slice text, const char *file, yaml_env_fn env, void *arg, struct arena *arena,
              struct yaml **ret, struct err *reterr)
{
    struct reader r = {.env = env, .arg = arg, .arena = arena, .text = text, .err = reterr};
    r.file = arena_copy(arena, slice_str(file)).p;
    if (!r.file)
        return err_set(reterr, ERR_LIMIT, "%s: no memory set aside", file);
    if (text.n > YAML_BYTES_MAX)
        return err_set(reterr, ERR_LIMIT, "%s: %zu bytes are more than the limit of %d", file,
                       text.n, YAML_BYTES_MAX);
    if (!yaml_parser_initialize(&r.parser))
        return err_set(reterr, ERR_NOMEM, "%s: no memory", file);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.p ? text.p : ""), text.n);
    int rc = run(&r);
    yaml_parser_delete(&r.parser);
    if (rc == 0 && !r.root && !add_node(&r, YAML_SCALAR, (yaml_mark_t){0}))
        return -1;
    if (rc == 0)
        *ret = r.root;
    return rc;
}

int yaml_read_file(const char *file, yaml_env_fn env, void *arg, struct arena *arena,
                   struct yaml **ret, struct err *reterr)
{
    struct buf text;
    if (conf_file(file, YAML_BYTES_MAX, &text, reterr) < 0)
        return -1;
    int rc = yaml_read(buf_slice(&text), file, env, arg, arena, ret, reterr);
    buf_fini(&text);
    return rc;
}

struct yaml *yaml_get(const struct yaml *map, const char *name)
{
    if (!map || map->kind != YAML_MAP)
        return NULL;
    for (struct yaml *n = map->child; n; n = n->next)
        if (slice_eq_str(n->name, name))
            return n;
    return NULL;
}

const struct yaml *yaml_at(const struct yaml *map, const char *name)
{
    const struct yaml *n = yaml_get(map, name);
    return n ? n : map;
}
