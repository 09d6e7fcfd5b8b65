#include "event.h"

#include "event_table.h"

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

enum { NEAR_MAX = 96 };

/* Edits that make b of a (Levenshtein); NEAR_MAX where either is too long to be a name. */
static unsigned distance(struct slice a, struct slice b)
{
    unsigned row[NEAR_MAX + 1];
    if (a.n >= NEAR_MAX || b.n >= NEAR_MAX)
        return NEAR_MAX;
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 0; i < a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i + 1;
        for (unsigned j = 0; j < b.n; j++) {
            unsigned best = diagonal + (a.p[i] != b.p[j]);
            diagonal = row[j + 1];
            if (diagonal + 1 < best)
                best = diagonal + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[b.n];
}

/* Keeps the nearest so far; a name that shares nothing with what was written helps nobody. */
struct near {
    struct slice wanted;
    unsigned distance;
    const char *name;
};

static void near_try(struct near *n, const char *name)
{
    unsigned d = distance(n->wanted, slice_str(name));
    if (d < n->distance) {
        n->distance = d;
        n->name = name;
    }
}

static struct near near_init(struct slice wanted)
{
    return (struct near){.wanted = wanted, .distance = (unsigned)(2 + wanted.n / 3)};
}

const char *event_field_nearest(struct slice path)
{
    struct near n = near_init(path);
    for (unsigned i = 0; i < event_nfields; i++)
        near_try(&n, event_fields[i].path);
    return n.name;
}

const char *event_type_nearest(struct slice type)
{
    struct near n = near_init(type);
    for (unsigned i = 0; i < EVENT_NTYPES; i++)
        near_try(&n, event_types[i]);
    return n.name;
}
