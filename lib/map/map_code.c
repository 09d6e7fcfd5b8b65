#include "map_code.h"

struct map_codes {
    struct slice system;
    const struct map_table *site; /* NULL = none */
};

int map_codes_open(struct map_tables *tables, struct arena *arena, struct slice name,
                   const struct map_codes **ret, struct err *reterr)
{
    struct map_codes *codes = arena_zalloc(arena, 1, sizeof(*codes));
    if (!codes)
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    codes->system = name;
    codes->site = map_table_find(tables, name);
    *ret = codes;
    return 0;
}

int map_codes_compile(struct map_compiler *c, const struct yaml *node, const struct map_codes **ret,
                      struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !node->text.n)
        return yaml_err(node, reterr, "code: the name of a code table is wanted here");
    return map_codes_open(c->tables, c->arena, node->text, ret, reterr);
}

void map_codes_set_known(struct map_run *run, int code, int system, const struct map_codes *codes,
                         struct slice value)
{
    event_put(run->event, (unsigned)code, value);
    event_put(run->event, (unsigned)system, codes->system);
}

void map_codes_set(struct map_run *run, const struct map_field *f, const struct map_codes *codes,
                   struct slice raw)
{
    event_put(run->event, f->field, raw);
    struct slice sent = codes->site ? map_table_get(codes->site, raw) : SLICE_ABSENT;
    if (!slice_present(sent))
        sent = raw;
    map_codes_set_known(run, f->code, f->system, codes, sent);
}
