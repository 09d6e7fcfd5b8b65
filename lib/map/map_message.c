#include "map_message.h"

#include <stdlib.h>
#include "map_field.h"
#include "site.h"

enum { CHANGING_MAX = 10000 /* values that volatile: leaves out of one message */ };

static int refuse_sections(const struct map_compiler *c, struct err *reterr)
{
    static const char *const names[] = {"trigger", "control_id", "volatile", "time_format"};
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct yaml *node = yaml_get(c->root, names[i]);
        if (node)
            return yaml_err(node, reterr, "%s: is for JSON, CSV and FHIR; HL7 v2 says it itself",
                            names[i]);
    }
    return 0;
}

static const struct yaml *first_path(const struct yaml *node)
{
    while (node && node->kind != YAML_SCALAR)
        node = node->kind == YAML_LIST ? node->child : yaml_get(node, "path");
    return node;
}

static int compile_trigger(struct map_compiler *c, int format, struct map_message *m,
                           struct err *reterr)
{
    const struct yaml *node = yaml_get(c->root, "trigger");
    if (format == SITE_FHIR && node)
        return yaml_err(node, reterr,
                        "trigger: is the resource type in FHIR (Encounter, Encounter.delete), or "
                        "message:CODE");
    if (format == SITE_FHIR)
        return 0;
    if (!node)
        return yaml_err(c->root, reterr,
                        "the maps do not say which trigger a message is: trigger: {path: status}, "
                        "or {const: row}");
    const struct yaml *path = first_path(node);
    m->trigger_path = path ? path->text : SLICE_ABSENT;
    return map_value_compile(c, node, MAP_VALUE_ALONE, &m->trigger, reterr);
}

int map_message_compile(struct map_compiler *c, int format, struct map_message *ret,
                        struct err *reterr)
{
    *ret = (struct map_message){0};
    if (!c->tree)
        return refuse_sections(c, reterr);
    const struct yaml *control = yaml_get(c->root, "control_id");
    const struct yaml *changing = yaml_get(c->root, "volatile");
    if (compile_trigger(c, format, ret, reterr) < 0 ||
        (control && map_value_compile(c, control, MAP_VALUE_ALONE, &ret->control_id, reterr) < 0))
        return -1;
    return changing ? map_compile_paths(c, changing, &ret->changing, &ret->nchanging, reterr) : 0;
}

/* ---- the bytes of a tree ---- */

struct left_out {
    const struct json **at;
    unsigned n;
    bool untyped;
};

static int by_address(const void *a, const void *b)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    return (x > y) - (x < y);
}

static bool is_left_out(const struct left_out *l, const struct json *node)
{
    return l->n && bsearch(&node, l->at, l->n, sizeof(*l->at), by_address);
}

static bool leave_out(const struct json *list, const struct json *value, void *arg)
{
    struct left_out *l = arg;
    (void)list;
    if (l->n < CHANGING_MAX)
        l->at[l->n++] = value;
    return l->n < CHANGING_MAX;
}

static bool find_left_out(const struct map_message *m, struct json_view *view,
                          struct map_nodes less, struct arena *arena, struct left_out *ret)
{
    *ret = (struct left_out){.untyped = less.untyped};
    if (!m->nchanging && !less.n)
        return true;
    size_t room = (m->nchanging ? CHANGING_MAX : 0) + (size_t)less.n;
    ret->at = arena_alloc(arena, room * sizeof(*ret->at));
    if (!ret->at)
        return false;
    for (unsigned i = 0; i < m->nchanging; i++)
        json_path_each(m->changing[i].tree, view, leave_out, ret);
    for (unsigned i = 0; i < less.n; i++)
        ret->at[ret->n++] = less.at[i];
    qsort(ret->at, ret->n, sizeof(*ret->at), by_address);
    return true;
}

struct writing {
    struct arena *arena;
    const struct left_out *out;
    char *p; /* NULL: only counted */
    size_t n;
    bool full;
};

static void put(struct writing *w, const char *bytes, size_t n)
{
    if (w->p && n)
        memcpy(w->p + w->n, bytes, n);
    w->n += n;
}

/* A kind, the length, the bytes: no two trees give the same. */
static void put_text(struct writing *w, char kind, struct slice text)
{
    unsigned char head[9] = {(unsigned char)kind};
    for (unsigned i = 0; i < 8; i++)
        head[i + 1] = (unsigned char)((uint64_t)text.n >> (8 * i));
    put(w, (const char *)head, sizeof(head));
    put(w, text.p, text.n);
}

static int by_name(const void *a, const void *b)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    return slice_cmp(x->name, y->name);
}

static void put_node(struct writing *w, const struct json *node);

static void put_members(struct writing *w, const struct json *object)
{
    const struct json **members =
        w->p ? arena_alloc(w->arena, (object->count + 1) * sizeof(*members)) : NULL;
    unsigned n = 0;
    w->full |= w->p && !members;
    for (const struct json *m = object->child; m; m = m->next) {
        if (members)
            members[n++] = m;
        else if (!w->p && !is_left_out(w->out, m)) {
            put_text(w, 'k', m->name);
            put_node(w, m);
        }
    }
    if (n)
        qsort(members, n, sizeof(*members), by_name);
    for (unsigned i = 0; i < n; i++) {
        if (is_left_out(w->out, members[i]))
            continue;
        put_text(w, 'k', members[i]->name);
        put_node(w, members[i]);
    }
}

/* Of an array of one its item; a boolean as the text that XML has for it. */
static bool put_untyped(struct writing *w, const struct json *node)
{
    switch (node->kind) {
    case JSON_ARRAY:
        if (node->count != 1 || is_left_out(w->out, node->child))
            return false;
        put_node(w, node->child);
        return true;
    case JSON_BOOL:
        put_text(w, 's', node->boolean ? SLICE("true") : SLICE("false"));
        return true;
    case JSON_NUMBER:
        put_text(w, 's', node->text);
        return true;
    default:
        return false;
    }
}

static void put_node(struct writing *w, const struct json *node)
{
    if (w->out->untyped && put_untyped(w, node))
        return;
    static const char kinds[] = {[JSON_NULL] = '0',   [JSON_BOOL] = 'f',  [JSON_NUMBER] = 'n',
                                 [JSON_STRING] = 's', [JSON_ARRAY] = '[', [JSON_OBJECT] = '{'};
    switch (node->kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        put_text(w, kinds[node->kind], node->text);
        return;
    case JSON_BOOL:
    case JSON_NULL:
        put(w, node->kind == JSON_BOOL && node->boolean ? "t" : &kinds[node->kind], 1);
        return;
    default:
        break;
    }
    put(w, &kinds[node->kind], 1);
    if (node->kind == JSON_OBJECT)
        put_members(w, node);
    for (const struct json *e = node->child; node->kind == JSON_ARRAY && e; e = e->next)
        if (!is_left_out(w->out, e))
            put_node(w, e);
    put(w, node->kind == JSON_OBJECT ? "}" : "]", 1);
}

struct slice map_message_bytes(const struct map_message *m, struct json_view *view,
                               struct map_nodes less, struct arena *arena)
{
    struct left_out out;
    if (!find_left_out(m, view, less, arena, &out))
        return SLICE_ABSENT;
    struct writing count = {.out = &out}, write = {.out = &out, .arena = arena};
    put_node(&count, view->root);
    write.p = arena_alloc(arena, count.n + 1);
    if (!write.p)
        return SLICE_ABSENT;
    put_node(&write, view->root);
    return write.full ? SLICE_ABSENT : slice_make(write.p, write.n);
}
