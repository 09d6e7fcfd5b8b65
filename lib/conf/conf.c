#include "conf.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "conf_text.h"
#include "num.h"

/* One option being read: from a node, or from its preset (node NULL). */
struct value {
    const struct conf_option *option;
    const struct yaml *node;
    struct slice text;
};

static int wrong(const struct value *v, struct err *reterr, const char *want)
{
    return yaml_err(v->node, reterr, "%s: %s", v->option->name, want);
}

static int no_room(const struct value *v, struct err *reterr)
{
    return err_set(reterr, ERR_LIMIT, "%s: more than fits the memory set aside", v->option->name);
}

static int check_range(const struct value *v, int64_t n, struct err *reterr)
{
    const struct conf_option *o = v->option;
    char low[CONF_TEXT_SIZE], high[CONF_TEXT_SIZE];
    if (n >= o->min && (!o->max || n <= o->max))
        return 0;
    conf_number_text(o->type, o->min, low);
    conf_number_text(o->type, o->max, high);
    if (!o->max)
        return yaml_err(v->node, reterr, "%s: must be %s or more", o->name, low);
    return yaml_err(v->node, reterr, "%s: must be between %s and %s", o->name, low, high);
}

static int read_int(const struct value *v, void *into, struct err *reterr)
{
    int64_t n;
    if (!num_i64(v->text, &n))
        return wrong(v, reterr, "must be a whole number");
    if (check_range(v, n, reterr) < 0)
        return -1;
    *(int64_t *)into = n;
    return 0;
}

static int read_duration(const struct value *v, void *into, struct err *reterr)
{
    int64_t n;
    if (!num_duration_ms(v->text, &n))
        return wrong(v, reterr, "must be a time with its unit: 250ms, 30s, 10m, 72h or 7d");
    if (check_range(v, n, reterr) < 0)
        return -1;
    *(int64_t *)into = n;
    return 0;
}

static int read_size(const struct value *v, void *into, struct err *reterr)
{
    uint64_t n;
    if (!num_size(v->text, &n) || n > INT64_MAX)
        return wrong(v, reterr, "must be a number of bytes: 100, 64KiB, 8MiB or 1GiB");
    if (check_range(v, (int64_t)n, reterr) < 0)
        return -1;
    *(uint64_t *)into = n;
    return 0;
}

static int read_bool(const struct value *v, void *into, struct err *reterr)
{
    bool yes = slice_eq_str(v->text, "true");
    if (!yes && !slice_eq_str(v->text, "false"))
        return wrong(v, reterr, "must be true or false");
    *(bool *)into = yes;
    return 0;
}

/* The index of text among the choices, or -1 with an error that lists them. */
static int choose(const struct value *v, struct err *reterr)
{
    const char *const *choices = v->option->choices;
    char list[CONF_LIST_SIZE];
    unsigned n = 0;
    for (; choices[n]; n++)
        if (slice_eq_str(v->text, choices[n]))
            return (int)n;
    const char *near = yaml_nearest(v->text, choices, n);
    if (near)
        return yaml_err(v->node, reterr, "%s: \"%.*s\" is not known; did you mean \"%s\"?",
                        v->option->name, SLICE_ARG(v->text), near);
    conf_choices_text(choices, list);
    return yaml_err(v->node, reterr, "%s: \"%.*s\" is not known; it is one of %s", v->option->name,
                    SLICE_ARG(v->text), list);
}

static int read_text(const struct value *v, struct arena *arena, void *into, struct err *reterr)
{
    if (v->option->choices && choose(v, reterr) < 0)
        return -1;
    struct slice copy = arena_copy(arena, v->text);
    if (!slice_present(copy))
        return no_room(v, reterr);
    *(struct slice *)into = copy;
    return 0;
}

static int read_choice(const struct value *v, void *into, struct err *reterr)
{
    int i = choose(v, reterr);
    if (i < 0)
        return -1;
    *(int *)into = i;
    return 0;
}

