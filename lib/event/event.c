#include "event.h"

#include <assert.h>
#include <stddef.h>
#include "event_table.h"
#include "num.h"

struct event *event_make(struct arena *arena)
{
    struct event *e = arena_alloc(arena, sizeof(*e));
    if (!e)
        return NULL;
    memset(e, 0, offsetof(struct event, values));
    e->arena = arena;
    event_put(e, EV_SPECVERSION, SLICE("1.0"));
    return e;
}

static bool is_list(unsigned field)
{
    return event_fields[field].kind >= EVENT_STRINGS;
}

/* JSON knows no plus sign and no leading zero. */
static bool is_integer(struct slice value)
{
    int64_t number;
    struct slice digits = slice_sub(value, value.n && value.p[0] == '-', value.n);
    return num_i64(value, &number) && value.p[0] != '+' && (digits.p[0] != '0' || digits.n == 1);
}

bool event_fits(unsigned field, struct slice value)
{
    switch (event_fields[field].kind) {
    case EVENT_INT:
        return is_integer(value);
    case EVENT_BOOL:
        return slice_eq(value, SLICE("true")) || slice_eq(value, SLICE("false"));
    default:
        return true;
    }
}

bool event_put(struct event *e, unsigned field, struct slice value)
{
    assert(field < EVENT_NFIELDS && event_fields[field].items < 0);
    uint64_t bit = (uint64_t)1 << (field % 64);
    if (!slice_present(value)) {
        e->set[field / 64] &= ~bit;
        return true;
    }
    assert(!is_list(field));
    if (!event_fits(field, value))
        return false;
    e->values[field].text = value;
    e->set[field / 64] |= bit;
    return true;
}

bool event_put_null(struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS);
    if (!event_fields[field].nullable)
        return false;
    e->values[field].text = SLICE_ABSENT;
    event_bit_set(e->set, field);
    return true;
}

bool event_is_null(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS);
    return event_bit(e->set, field) && !is_list(field) && !slice_present(e->values[field].text);
}

bool event_is_set(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS);
    return event_bit(e->set, field) && !event_is_null(e, field);
}

struct slice event_get(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS);
    return event_bit(e->set, field) && !is_list(field) ? e->values[field].text : SLICE_ABSENT;
}

static struct event_strings *strings_of(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS && event_fields[field].kind == EVENT_STRINGS);
    return event_bit(e->set, field) ? e->values[field].strings : NULL;
}

static struct event_items *items_of(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS && event_fields[field].kind == EVENT_ITEMS);
    return event_bit(e->set, field) ? e->values[field].items : NULL;
}

static bool strings_grow(struct arena *arena, struct event_strings *list)
{
    unsigned cap = list->cap ? list->cap * 2 : 4;
    struct slice *values = arena_alloc(arena, cap * sizeof(*values));
    if (!values)
        return false;
    if (list->count)
        memcpy(values, list->values, list->count * sizeof(*values));
    list->values = values;
    list->cap = cap;
    return true;
}

bool event_append(struct event *e, unsigned field, struct slice value)
{
    struct event_strings *list = strings_of(e, field);
    if (!list) {
        list = arena_zalloc(e->arena, 1, sizeof(*list));
        if (!list)
            return false;
    }
    if (list->count == EVENT_LIST_MAX ||
        (list->count == list->cap && !strings_grow(e->arena, list)))
        return false;
    list->values[list->count++] = value;
    e->values[field].strings = list;
    event_bit_set(e->set, field);
    return true;
}

bool event_has(const struct event *e, unsigned field, struct slice value)
{
    const struct event_strings *list = strings_of(e, field);
    for (unsigned i = 0; list && i < list->count; i++)
        if (slice_eq(list->values[i], value))
            return true;
    return false;
}

bool event_push(struct event *e, unsigned field, struct slice value)
{
    return event_has(e, field, value) || event_append(e, field, value);
}

unsigned event_count(const struct event *e, unsigned field)
{
    assert(field < EVENT_NFIELDS && is_list(field));
    if (!event_bit(e->set, field))
        return 0;
    return event_fields[field].kind == EVENT_STRINGS ? e->values[field].strings->count
                                                     : e->values[field].items->count;
}

struct slice event_nth(const struct event *e, unsigned field, unsigned nth)
{
    const struct event_strings *list = strings_of(e, field);
    return list && nth < list->count ? list->values[nth] : SLICE_ABSENT;
}

static struct event_items *items_start(struct event *e, unsigned field)
{
    struct event_items *list = arena_zalloc(e->arena, 1, sizeof(*list));
    if (!list)
        return NULL;
    e->values[field].items = list;
    event_bit_set(e->set, field);
    return list;
}

struct event_item *event_item_add(struct event *e, unsigned items)
{
    struct event_items *list = items_of(e, items);
    if (list && list->count == EVENT_LIST_MAX)
        return NULL;
    const struct event_object *o = &event_objects[event_places[items].items];
    unsigned count = (unsigned)o->end - o->first;
    struct event_item *item =
        arena_zalloc(e->arena, 1, sizeof(*item) + count * sizeof(item->values[0]));
    if (!item || (!list && !(list = items_start(e, items))))
        return NULL;
    item->first = o->first;
    item->count = (uint16_t)count;
    if (list->last)
        list->last->next = item;
    else
        list->first = item;
    list->last = item;
    list->count++;
    return item;
}

bool event_item_set(struct event *e, struct event_item *item, unsigned leaf, struct slice value)
{
    (void)e;
    assert(leaf >= item->first && leaf < (unsigned)item->first + item->count);
    if (slice_present(value) && !event_fits(leaf, value))
        return false;
    item->values[leaf - item->first] = value;
    return true;
}

struct event_item *event_item_nth(const struct event *e, unsigned items, unsigned nth)
{
    const struct event_items *list = items_of(e, items);
    struct event_item *item = list ? list->first : NULL;
    for (; item && nth; nth--)
        item = item->next;
    return item;
}

struct event_item *event_item_next(const struct event_item *item)
{
    return item->next;
}

struct slice event_item_get(const struct event_item *item, unsigned leaf)
{
    assert(leaf >= item->first && leaf < (unsigned)item->first + item->count);
    return item->values[leaf - item->first];
}
