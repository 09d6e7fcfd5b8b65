#include "event.h"

#include "event_table.h"
#include "json_stream.h"

enum { EXTRAS_MAX = 64 };

static const struct json_limits limits = {.bytes = EVENT_SIZE_MAX, .depth = 64, .values = 100000};

enum place { AT_START, IN_OBJECT, IN_STRINGS, IN_ITEMS, IN_UNKNOWN };

struct decoder {
    struct event *event;
    struct arena *arena;
    struct slice text;
    enum place place;
    unsigned object;         /* the known object at hand */
    int target;              /* of the member at hand, EVENT_MEMBER_NONE when it is unknown */
    struct event_item *item; /* when object is that of a list's items */
    struct slice name;       /* of the unknown member at hand */
    size_t from;             /* where its value begins */
    unsigned nested;         /* containers of it that are open */
    unsigned nextras;
    uint64_t seen[EVENT_KEEP_WORDS]; /* fields named so far, in an item since it began */
    uint64_t opened[2];              /* objects named so far */
};
_Static_assert(EVENT_NOBJECTS <= 128, "opened has a bit for each object");

static bool refuse(struct err *reterr, const char *path, const char *what)
{
    err_set(reterr, ERR_INPUT, "%s %s", path, what);
    return false;
}

static bool no_room(const struct decoder *d, struct err *reterr)
{
    err_set(reterr, ERR_LIMIT, "event needs more than the %zu bytes of memory given",
            d->arena->max);
    return false;
}

static struct slice keep_text(const struct decoder *d, const struct json_token *t)
{
    return t->stays ? t->text : arena_copy(d->arena, t->text);
}

/* The list in which an unknown member of the object at hand belongs: within the event in the order
 * of writing, objects that end earlier or stand deeper first. */
static struct event_extra **extra_slot(struct decoder *d)
{
    struct event_extra **at = d->item ? &d->item->extras : &d->event->extras;
    const struct event_object *mine = &event_objects[d->object];
    for (; *at; at = &(*at)->next) {
        const struct event_object *other = &event_objects[(*at)->object];
        if (other->end > mine->end || (other->end == mine->end && other->depth < mine->depth))
            break;
    }
    return at;
}

static bool extra_known(const struct decoder *d, struct slice name)
{
    const struct event_extra *x = d->item ? d->item->extras : d->event->extras;
    for (; x; x = x->next)
        if (x->object == d->object && slice_eq(x->name, name))
            return true;
    return false;
}

/* Within JSON text a line break can only stand between tokens. */
static struct slice one_line(struct decoder *d, struct slice value)
{
    if (!memchr(value.p, '\n', value.n) && !memchr(value.p, '\r', value.n))
        return value;
    char *p = arena_alloc(d->arena, value.n);
    for (size_t i = 0; p && i < value.n; i++)
        p[i] = value.p[i] == '\n' || value.p[i] == '\r' ? ' ' : value.p[i];
    return p ? slice_make(p, value.n) : SLICE_ABSENT;
}

static bool add_extra(struct decoder *d, size_t to, struct err *reterr)
{
    struct slice value = one_line(d, slice_sub(d->text, d->from, to));
    struct event_extra *x = arena_alloc(d->arena, sizeof(*x));
    if (!x || !slice_present(value))
        return no_room(d, reterr);
    if (++d->nextras > EXTRAS_MAX) {
        err_set(reterr, ERR_LIMIT, "more than %d members that the schema does not know",
                EXTRAS_MAX);
        return false;
    }
    struct event_extra **slot = extra_slot(d);
    *x = (struct event_extra){
        .next = *slot, .name = d->name, .value = value, .object = (uint16_t)d->object};
    *slot = x;
    return true;
}

/* An unknown object or list has ended: it obeys the same rules as what is known. */
static bool end_unknown(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    struct json *tree;
    d->place = IN_OBJECT;
    if (json_read(slice_sub(d->text, d->from, t->to), &limits, d->arena, &tree, reterr)) {
        err_at(reterr, "an unknown member that ends here");
        return false;
    }
    return add_extra(d, t->to, reterr);
}