static int read_texts(const struct value *v, struct arena *arena, void *into, struct err *reterr)
{
    const struct yaml *first = v->node, *n;
    unsigned count = 1, i = 0;
    if (v->node && v->node->kind == YAML_LIST) {
        first = v->node->child;
        count = v->node->count;
    }
    struct slice *at = arena_zalloc(arena, count ? count : 1, sizeof(*at));
    if (!at)
        return no_room(v, reterr);
    if (!v->node)
        at[i++] = v->text;
    for (n = v->node ? first : NULL; n && i < count; n = n->next) {
        if (n->kind != YAML_SCALAR || !slice_present(n->text))
            return yaml_err(n, reterr, "%s: each entry must be a text", v->option->name);
        at[i++] = n->text;
    }
    *(struct conf_texts *)into = (struct conf_texts){at, i};
    return 0;
}

static int read_secret(const struct value *v, void *into, struct err *reterr)
{
    if ((!slice_starts(v->text, SLICE("file:")) || v->text.n == 5) &&
        (!slice_starts(v->text, SLICE("env:")) || v->text.n == 4))
        /* The text is not repeated: it may be the secret itself. */
        return wrong(v, reterr,
                     "a secret is never written here; name it as file:PATH or env:VARIABLE");
    *(const struct yaml **)into = v->node;
    return 0;
}

static int read_value(const struct value *v, struct arena *arena, void *into, struct err *reterr)
{
    switch (v->option->type) {
    case CONF_TEXT:
        return read_text(v, arena, into, reterr);
    case CONF_BOOL:
        return read_bool(v, into, reterr);
    case CONF_INT:
        return read_int(v, into, reterr);
    case CONF_DURATION:
        return read_duration(v, into, reterr);
    case CONF_SIZE:
        return read_size(v, into, reterr);
    case CONF_CHOICE:
        return read_choice(v, into, reterr);
    case CONF_TEXTS:
        return read_texts(v, arena, into, reterr);
    case CONF_SECRET:
        return read_secret(v, into, reterr);
    case CONF_NODE:
        *(const struct yaml **)into = v->node;
        return 0;
    }
    return 0;
}

static bool is_nothing(const struct yaml *n)
{
    return n->kind == YAML_SCALAR && !slice_present(n->text);
}

static int missing(const struct yaml *map, const struct conf_option *o, struct err *reterr)
{
    if (map)
        return yaml_err(map, reterr, "\"%s\" is missing: %s", o->name, o->help);
    return err_set(reterr, ERR_CONF, "\"%s\" is missing: %s", o->name, o->help);
}

static int read_option(const struct yaml *map, const struct conf_option *o, struct arena *arena,
                       void *into, struct err *reterr)
{
    struct value v = {.option = o, .node = yaml_get(map, o->name)};
    void *at = (char *)into + o->offset;
    if (v.node && !is_nothing(v.node)) {
        if (v.node->kind == YAML_MAP && o->type != CONF_NODE)
            return wrong(&v, reterr, "must be a value, not a map");
        if (v.node->kind == YAML_LIST && o->type != CONF_NODE && o->type != CONF_TEXTS)
            return wrong(&v, reterr, "must be one value, not a list");
        v.text = v.node->text;
        return read_value(&v, arena, at, reterr);
    }
    if (o->required)
        return missing(v.node ? v.node : map, o, reterr);
    v.node = NULL;
    v.text = slice_str(o->preset);
    return o->preset ? read_value(&v, arena, at, reterr) : 0;
}

static int unknown(const struct yaml *n, const struct conf_option *options, unsigned count,
                   struct err *reterr)
{
    const char *names[64];
    unsigned k = 0;
    for (; k < count && k < 64; k++)
        names[k] = options[k].name;
    const char *near = yaml_nearest(n->name, names, k);
    err_set(reterr, ERR_CONF, "\"%.*s\" is not an option here%s%s%s", SLICE_ARG(n->name),
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return err_at(reterr, "%s:%u:%u", n->file, n->name_line, n->name_column);
}

static bool known(struct slice name, const struct conf_option *options, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_str(name, options[i].name))
            return true;
    return false;
}

int conf_read(const struct yaml *map, const struct conf_option *options, unsigned n,
              struct arena *arena, void *into, struct err *reterr)
{
    if (map && map->kind != YAML_MAP && !is_nothing(map))
        return yaml_err(map, reterr, "must be a map of options");
    for (const struct yaml *c = map ? map->child : NULL; c; c = c->next)
        if (!known(c->name, options, n))
            return unknown(c, options, n, reterr);
    for (unsigned i = 0; i < n; i++)
        if (read_option(map, &options[i], arena, into, reterr) < 0)
            return -1;
    return 0;
}
