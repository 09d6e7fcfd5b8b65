#include "map_feed.h"

#include "map_compile.h"
#include "map_test.h"

enum { FLAG_NAME_MAX = 48, FIELD_MAX = 200 };

/* `PID-4`: the field is read as PID-3 is, repetition by repetition. */
static int compile_field(const struct yaml *node, struct map_id_field *ret, struct err *reterr)
{
    struct slice rest = node->text;
    ret->segment = slice_split(&rest, '-');
    ret->field = 0;
    for (size_t i = 0; slice_present(rest) && i < rest.n; i++) {
        bool digit = rest.p[i] >= '0' && rest.p[i] <= '9';
        ret->field = digit && ret->field <= FIELD_MAX ? ret->field * 10 + (unsigned)rest.p[i] - '0'
                                                      : FIELD_MAX + 1;
    }
    if (node->kind == YAML_SCALAR && ret->segment.n == 3 && ret->field && ret->field <= FIELD_MAX)
        return 0;
    return yaml_err(node, reterr, "a whole field is wanted here, as in PID-4");
}

static int compile_fields(struct map_compiler *c, const struct yaml *node,
                          struct map_id_fields *ret, struct err *reterr)
{
    bool list = node && node->kind == YAML_LIST;
    const struct yaml *at = list ? node->child : node;
    unsigned n = list ? node->count : !!node;
    struct map_id_field *fields = map_compile_alloc(c, n, sizeof(*fields), reterr);
    if (!fields)
        return -1;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (compile_field(at, &fields[i], reterr) < 0)
            return -1;
    *ret = (struct map_id_fields){fields, n};
    return 0;
}

static int compile_ids(struct map_compiler *c, struct map_feed *feed, struct err *reterr)
{
    static const char *const keys[] = {"nhs_number", "local", NULL};
    const struct yaml *ids = yaml_get(c->root, "ids");
    if (c->tree)
        return map_id_rules_compile(c, ids, &feed->ids, reterr);
    if (!ids)
        return 0;
    if (map_compile_keys(ids, keys, reterr) < 0 ||
        compile_fields(c, yaml_get(ids, "nhs_number"), &feed->nhs_number, reterr) < 0)
        return -1;
    return compile_fields(c, yaml_get(ids, "local"), &feed->local, reterr);
}

static int compile_flag(struct map_compiler *c, const struct yaml *node, struct map_flag *flag,
                        struct err *reterr)
{
    bool fine = node->name.n > 0 && node->name.n <= FLAG_NAME_MAX;
    for (size_t i = 0; fine && i < node->name.n; i++) {
        char ch = node->name.p[i];
        fine = (ch >= 'a' && ch <= 'z') || (i && (ch == '_' || (ch >= '0' && ch <= '9')));
    }
    if (!fine)
        return yaml_err(node, reterr, "a flag is made of a-z, 0-9 and \"_\", 48 at most");
    flag->name = node->name;
    flag->at = node;
    return map_tests_compile(c, node, &flag->when, reterr);
}

static int compile_flags(struct map_compiler *c, struct map_feed *feed, struct err *reterr)
{
    const struct yaml *section = yaml_get(c->root, "flags");
    struct map_flag *flags =
        map_compile_alloc(c, section ? section->count : 0, sizeof(*flags), reterr);
    if (!flags)
        return -1;
    feed->flags = flags;
    for (const struct yaml *at = section ? section->child : NULL; at; at = at->next)
        if (compile_flag(c, at, &flags[feed->nflags++], reterr) < 0)
            return -1;
    return 0;
}

int map_feed_compile(struct map_compiler *c, struct map_feed *ret, struct err *reterr)
{
    *ret = (struct map_feed){0};
    return compile_ids(c, ret, reterr) < 0 ? -1 : compile_flags(c, ret, reterr);
}
