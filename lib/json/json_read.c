#include "json.h"

#include <stdlib.h>
#include "json_stream.h"

/* A tree node and where its name (or itself) began, so that a repeated name can be pointed at. */
struct node {
    struct json json;
    size_t offset;
};

enum { DEPTH_MAX = 128 };

struct reader {
    struct arena *arena;
    struct slice text;
    struct json *root;
    struct slice name; /* of the member whose value comes next */
    size_t name_at;
    unsigned depth;
    struct {
        struct json *container, *last;
    } open[DEPTH_MAX];
};

static bool full(const struct reader *r, struct err *reterr)
{
    err_set(reterr, ERR_LIMIT, "JSON needs more than the %zu bytes of memory given", r->arena->max);
    return false;
}

static struct json *add_node(struct reader *r, enum json_kind kind, const struct json_token *t)
{
    struct node *n = arena_zalloc(r->arena, 1, sizeof(*n));
    if (!n)
        return NULL;
    n->json.kind = kind;
    n->json.name = r->name;
    n->offset = slice_present(r->name) ? r->name_at : t->from;
    r->name = SLICE_ABSENT;
    if (!r->depth) {
        r->root = &n->json;
        return &n->json;
    }
    struct json *container = r->open[r->depth - 1].container;
    struct json *last = r->open[r->depth - 1].last;
    if (last)
        last->next = &n->json;
    else
        container->child = &n->json;
    r->open[r->depth - 1].last = &n->json;
    container->count++;
    return &n->json;
}

static size_t offset_of(const struct json *j)
{
    return ((const struct node *)j)->offset;
}

static int by_name(const void *a, const void *b)
{
    const struct json *x = *(const struct json *const *)a, *y = *(const struct json *const *)b;
    int order = slice_cmp(x->name, y->name);
    return order ? order : (offset_of(x) > offset_of(y)) - (offset_of(x) < offset_of(y));
}

static int refuse_repeat(const struct reader *r, size_t offset, struct err *reterr)
{
    err_set(reterr, ERR_INPUT, "a member has the same name as one before it in this object");
    return json_at(r->text, offset, reterr);
}

/* Sorting keeps an object of many members from costing its square. */
static int check_many(const struct reader *r, const struct json *object, struct err *reterr)
{
    const struct json **all = arena_alloc(r->arena, object->count * sizeof(struct json *));
    if (!all) {
        full(r, reterr);
        return -1;
    }
    unsigned n = 0;
    for (const struct json *j = object->child; j; j = j->next)
        all[n++] = j;
    qsort(all, n, sizeof(all[0]), by_name);
    for (unsigned i = 1; i < n; i++)
        if (slice_eq(all[i - 1]->name, all[i]->name))
            return refuse_repeat(r, offset_of(all[i]), reterr);
    return 0;
}

static int check_names(const struct reader *r, const struct json *object, struct err *reterr)
{
    enum { FEW = 12 };
    if (object->count > FEW)
        return check_many(r, object, reterr);
    for (const struct json *b = object->child; b; b = b->next)
        for (const struct json *a = object->child; a != b; a = a->next)
            if (slice_eq(a->name, b->name))
                return refuse_repeat(r, offset_of(b), reterr);
    return 0;
}

static bool open_node(struct reader *r, enum json_kind kind, const struct json_token *t)
{
    struct json *j = add_node(r, kind, t);
    if (!j)
        return false;
    r->open[r->depth].container = j;
    r->open[r->depth].last = NULL;
    r->depth++;
    return true;
}

static bool leaf_node(struct reader *r, const struct json_token *t)
{
    static const enum json_kind kinds[] = {[JSON_T_STRING] = JSON_STRING,
                                           [JSON_T_NUMBER] = JSON_NUMBER,
                                           [JSON_T_BOOL] = JSON_BOOL,
                                           [JSON_T_NULL] = JSON_NULL};
    struct json *j = add_node(r, kinds[t->kind], t);
    if (!j)
        return false;
    if (t->kind == JSON_T_BOOL)
        j->boolean = t->text.n == sizeof("true") - 1;
    if (t->kind != JSON_T_STRING && t->kind != JSON_T_NUMBER)
        return true;
    j->text = arena_copy(r->arena, t->text);
    return slice_present(j->text);
}

/* Container ends are checked after reading, so that the reader need not tell its own position from
 * that of the token. */
static bool on_token(void *ctx, const struct json_token *t, struct err *reterr)
{
    struct reader *r = ctx;
    bool ok = true;
    switch (t->kind) {
    case JSON_T_KEY:
        r->name = arena_copy(r->arena, t->text);
        r->name_at = t->from;
        ok = slice_present(r->name);
        break;
    case JSON_T_OBJECT:
        ok = open_node(r, JSON_OBJECT, t);
        break;
    case JSON_T_ARRAY:
        ok = open_node(r, JSON_ARRAY, t);
        break;
    case JSON_T_OBJECT_END:
    case JSON_T_ARRAY_END:
        r->depth--;
        break;
    default:
        ok = leaf_node(r, t);
    }
    return ok || full(r, reterr);
}

static int check_tree(const struct reader *r, const struct json *j, struct err *reterr)
{
    if (j->kind == JSON_OBJECT && check_names(r, j, reterr))
        return -1;
    for (const struct json *c = j->child; c; c = c->next)
        if (c->child && check_tree(r, c, reterr))
            return -1;
    return 0;
}

int json_read(struct slice text, const struct json_limits *limits, struct arena *arena,
              struct json **ret, struct err *reterr)
{
    struct reader r = {.arena = arena, .text = text};
    if (json_stream(text, limits, arena, on_token, &r, reterr))
        return -1;
    if (check_tree(&r, r.root, reterr))
        return -1;
    *ret = r.root;
    return 0;
}

struct json *json_get(const struct json *object, const char *name)
{
    if (!object || object->kind != JSON_OBJECT)
        return NULL;
    struct slice wanted = slice_str(name);
    for (struct json *j = object->child; j; j = j->next)
        if (slice_eq(j->name, wanted))
            return j;
    return NULL;
}

struct slice json_text(const struct json *object, const char *name)
{
    const struct json *j = json_get(object, name);
    return j && (j->kind == JSON_STRING || j->kind == JSON_NUMBER) ? j->text : SLICE_ABSENT;
}

const struct json *json_first(const struct json *list)
{
    return list && list->kind == JSON_ARRAY ? list->child : list;
}

const struct json *json_next(const struct json *list, const struct json *element)
{
    return list->kind == JSON_ARRAY ? element->next : NULL;
}
