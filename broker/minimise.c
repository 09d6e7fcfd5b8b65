#include "minimise.h"

#include <stdio.h>

static bool bit(const uint64_t *bits, unsigned n)
{
    return bits[n / 64] >> (n % 64) & 1;
}

static void set(uint64_t *bits, unsigned n, bool on)
{
    uint64_t one = (uint64_t)1 << (n % 64);
    bits[n / 64] = on ? bits[n / 64] | one : bits[n / 64] & ~one;
}

static bool in_range(unsigned field, struct slice path)
{
    unsigned first, end;
    return event_field_range(path, &first, &end) && field >= first && field < end;
}

static bool is_legal(unsigned field)
{
    return in_range(field, SLICE("data.care.legal_status"));
}

static bool group_all(const struct event_field *f)
{
    (void)f;
    return true;
}

static bool group_identifiers(const struct event_field *f)
{
    return f->identifies || f->personal;
}

static bool group_demographics(const struct event_field *f)
{
    return f->personal && !f->identifies;
}

static const struct {
    const char *name;
    bool (*holds)(const struct event_field *f);
} groups[] = {
    {"all", group_all},
    {"identifiers", group_identifiers},
    {"demographics", group_demographics},
};
enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

static bool add_group(struct minimise *m, struct slice name)
{
    for (unsigned g = 0; g < GROUPS; g++) {
        if (!slice_eq_str(name, groups[g].name))
            continue;
        for (unsigned f = 0; f < EVENT_NFIELDS; f++)
            if (groups[g].holds(&event_fields[f]) && !is_legal(f))
                set(m->open, f, true);
        m->all = m->all || groups[g].holds == group_all;
        return true;
    }
    return false;
}

static bool add_path(struct minimise *m, struct slice path)
{
    unsigned first, end;
    if (!event_field_range(path, &first, &end))
        return false;
    for (unsigned f = first; f < end; f++)
        if (!is_legal(f) || slice_starts(path, SLICE("data.care.legal_status")))
            set(m->open, f, true);
    /* A list of objects is written only where it is kept itself. */
    if (event_fields[first].items >= 0)
        set(m->open, (unsigned)event_fields[first].items, true);
    return true;
}

static const struct yaml *entry_node(const struct site_route *route, unsigned nth)
{
    const struct yaml *keep = yaml_get(route->node, "keep");
    if (!keep || keep->kind != YAML_LIST)
        return keep ? keep : route->node;
    const struct yaml *e = keep->child;
    for (; e && nth; e = e->next)
        nth--;
    return e ? e : keep;
}

static int unknown(const struct site_route *route, unsigned nth, struct err *reterr)
{
    struct slice path = route->keep.at[nth];
    const char *near = event_field_nearest(path);
    return yaml_err(entry_node(route, nth), reterr,
                    "keep: '%.*s' is no field of an event and no group (all, identifiers, "
                    "demographics)%s%s%s",
                    SLICE_ARG(path), near ? "; did you mean '" : "", near ? near : "",
                    near ? "'?" : "");
}

static int add_entry(struct minimise *m, const struct site_route *route, unsigned nth,
                     struct err *reterr)
{
    uint64_t before[EVENT_KEEP_WORDS];
    struct slice name = route->keep.at[nth];
    memcpy(before, m->open, sizeof(before));
    if (!add_group(m, name) && !add_path(m, name))
        return unknown(route, nth, reterr);
    if (route->identifiers)
        return 0;
    for (unsigned f = 0; f < EVENT_NFIELDS; f++)
        if (event_fields[f].identifies && bit(m->open, f) && !bit(before, f))
            return yaml_err(entry_node(route, nth), reterr,
                            "keep: '%.*s' gives away %s, which finds the patient: say "
                            "'identifiers: true' in this route if its readers may know",
                            SLICE_ARG(name), event_fields[f].path);
    return 0;
}

int minimise_read(const struct site_route *route, struct minimise *ret, struct err *reterr)
{
    struct minimise m = {.restricted = route->restricted};
    event_keep_init(m.open);
    for (unsigned f = 0; f < EVENT_NFIELDS; f++)
        if (!event_fields[f].personal && !event_fields[f].identifies)
            set(m.open, f, true);
    for (unsigned i = 0; i < route->keep.n; i++)
        if (add_entry(&m, route, i, reterr) < 0)
            return -1;
    m.legal = true;
    for (unsigned f = 0; f < EVENT_NFIELDS; f++) {
        m.legal = m.legal && (!is_legal(f) || bit(m.open, f));
        set(m.closed, f, bit(m.open, f) && !event_fields[f].whereabouts);
    }
    *ret = m;
    return 0;
}

static bool has_legal(const struct event *e)
{
    unsigned first, end;
    if (!event_field_range(SLICE("data.care.legal_status"), &first, &end))
        return false;
    for (unsigned f = first; f < end; f++)
        if (event_is_set(e, f))
            return true;
    return false;
}

const uint64_t *minimise_keep(const struct minimise *m, const struct event *e)
{
    if (!m->restricted && slice_eq_str(event_get(e, EV_DATA_PATIENT_RESTRICTED), "true"))
        return m->closed;
    return m->all && (m->legal || !has_legal(e)) ? NULL : m->open;
}