static bool in_unknown(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    if (t->kind == JSON_T_OBJECT || t->kind == JSON_T_ARRAY)
        d->nested++;
    else if (t->kind == JSON_T_OBJECT_END || t->kind == JSON_T_ARRAY_END)
        d->nested--;
    return d->nested || end_unknown(d, t, reterr);
}

static bool on_unknown_value(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    d->from = t->from;
    if (t->kind != JSON_T_OBJECT && t->kind != JSON_T_ARRAY)
        return add_extra(d, t->to, reterr);
    d->place = IN_UNKNOWN;
    d->nested = 1;
    return true;
}

static bool on_key(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    bool repeated;
    d->target = event_member_find(d->object, t->text);
    if (d->target == EVENT_MEMBER_NONE) {
        d->name = keep_text(d, t);
        if (!slice_present(d->name))
            return no_room(d, reterr);
        repeated = extra_known(d, d->name);
    } else {
        uint64_t *bits = d->target < 0 ? d->opened : d->seen;
        unsigned bit = (unsigned)(d->target < 0 ? -1 - d->target : d->target);
        repeated = event_bit(bits, bit);
        event_bit_set(bits, bit);
    }
    if (repeated)
        return refuse(reterr, "a member", "has the same name as one before it in this object");
    return true;
}

static bool set_leaf(struct decoder *d, unsigned field, struct slice value, struct err *reterr)
{
    if (!slice_present(value))
        return no_room(d, reterr);
    bool fits = d->item ? event_item_set(d->event, d->item, field, value)
                        : event_put(d->event, field, value);
    return fits || refuse(reterr, event_fields[field].path, "is no whole number of 64 bits");
}

static bool on_leaf(struct decoder *d, unsigned field, const struct json_token *t,
                    struct err *reterr)
{
    const struct event_field *f = &event_fields[field];
    switch (f->kind) {
    case EVENT_INT:
        if (t->kind != JSON_T_NUMBER)
            return refuse(reterr, f->path, "is no number");
        break;
    case EVENT_BOOL:
        if (t->kind != JSON_T_BOOL)
            return refuse(reterr, f->path, "is neither true nor false");
        break;
    default:
        if (t->kind != JSON_T_STRING)
            return refuse(reterr, f->path, "is no string");
    }
    return set_leaf(d, field, keep_text(d, t), reterr);
}

static bool on_list(struct decoder *d, unsigned field, const struct json_token *t,
                    struct err *reterr)
{
    if (t->kind != JSON_T_ARRAY)
        return refuse(reterr, event_fields[field].path, "is no list");
    d->place = event_fields[field].kind == EVENT_STRINGS ? IN_STRINGS : IN_ITEMS;
    return true;
}

/* Null says no more than absence but where the schema gives it a meaning. */
static bool on_null(struct decoder *d)
{
    if (d->target >= 0 && event_fields[d->target].nullable)
        event_put_null(d->event, (unsigned)d->target);
    return true;
}

static bool on_value(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    if (d->target == EVENT_MEMBER_NONE)
        return on_unknown_value(d, t, reterr);
    if (t->kind == JSON_T_NULL)
        return on_null(d);
    if (d->target >= 0) {
        unsigned field = (unsigned)d->target;
        bool list = event_fields[field].kind >= EVENT_STRINGS;
        return list ? on_list(d, field, t, reterr) : on_leaf(d, field, t, reterr);
    }
    unsigned object = (unsigned)(-1 - d->target);
    if (t->kind != JSON_T_OBJECT)
        return refuse(reterr, event_objects[object].path, "is no object");
    d->object = object;
    return true;
}

