#include "map_id_rule.h"

#include "map_field.h"
#include "map_run.h"
#include "map_test.h"

static int compile_rule(struct map_compiler *c, const struct yaml *node, struct map_id_rule *r,
                        struct err *reterr)
{
    static const char *const keys[] = {"each", "value", "authority", "type", "when", NULL};
    *r = (struct map_id_rule){0};
    if (node->kind != YAML_MAP)
        return map_value_compile(c, node, MAP_VALUE_OF_PERSON, &r->value, reterr);
    const struct yaml *each = yaml_get(node, "each"), *value = yaml_get(node, "value");
    const struct yaml *authority = yaml_get(node, "authority"), *type = yaml_get(node, "type");
    union map_path path = {0};
    if (map_compile_keys(node, keys, reterr) < 0)
        return -1;
    if (!value)
        return yaml_err(node, reterr, "an id reads {value: PATH}, perhaps with each: LIST");
    if ((each && map_compile_path(c, each, &path, reterr) < 0) ||
        map_value_compile(c, value, MAP_VALUE_OF_PERSON, &r->value, reterr) < 0 ||
        (authority &&
         map_value_compile(c, authority, MAP_VALUE_OF_PERSON, &r->authority, reterr) < 0) ||
        (type && map_value_compile(c, type, MAP_VALUE_OF_PERSON, &r->type, reterr) < 0))
        return -1;
    r->each = path.tree;
    return map_tests_compile(c, yaml_get(node, "when"), &r->when, reterr);
}

static int compile_rules(struct map_compiler *c, const struct yaml *node, struct map_id_rules *ret,
                         struct err *reterr)
{
    bool list = node && node->kind == YAML_LIST;
    const struct yaml *at = list ? node->child : node;
    unsigned n = list ? node->count : !!node;
    struct map_id_rule *rules = map_compile_alloc(c, n, sizeof(*rules), reterr);
    if (!rules)
        return -1;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (compile_rule(c, at, &rules[i], reterr) < 0)
            return -1;
    *ret = (struct map_id_rules){rules, n};
    return 0;
}

static int compile_value(struct map_compiler *c, const struct yaml *node, struct map_value *ret,
                         struct err *reterr)
{
    return node ? map_value_compile(c, node, MAP_VALUE_OF_PERSON, ret, reterr) : 0;
}

int map_id_rules_compile(struct map_compiler *c, const struct yaml *node, struct map_ids_of *ret,
                         struct err *reterr)
{
    static const char *const keys[] = {
        "nhs_number", "nhs_number_status", "local", "retired", "linked", NULL};
    *ret = (struct map_ids_of){0};
    if (!node)
        return 0;
    if (map_compile_keys(node, keys, reterr) < 0 ||
        compile_value(c, yaml_get(node, "nhs_number"), &ret->nhs_number, reterr) < 0 ||
        compile_value(c, yaml_get(node, "nhs_number_status"), &ret->nhs_number_status, reterr) <
            0 ||
        compile_rules(c, yaml_get(node, "local"), &ret->local, reterr) < 0 ||
        compile_rules(c, yaml_get(node, "retired"), &ret->retired, reterr) < 0)
        return -1;
    return compile_rules(c, yaml_get(node, "linked"), &ret->linked, reterr);
}

struct each {
    struct map_run *run;
    const struct map_id_rule *rule;
    bool (*fn)(struct map_run *run, const struct map_id_rule *rule, void *arg);
    void *arg;
    bool more;
};

/* The element is the root for as long as the call takes. */
static bool at_element(const struct json *list, const struct json *element, void *arg)
{
    struct each *e = arg;
    struct json_view *view = e->run->view;
    const struct json *root = view->root;
    const struct json_scope *scope = view->scope;
    (void)list;
    view->root = element;
    view->scope = NULL;
    e->more = e->fn(e->run, e->rule, e->arg);
    view->root = root;
    view->scope = scope;
    return e->more;
}

void map_id_rules_each(struct map_run *run, const struct map_id_rules *rules,
                       bool (*fn)(struct map_run *run, const struct map_id_rule *rule, void *arg),
                       void *arg)
{
    struct each e = {.run = run, .fn = fn, .arg = arg, .more = true};
    for (unsigned i = 0; i < rules->n && e.more; i++) {
        e.rule = &rules->at[i];
        if (!map_tests_hold(run, &e.rule->when))
            continue;
        if (e.rule->each)
            json_path_each(e.rule->each, run->view, at_element, &e);
        else
            e.more = fn(run, e.rule, arg);
    }
}
