#include "map_code.h"

#include <stdio.h>
#include "code_table.h"
#include "near_name.h"

struct map_codes {
    const struct code_table *table;
    const struct site_table *site; /* the source's own codes; NULL = none */
};

/* A source's own code stands for one of the table, or it would hide what is known. */
static bool code_fine(const void *arg, struct slice key, struct slice value,
                      char why[SITE_TABLE_WHY])
{
    const struct code_table *table = arg;
    const struct code *code;
    struct near_name near = {.wanted = value, .distance = 2};
    (void)key;
    if (code_find(table, value))
        return true;
    for (unsigned i = 0; (code = code_nth(table, i)); i++)
        near_name_try(&near, code->raw.p);
    snprintf(why, SITE_TABLE_WHY, "the code table has no such code%s%s%s",
             near.name ? "; did you mean " : "", near.name ? near.name : "", near.name ? "?" : "");
    return false;
}

int map_codes_open(struct site_tables *tables, struct arena *arena, struct slice name,
                   const struct map_codes **ret, struct err *reterr)
{
    struct map_codes *codes = arena_zalloc(arena, 1, sizeof(*codes));
    if (!codes)
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    codes->table = code_table_find(name);
    codes->site = site_table_find(tables, name);
    if (!codes->table) {
        const char *near = code_table_nearest(name);
        return err_set(reterr, ERR_CONF, "there is no code table \"%.*s\"%s%s%s", SLICE_ARG(name),
                       near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    if (site_table_check(codes->site, code_fine, codes->table, reterr) < 0)
        return -1;
    *ret = codes;
    return 0;
}

int map_codes_compile(struct map_compiler *c, const struct yaml *node, const struct map_codes **ret,
                      struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !node->text.n)
        return yaml_err(node, reterr, "the name of a code table is wanted here");
    if (map_codes_open(c->tables, c->arena, node->text, ret, reterr) == 0)
        return 0;
    if (code_table_find(node->text)) /* an entry of a table, which has a place of its own */
        return -1;
    struct err why = *reterr;
    return yaml_err(node, reterr, "%s", why.text);
}

static const struct code *find(const struct map_codes *codes, struct slice raw)
{
    struct slice own = codes->site ? site_table_get(codes->site, raw) : SLICE_ABSENT;
    return code_find(codes->table, slice_present(own) ? own : raw);
}

bool map_codes_set_known(struct map_run *run, int code, int system, const struct map_codes *codes,
                         struct slice value)
{
    const struct code *found = find(codes, value);
    if (!found || !slice_present(found->code))
        return false;
    event_put(run->event, (unsigned)code, found->code);
    event_put(run->event, (unsigned)system, found->system);
    return true;
}

void map_codes_set(struct map_run *run, const struct map_field *f, const struct map_codes *codes,
                   struct slice raw)
{
    event_put(run->event, f->field, raw);
    if (!map_codes_set_known(run, f->code, f->system, codes, raw))
        map_run_flag(run, f->flag);
}

struct slice map_codes_group(const struct map_codes *codes, struct slice raw)
{
    const struct code *found = find(codes, raw);
    return found ? found->group : SLICE_ABSENT;
}