static bool on_object_end(struct decoder *d)
{
    d->place = d->item ? IN_ITEMS : IN_OBJECT;
    if (d->item)
        d->target = event_fields[d->item->first].items;
    d->item = NULL;
    d->object = event_objects[d->object].parent;
    return true;
}

static bool in_object(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    if (t->kind == JSON_T_KEY)
        return on_key(d, t, reterr);
    return t->kind == JSON_T_OBJECT_END ? on_object_end(d) : on_value(d, t, reterr);
}

static bool list_refused(const struct decoder *d, unsigned field, struct err *reterr)
{
    if (event_count(d->event, field) < EVENT_LIST_MAX)
        return no_room(d, reterr);
    err_set(reterr, ERR_LIMIT, "%s has more than %d entries", event_fields[field].path,
            EVENT_LIST_MAX);
    return false;
}

static bool in_strings(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    unsigned field = (unsigned)d->target;
    if (t->kind == JSON_T_ARRAY_END) {
        d->place = IN_OBJECT;
        return true;
    }
    if (t->kind != JSON_T_STRING)
        return refuse(reterr, event_fields[field].path, "has an entry that is no string");
    struct slice value = keep_text(d, t);
    if (!slice_present(value))
        return no_room(d, reterr);
    return event_append(d->event, field, value) || list_refused(d, field, reterr);
}

static bool in_items(struct decoder *d, const struct json_token *t, struct err *reterr)
{
    unsigned field = (unsigned)d->target;
    if (t->kind == JSON_T_ARRAY_END) {
        d->place = IN_OBJECT;
        return true;
    }
    if (t->kind != JSON_T_OBJECT)
        return refuse(reterr, event_fields[field].path, "has an entry that is no object");
    d->item = event_item_add(d->event, field);
    if (!d->item)
        return list_refused(d, field, reterr);
    d->object = event_places[field].items;
    d->place = IN_OBJECT;
    for (unsigned leaf = d->item->first; leaf < event_objects[d->object].end; leaf++)
        d->seen[leaf / 64] &= ~((uint64_t)1 << (leaf % 64));
    return true;
}

static bool on_token(void *ctx, const struct json_token *t, struct err *reterr)
{
    struct decoder *d = ctx;
    switch (d->place) {
    case AT_START:
        d->place = IN_OBJECT;
        return t->kind == JSON_T_OBJECT || refuse(reterr, "the event", "is no JSON object");
    case IN_OBJECT:
        return in_object(d, t, reterr);
    case IN_STRINGS:
        return in_strings(d, t, reterr);
    case IN_ITEMS:
        return in_items(d, t, reterr);
    default:
        return in_unknown(d, t, reterr);
    }
}

static int check_attributes(const struct event *e, struct err *reterr)
{
    static const unsigned required[] = {EV_SPECVERSION, EV_ID, EV_SOURCE, EV_TYPE};
    for (unsigned i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (!event_get(e, required[i]).n)
            return err_set(reterr, ERR_INPUT, "attribute %s is missing",
                           event_fields[required[i]].path);
    if (!slice_eq(event_get(e, EV_SPECVERSION), SLICE("1.0")))
        return err_set(reterr, ERR_INPUT, "specversion is not 1.0");
    return 0;
}

int event_decode(struct slice json, struct arena *arena, struct event **ret, struct err *reterr)
{
    struct decoder d = {.arena = arena, .text = json, .place = AT_START};
    d.event = event_make(arena);
    if (!d.event)
        return err_set(reterr, ERR_LIMIT, "no room for an event");
    event_put(d.event, EV_SPECVERSION, SLICE_ABSENT);
    if (json_stream(json, &limits, arena, on_token, &d, reterr))
        return -1;
    if (check_attributes(d.event, reterr))
        return -1;
    *ret = d.event;
    return 0;
}

struct slice event_extension(const struct event *e, struct slice name)
{
    for (const struct event_extra *x = e->extras; x; x = x->next)
        if (!x->object && slice_eq(x->name, name))
            return x->value;
    return SLICE_ABSENT;
}
