#include "event.h"

#include "event_table.h"
#include "near_name.h"

static uint64_t load(const char *p, size_t n)
{
    uint64_t w = 0;
    memcpy(&w, p, n);
    return w;
}

/* The same as member_hash in schemas/generate.py. */
static unsigned member_hash(unsigned object, struct slice name)
{
    uint64_t head = 0, tail = 0;
    if (name.n >= 8) {
        head = load(name.p, 8);
        tail = load(name.p + name.n - 8, 8);
    } else if (name.n >= 4) {
        head = load(name.p, 4);
        tail = load(name.p + name.n - 4, 4);
    } else if (name.n) {
        const unsigned char *b = (const unsigned char *)name.p;
        head = b[0];
        tail = (uint64_t)b[name.n / 2] << 8 | b[name.n - 1];
    }
    uint64_t h = head * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    h = (h ^ tail ^ (object << 8) ^ name.n) * 0xD6E8FEB86659FD93u;
    return (unsigned)(h >> (64 - EVENT_INDEX_BITS));
}

int event_member_find(unsigned object, struct slice name)
{
    enum { MASK = (1 << EVENT_INDEX_BITS) - 1 };
    for (unsigned at = member_hash(object, name); event_member_index[at]; at = (at + 1) & MASK) {
        const struct event_member *m = &event_members[event_member_index[at] - 1];
        if (m->object == object && slice_eq(m->name, name))
            return m->target;
    }
    return EVENT_MEMBER_NONE;
}

/* The target of a whole path. The leaves of an item follow the number of their list. */
static int path_find(struct slice path)
{
    unsigned object = 0;
    int target = EVENT_MEMBER_NONE;
    while (slice_present(path)) {
        target = event_member_find(object, slice_split(&path, '.'));
        if (target == EVENT_MEMBER_NONE)
            return target;
        object = target < 0 ? (unsigned)(-1 - target) : event_places[target].items;
        if (!object && slice_present(path))
            return EVENT_MEMBER_NONE;
    }
    return target;
}

int event_field_find(struct slice path)
{
    int target = path_find(path);
    return target < 0 ? -1 : target;
}

bool event_field_range(struct slice path, unsigned *ret_first, unsigned *ret_end)
{
    int target = path_find(path);
    if (target == EVENT_MEMBER_NONE)
        return false;
    unsigned object = target < 0 ? (unsigned)(-1 - target) : event_places[target].items;
    *ret_first = target < 0 ? event_objects[object].first : (unsigned)target;
    *ret_end = object ? event_objects[object].end : (unsigned)target + 1;
    return true;
}

bool event_type_known(struct slice type)
{
    unsigned low = 0, high = EVENT_NTYPES;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        int order = slice_cmp(type, slice_str(event_types[mid]));
        if (order == 0)
            return true;
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return false;
}

const char *event_field_nearest(struct slice path)
{
    struct near_name n = near_name_of(path);
    for (unsigned i = 0; i < event_nfields; i++)
        near_name_try(&n, event_fields[i].path);
    return n.name;
}

const char *event_type_nearest(struct slice type)
{
    struct near_name n = near_name_of(type);
    for (unsigned i = 0; i < EVENT_NTYPES; i++)
        near_name_try(&n, event_types[i]);
    return n.name;
}

const char *event_type_nth(unsigned nth)
{
    return nth < EVENT_NTYPES ? event_types[nth] : NULL;
}

bool event_is_choice(unsigned field, struct slice value)
{
    const char *at = event_fields[field].choices;
    while (at) {
        const char *blank = strchr(at, ' ');
        size_t n = blank ? (size_t)(blank - at) : strlen(at);
        if (slice_eq(value, slice_make(at, n)))
            return true;
        at = blank ? blank + 1 : NULL;
    }
    return !event_fields[field].choices;
}
