#include "rule_site.h"

int rule_site_env(const struct site *site, struct arena *arena, struct rule_env *ret,
                  struct err *reterr)
{
    struct rule_list *lists = arena_zalloc(arena, (size_t)site->nlists + 1, sizeof(*lists));
    if (!lists)
        return err_set(reterr, ERR_NOMEM, "no memory for the lists");
    for (unsigned i = 0; i < site->nlists; i++)
        lists[i] = (struct rule_list){site->lists[i].name, site->lists[i].values.at,
                                      site->lists[i].values.n};
    *ret = (struct rule_env){.lists = lists, .nlists = site->nlists};
    return 0;
}

int rule_site_route(const struct site_route *route, const struct rule_env *env, struct arena *arena,
                    const struct rule **ret, struct err *reterr)
{
    size_t at;
    struct err err = {0};
    const struct rule *rule = NULL;
    if (slice_present(route->when) && rule_compile(route->when, env, arena, &rule, &at, &err) < 0)
        return yaml_err(route->when_node ? route->when_node : route->node, reterr,
                        "when: character %zu: %s", at + 1, err.text);
    *ret = rule;
    return 0;
}
