/* event_table.h - what the generator makes of the schema beside the field table, and the inside of
 * an event. For lib/event only.
 *
 * Fields stand in objects: object 0 is the event itself, a list of objects has one object for all
 * of its items. Both are numbered in the order of the schema, so that the fields of an object are
 * one range. */
#ifndef WEIR_EVENT_TABLE_H
#define WEIR_EVENT_TABLE_H

#include "event.h"

/* Where a field stands, by field number. */
struct event_place {
    struct slice key; /* its name within its object, in quotes */
    uint16_t object;
    uint16_t items; /* for EVENT_ITEMS: the object of its items; else 0 */
};
struct event_object {
    const char *path;
    struct slice key; /* as of a field */
    uint16_t parent, depth;
    uint16_t first, end; /* fields [first, end) stand in it or deeper */
};
/* A name within an object: a field number, or -1 - n for object n. */
struct event_member {
    struct slice name;
    uint16_t object;
    int16_t target;
};
enum { EVENT_INDEX_BITS = 10, EVENT_MEMBER_NONE = INT16_MIN };

extern const struct event_place event_places[];
extern const struct event_object event_objects[];
extern const struct event_member event_members[];
extern const uint16_t event_member_index[]; /* number of a member + 1; 0 = free */
extern const char *const event_types[];     /* sorted */

/* Target of that name in the object, or EVENT_MEMBER_NONE. */
int event_member_find(unsigned object, struct slice name);

struct event_strings {
    unsigned count, cap;
    struct slice *values;
};
/* An unknown member: its name and the JSON text of its value, which has no line break. */
struct event_extra {
    struct event_extra *next;
    struct slice name, value;
    uint16_t object;
};
struct event_item {
    struct event_item *next;
    struct event_extra *extras;
    uint16_t first; /* number of its first leaf */
    uint16_t count;
    struct slice values[];
};
struct event_items {
    unsigned count;
    struct event_item *first, *last;
};
union event_value {
    struct slice text;
    struct event_strings *strings;
    struct event_items *items;
};
/* Only values whose bit is set are meaningful: a new event touches a few words, not all. An absent
 * text whose bit is set is null. */
struct event {
    struct arena *arena;
    struct event_extra *extras; /* in the order in which they are written */
    uint64_t set[EVENT_KEEP_WORDS];
    union event_value values[EVENT_NFIELDS];
};

static inline bool event_bit(const uint64_t *bits, unsigned n)
{
    return bits[n / 64] >> (n % 64) & 1;
}
static inline void event_bit_set(uint64_t *bits, unsigned n)
{
    bits[n / 64] |= (uint64_t)1 << (n % 64);
}

/* As event_push, without looking whether the value is there. */
bool event_append(struct event *e, unsigned field, struct slice value);

#endif
