#include "map_modifier.h"

struct looking {
    const struct site_table *known;
    struct arena *arena;
    struct slice *place;
};

static bool is_known(const struct json *extension, const struct site_table *known)
{
    struct slice url = json_text(extension, "url");
    return url.n && slice_present(site_table_get(known, url));
}

/* One, or a list of them. */
static bool all_known(const struct json *extensions, const struct site_table *known)
{
    if (extensions->kind != JSON_ARRAY)
        return is_known(extensions, known);
    for (const struct json *e = extensions->child; e; e = e->next)
        if (!is_known(e, known))
            return false;
    return true;
}

/* What a sender calls its elements is told only where it can be the name of one. */
static struct slice shown(struct slice name)
{
    enum { LONGEST = 64 };
    for (size_t i = 0; i < name.n; i++)
        if (!((name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= 'a' && name.p[i] <= 'z') ||
              (name.p[i] >= '0' && name.p[i] <= '9') || name.p[i] == '_'))
            return SLICE("%unknown");
    return name.n <= LONGEST ? name : SLICE("%unknown");
}

/* No deeper than the reader let it be. */
static bool look(const struct json *at, const struct looking *l)
{
    unsigned nth = 0;
    for (const struct json *c = at->child; c; c = c->next, nth++) {
        if (!c->child)
            continue;
        if (slice_eq(c->name, SLICE("modifierExtension"))) {
            if (all_known(c, l->known))
                continue;
            *l->place = SLICE(".modifierExtension");
            return true;
        }
        if (!look(c, l))
            continue;
        *l->place = at->kind == JSON_ARRAY
                        ? arena_printf(l->arena, "[%u]%.*s", nth, SLICE_ARG(*l->place))
                        : arena_printf(l->arena, ".%.*s%.*s", SLICE_ARG(shown(c->name)),
                                       SLICE_ARG(*l->place));
        return true;
    }
    return false;
}

bool map_modifier_find(const struct json *resource, const struct site_table *known,
                       struct arena *arena, struct slice *ret)
{
    const struct looking l = {.known = known, .arena = arena, .place = ret};
    return look(resource, &l);
}
