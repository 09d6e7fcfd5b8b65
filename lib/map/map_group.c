#include "map_group.h"

/* A group that more segments may still belong to. */
struct opened {
    bool open, divided;      /* divided: groups stand in it, and it makes no events itself */
    struct hl7_scope scope;  /* its end is not known yet */
    struct hl7_scope *above; /* divided: what stands in front of the groups in it */
};

struct grouping {
    const struct map_trigger *trigger;
    const struct hl7_msg *msg;
    struct arena *arena;
    struct opened levels[MAP_SPLIT_MAX];
    struct hl7_scope *head; /* in front of the first group; NULL until there is one */
    struct hl7_scope *groups;
    unsigned n;
    struct err *err;
};

static int level_of(const struct map_keys *keys, uint32_t key)
{
    for (unsigned i = 0; i < keys->n; i++)
        if (keys->at[i] == key)
            return (int)i;
    return -1;
}

/* For what is short it is quicker to look. */
enum { SHORT = 32 };

static struct hl7_scope *keep(struct grouping *g, uint32_t first, uint32_t end,
                              const struct hl7_scope *above)
{
    struct hl7_scope *kept = arena_alloc(g->arena, sizeof(*kept));
    bool remembers = !above || end - first > SHORT;
    if (kept)
        *kept = (struct hl7_scope){first, end, above, remembers ? hl7_found_make(g->arena) : NULL};
    if (kept && (!remembers || kept->found))
        return kept;
    err_set(g->err, ERR_NOMEM, "no memory for the groups of a message");
    return NULL;
}

/* A segment of that level ends what was open on it and below. */
static int close_levels(struct grouping *g, unsigned level, uint32_t end)
{
    for (unsigned i = level; i < g->trigger->split.n; i++) {
        struct opened *o = &g->levels[i];
        if (o->open && !o->divided) {
            if (g->n == MAP_GROUPS_MAX)
                return err_set(g->err, ERR_LIMIT,
                               "more than %d patients, orders or records in one message",
                               MAP_GROUPS_MAX);
            o->scope.end = end;
            if (end - o->scope.first > SHORT)
                o->scope.found = hl7_found_make(g->arena);
            g->groups[g->n++] = o->scope;
        }
        *o = (struct opened){0};
    }
    return 0;
}

/* What a group that begins at `at` belongs to; NULL when there is no memory. */
static const struct hl7_scope *above(struct grouping *g, unsigned level, uint32_t at)
{
    while (level-- > 0) {
        struct opened *o = &g->levels[level];
        if (!o->open)
            continue;
        if (!o->divided)
            o->above = keep(g, o->scope.first, at, o->scope.above);
        o->divided = true;
        return o->above;
    }
    if (!g->head)
        g->head = keep(g, 0, at, NULL);
    return g->head;
}

static int open_level(struct grouping *g, unsigned level, uint32_t at)
{
    if (close_levels(g, level, at) < 0)
        return -1;
    const struct hl7_scope *belongs = above(g, level, at);
    if (!belongs)
        return -1;
    g->levels[level] = (struct opened){.open = true, .scope = {at, 0, belongs, NULL}};
    return 0;
}

/* Goes through the segments up to what is history; *ret_end is where that begins. */
static int group(struct grouping *g, uint32_t *ret_end)
{
    const struct hl7_msg *m = g->msg;
    uint32_t i = 0;
    for (; i < m->nsegments; i++) {
        uint32_t key = m->segments[i].key;
        if (g->head && level_of(&g->trigger->history, key) >= 0)
            break;
        int level = level_of(&g->trigger->split, key);
        if (level >= 0 && open_level(g, (unsigned)level, i) < 0)
            return -1;
    }
    *ret_end = i;
    return close_levels(g, 0, i);
}

int map_groups_find(const struct map_trigger *trigger, const struct hl7_msg *m, struct arena *arena,
                    struct map_groups *ret, struct err *reterr)
{
    unsigned room = trigger->split.n ? MAP_GROUPS_MAX : 1;
    struct grouping g = {.trigger = trigger,
                         .msg = m,
                         .arena = arena,
                         .groups = arena_alloc(arena, room * sizeof(*g.groups)),
                         .err = reterr};
    if (!g.groups)
        return err_set(reterr, ERR_NOMEM, "no memory for the groups of a message");
    uint32_t end = 0;
    if (trigger->split.n && group(&g, &end) < 0)
        return -1;
    if (g.n <= 1) {
        g.groups[0] = (struct hl7_scope){.end = end};
        if (m->nsegments > SHORT)
            g.groups[0].found = hl7_found_make(arena);
        g.n = 1;
    }
    *ret = (struct map_groups){.at = g.groups, .n = g.n};
    return 0;
}

/* ---- of a tree ---- */

struct spreading {
    const struct map_trigger *trigger;
    struct json_view *view;
    struct arena *arena;
    const struct json_scope **groups;
    unsigned n, level;
    bool any; /* the list at hand has an element */
    int rc;
    struct err *err;
};

static int spread(struct spreading *s);

static int add_group(struct spreading *s)
{
    if (s->n == MAP_GROUPS_MAX)
        return err_set(s->err, ERR_LIMIT, "more than %d groups in one message", MAP_GROUPS_MAX);
    s->groups[s->n++] = s->view->scope;
    return 0;
}

static bool on_element(const struct json *list, const struct json *element, void *arg)
{
    struct spreading *s = arg;
    const struct json_scope *above = s->view->scope;
    s->any = true;
    if (list) {
        struct json_scope *scope = arena_alloc(s->arena, sizeof(*scope));
        if (!scope) {
            s->rc = err_set(s->err, ERR_NOMEM, "no memory for the groups of a message");
            return false;
        }
        *scope = (struct json_scope){list, element, above};
        s->view->scope = scope;
    }
    s->level++;
    s->rc = spread(s);
    s->level--;
    s->any = true;
    s->view->scope = above;
    return s->rc == 0;
}

/* The groups of the list at this level, as far as the elements above it have it; without any, what
 * stands above is the group. */
static int spread(struct spreading *s)
{
    if (s->level == s->trigger->lists.n)
        return add_group(s);
    s->any = false;
    json_path_each(s->trigger->lists.at[s->level], s->view, on_element, s);
    return s->rc || s->any ? s->rc : add_group(s);
}

int map_groups_of_tree(const struct map_trigger *trigger, struct json_view *view,
                       struct arena *arena, struct map_groups *ret, struct err *reterr)
{
    unsigned room = trigger->lists.n ? MAP_GROUPS_MAX : 1;
    struct spreading s = {.trigger = trigger,
                          .view = view,
                          .arena = arena,
                          .groups = arena_alloc(arena, room * sizeof(*s.groups)),
                          .err = reterr};
    if (!s.groups)
        return err_set(reterr, ERR_NOMEM, "no memory for the groups of a message");
    view->scope = NULL;
    if (spread(&s) < 0)
        return -1;
    *ret = (struct map_groups){.tree = s.groups, .n = s.n};
    return 0;
}
