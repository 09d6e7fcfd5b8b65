#include "fhir_node.h"

enum { MEMBERS_MAX = 512 };
#define TOO_MANY "no element of FHIR has so many members"

static int fail(struct fhir_maker *m, enum err_code code, const char *why)
{
    if (m->why)
        return -1;
    m->code = code;
    m->why = why;
    return -1;
}

static int bad(struct fhir_maker *m, const char *why)
{
    return fail(m, ERR_INPUT, why);
}

static int full(struct fhir_maker *m)
{
    return fail(m, ERR_LIMIT, "the document needs more memory than a message may take");
}

struct fhir_node *fhir_node_make(struct fhir_maker *m, enum json_kind kind, struct slice name)
{
    if (++m->values > m->values_max) {
        fail(m, ERR_LIMIT, "more values than a document may have");
        return NULL;
    }
    struct fhir_node *n = arena_zalloc(m->arena, 1, sizeof(*n));
    if (!n) {
        full(m);
        return NULL;
    }
    n->json.kind = kind;
    n->json.name = name;
    return n;
}

static void append(struct fhir_node *container, struct json *child)
{
    if (container->last)
        container->last->next = child;
    else
        container->json.child = child;
    container->last = child;
    container->json.count++;
}

/* Every container is made here, so that it is a node. */
static struct fhir_node *node_of(struct json *j)
{
    return (struct fhir_node *)j;
}

static struct fhir_node *member(const struct fhir_node *object, struct slice name)
{
    for (struct json *j = object->json.child; j; j = j->next)
        if (slice_eq(j->name, name))
            return node_of(j);
    return NULL;
}

int fhir_node_text(struct fhir_maker *m, struct fhir_node *object, struct slice name,
                   struct slice value)
{
    if (object->json.count >= MEMBERS_MAX || member(object, name))
        return bad(m, "an element stands twice that may stand once, or too many stand in one");
    struct fhir_node *n = fhir_node_make(m, JSON_STRING, name);
    if (!n)
        return -1;
    n->json.text = value;
    append(object, &n->json);
    return 0;
}

/* The array of that name, made of what stood there alone. */
static struct fhir_node *array_of(struct fhir_maker *m, struct fhir_node *object, struct slice name)
{
    struct fhir_node *now = member(object, name);
    if (now && now->json.kind == JSON_ARRAY)
        return now;
    if (!now && object->json.count >= MEMBERS_MAX) {
        bad(m, TOO_MANY);
        return NULL;
    }
    struct fhir_node *array = fhir_node_make(m, JSON_ARRAY, name);
    if (!array)
        return NULL;
    if (!now) {
        append(object, &array->json);
        return array;
    }
    struct fhir_node *first = fhir_node_make(m, now->json.kind, SLICE_ABSENT);
    if (!first)
        return NULL;
    *first = *now;
    first->json.name = SLICE_ABSENT;
    first->json.next = NULL;
    now->json = (struct json){.kind = JSON_ARRAY, .name = name, .next = now->json.next};
    now->last = NULL;
    append(now, &first->json);
    return now;
}

/* Adds to the member of that name: as an item where it repeats. */
int fhir_node_put(struct fhir_maker *m, struct fhir_node *object, struct slice name, bool many,
                  struct fhir_node *value)
{
    if (!many && !member(object, name)) {
        if (object->json.count >= MEMBERS_MAX)
            return bad(m, TOO_MANY);
        value->json.name = name;
        append(object, &value->json);
        return 0;
    }
    struct fhir_node *array = array_of(m, object, name);
    if (!array)
        return -1;
    value->json.name = SLICE_ABSENT;
    append(array, &value->json);
    return 0;
}

/* RFC 8259 §6. */
static bool is_number(struct slice s)
{
    size_t i = 0, from;
    if (i < s.n && s.p[i] == '-')
        i++;
    for (from = i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        ;
    if (i == from || (s.p[from] == '0' && i - from > 1))
        return false;
    if (i < s.n && s.p[i] == '.') {
        for (from = ++i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            ;
        if (i == from)
            return false;
    }
    if (i < s.n && (s.p[i] == 'e' || s.p[i] == 'E')) {
        i++;
        if (i < s.n && (s.p[i] == '+' || s.p[i] == '-'))
            i++;
        for (from = i; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            ;
        if (i == from)
            return false;
    }
    return s.n && i == s.n;
}

static struct fhir_node *primitive(struct fhir_maker *m, const struct fhir_primitive *f)
{
    struct fhir_node *n = fhir_node_make(m, JSON_STRING, f->name);
    if (!n)
        return NULL;
    n->json.text = f->value;
    if (f->form == FHIR_NUMBER) {
        n->json.kind = JSON_NUMBER;
        if (!is_number(f->value)) {
            bad(m, "the value of this element must be a number");
            return NULL;
        }
    } else if (f->form == FHIR_BOOLEAN) {
        n->json.kind = JSON_BOOL;
        n->json.boolean = slice_eq(f->value, SLICE("true"));
        n->json.text = SLICE_ABSENT;
        if (!n->json.boolean && !slice_eq(f->value, SLICE("false"))) {
            bad(m, "the value of this element must be true or false");
            return NULL;
        }
    }
    return n;
}

static int put_null(struct fhir_maker *m, struct fhir_node *array)
{
    struct fhir_node *gap = fhir_node_make(m, JSON_NULL, SLICE_ABSENT);
    if (!gap)
        return -1;
    append(array, &gap->json);
    return 0;
}

/* What a primitive has beside its value stands in `_name`, at the same place of an array. */
static int put_beside(struct fhir_maker *m, struct fhir_node *object, struct slice name,
                      const struct fhir_primitive *f, bool repeated)
{
    struct fhir_node *beside = member(object, name), *values = member(object, f->name);
    if (!f->object && !beside)
        return 0;
    if (!repeated)
        return fhir_node_put(m, object, name, false, f->object);
    struct fhir_node *array = array_of(m, object, name);
    while (array && array->json.count + 1 < values->json.count)
        if (put_null(m, array) < 0)
            return -1;
    if (array && !f->object)
        return put_null(m, array);
    if (!array)
        return -1;
    f->object->json.name = SLICE_ABSENT;
    append(array, &f->object->json);
    return 0;
}

/* The values of an element that came before with something beside it alone begin with a gap. */
static int put_first_gap(struct fhir_maker *m, struct fhir_node *object, struct slice name)
{
    struct fhir_node *gap = fhir_node_make(m, JSON_NULL, SLICE_ABSENT);
    return gap ? fhir_node_put(m, object, name, true, gap) : -1;
}

int fhir_node_put_primitive(struct fhir_maker *m, struct fhir_node *object,
                            const struct fhir_primitive *f)
{
    struct slice beside = arena_printf(m->arena, "_%.*s", SLICE_ARG(f->name));
    if (!slice_present(beside))
        return full(m);
    bool has_value = member(object, f->name), has_beside = member(object, beside);
    bool repeated = f->many || has_value || has_beside;
    if (has_beside && !has_value && put_first_gap(m, object, f->name) < 0)
        return -1;
    struct fhir_node *value = NULL;
    if (slice_present(f->value))
        value = primitive(m, f);
    else if (repeated)
        value = fhir_node_make(m, JSON_NULL, SLICE_ABSENT);
    if (!value && (slice_present(f->value) || repeated))
        return -1;
    if (value && fhir_node_put(m, object, f->name, repeated, value) < 0)
        return -1;
    return put_beside(m, object, beside, f, repeated);
}
