#include "map_place_rule.h"

#include <stdio.h>
#include "near_name.h"

enum { RULES_MAX = 64, PATTERN_PARTS_MAX = 16 };

/* What stands in a pattern in front of a literal. */
enum { NOTHING = -2, ANY = -1 };

struct piece {
    int wild; /* NOTHING, ANY, or the part that it becomes */
    struct slice literal;
};

struct pattern {
    struct piece *pieces;
    unsigned n;
};

struct condition {
    unsigned part;
    struct pattern *patterns; /* one is enough */
    unsigned n;
};

struct rule {
    struct slice name;
    struct condition *conditions; /* all must hold */
    unsigned nconditions;
    struct slice sets[MAP_PLACE_PARTS];
};

struct map_place_rules {
    struct rule *at;
    unsigned n;
};

static const char *const names[] = {"",         "site",  "ward",   "bay",  "bed",
                                    "building", "floor", "status", "type", "description"};
_Static_assert(sizeof(names) / sizeof(names[0]) == MAP_PLACE_SENT, "a name for each part");

static const char *const groups[] = {
    "ed",           "sdec",   "assessment", "ward", "theatre", "critical_care", "discharge_lounge",
    "virtual_ward", "clinic", "cdc",        "home", "other"};
enum { NGROUPS = sizeof(groups) / sizeof(groups[0]) };

int map_place_part_of(struct slice name)
{
    for (int i = 1; i < MAP_PLACE_SENT; i++)
        if (slice_eq_str(name, names[i]))
            return i;
    return name.n ? -1 : 0;
}

bool map_place_group_known(struct slice group)
{
    for (unsigned i = 0; i < NGROUPS; i++)
        if (slice_eq_str(group, groups[i]))
            return true;
    return false;
}

void map_place_group_unknown(struct slice group, char *out, size_t size)
{
    struct near_name near = near_name_of(group);
    for (unsigned i = 0; i < NGROUPS; i++)
        near_name_try(&near, groups[i]);
    snprintf(out, size,
             "no kind of place%s%s; there are ed, sdec, assessment, ward, theatre, "
             "critical_care, discharge_lounge, virtual_ward, clinic, cdc, home, other",
             near.name ? "; did you mean " : "", near.name ? near.name : "");
}

/* ---- patterns ---- */

static int take_wild(const struct yaml *at, struct slice *rest, int *ret, struct err *reterr)
{
    *ret = NOTHING;
    if (!rest->n || (rest->p[0] != '*' && rest->p[0] != '{'))
        return 0;
    if (rest->p[0] == '*') {
        *rest = slice_sub(*rest, 1, rest->n);
        *ret = ANY;
        return 0;
    }
    struct slice name = slice_sub(*rest, 1, slice_find(*rest, '}'));
    *ret = map_place_part_of(name);
    if (*ret <= 0 || name.n + 2 > rest->n)
        return yaml_err(at, reterr, "{%.*s} is no part of a place; {ward}, {bay}, {bed}, {site}, …",
                        SLICE_ARG(name));
    *rest = slice_sub(*rest, name.n + 2, rest->n);
    return 0;
}

static struct slice take_literal(struct slice *rest)
{
    size_t n = 0;
    while (n < rest->n && rest->p[n] != '*' && rest->p[n] != '{')
        n++;
    struct slice literal = slice_sub(*rest, 0, n);
    *rest = slice_sub(*rest, n, rest->n);
    return literal;
}

static int compile_pattern(struct map_compiler *c, const struct yaml *at, struct pattern *ret,
                           struct err *reterr)
{
    struct slice rest = at->text;
    if (at->kind != YAML_SCALAR || !rest.n)
        return yaml_err(at, reterr, "a pattern is wanted here, as in \"ED*\"");
    ret->pieces = map_compile_alloc(c, PATTERN_PARTS_MAX, sizeof(*ret->pieces), reterr);
    if (!ret->pieces)
        return -1;
    do {
        struct piece p;
        if (ret->n == PATTERN_PARTS_MAX)
            return yaml_err(at, reterr, "a pattern has at most %d of * and {…}", PATTERN_PARTS_MAX);
        if (take_wild(at, &rest, &p.wild, reterr) < 0)
            return -1;
        p.literal = take_literal(&rest);
        if (rest.n && !p.literal.n)
            return yaml_err(at, reterr,
                            "where does the one end and the other begin? A text must "
                            "stand between two of * and {…}");
        ret->pieces[ret->n++] = p;
    } while (rest.n);
    return 0;
}

static bool literal_at(struct slice text, size_t at, struct slice literal)
{
    if (literal.n > text.n - at)
        return false;
    for (size_t i = 0; i < literal.n; i++)
        if (literal.p[i] != '?' && literal.p[i] != text.p[at + i])
            return false;
    return true;
}

/* Where the literal of piece p stands, from at on; its wildcard takes what is in front. A last
 * literal stands at the end, and a wildcard without one takes the rest. */
static bool place_of(struct slice text, size_t at, const struct piece *p, bool last, size_t *ret)
{
    size_t from = at + (p->wild >= 0);
    if (from > text.n || p->literal.n > text.n - from)
        return false;
    if (p->wild == NOTHING) {
        *ret = at;
        return literal_at(text, at, p->literal) && (!last || at + p->literal.n == text.n);
    }
    for (*ret = last ? text.n - p->literal.n : from; *ret + p->literal.n <= text.n; ++*ret)
        if (literal_at(text, *ret, p->literal))
            return true;
    return false;
}

/* Nothing is written unless all of it fits. */
static bool fits(const struct pattern *p, struct slice text, struct slice ret[MAP_PLACE_PARTS])
{
    struct slice found[PATTERN_PARTS_MAX];
    size_t at = 0, literal = 0;
    for (unsigned i = 0; i < p->n; i++) {
        if (!place_of(text, at, &p->pieces[i], i + 1 == p->n, &literal))
            return false;
        found[i] = slice_sub(text, at, literal);
        at = literal + p->pieces[i].literal.n;
    }
    for (unsigned i = 0; i < p->n; i++)
        if (p->pieces[i].wild > 0)
            ret[p->pieces[i].wild] = found[i];
    return true;
}

/* ---- rules ---- */

static int compile_condition(struct map_compiler *c, const struct yaml *node, unsigned holds,
                             struct condition *ret, struct err *reterr)
{
    int part = map_place_part_of(node->name);
    if (part <= 0)
        return yaml_err(node, reterr, "\"%.*s\" is no part of a place; ward, bay, bed, site, …",
                        SLICE_ARG(node->name));
    if (!(holds & 1U << part))
        return yaml_err(node, reterr, "pl: reads no %s from this source, so that this never fits",
                        names[part]);
    bool list = node->kind == YAML_LIST;
    const struct yaml *at = list ? node->child : node;
    unsigned n = list ? node->count : 1;
    ret->part = (unsigned)part;
    ret->patterns = map_compile_alloc(c, n, sizeof(*ret->patterns), reterr);
    for (; ret->patterns && ret->n < n; ret->n++, at = at->next)
        if (compile_pattern(c, at, &ret->patterns[ret->n], reterr) < 0)
            return -1;
    return ret->patterns ? 0 : -1;
}

static int compile_like(struct map_compiler *c, const struct yaml *node, unsigned holds,
                        struct rule *r, struct err *reterr)
{
    if (node->kind != YAML_MAP || !node->child)
        return yaml_err(node, reterr, "like: {ward: \"ED*\"} is meant");
    r->conditions = map_compile_alloc(c, node->count, sizeof(*r->conditions), reterr);
    if (!r->conditions)
        return -1;
    for (const struct yaml *at = node->child; at; at = at->next)
        if (compile_condition(c, at, holds, &r->conditions[r->nconditions++], reterr) < 0)
            return -1;
    return 0;
}

static int compile_set(const struct yaml *node, struct rule *r, struct err *reterr)
{
    char why[200];
    bool group = slice_eq(node->name, SLICE("group"));
    int part = group ? MAP_PLACE_GROUP : map_place_part_of(node->name);
    if (part <= 0)
        return yaml_err(node, reterr,
                        "a place has no \"%.*s\"; like: tells which place is meant; site, ward, "
                        "bay, bed, building, floor, status, type, description and group what it is",
                        SLICE_ARG(node->name));
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "a text is wanted here");
    if (group && !map_place_group_known(node->text)) {
        map_place_group_unknown(node->text, why, sizeof(why));
        return yaml_err(node, reterr, "\"%.*s\": %s", SLICE_ARG(node->text), why);
    }
    r->sets[part] = node->text;
    return 0;
}

static int compile_rule(struct map_compiler *c, const struct yaml *node, unsigned holds,
                        struct rule *r, struct err *reterr)
{
    const struct yaml *like = yaml_get(node, "like");
    r->name = node->name;
    if (!like)
        return yaml_err(node, reterr, "a place reads {like: {ward: \"ED*\"}, group: ed}");
    if (compile_like(c, like, holds, r, reterr) < 0)
        return -1;
    for (const struct yaml *at = node->child; at; at = at->next)
        if (at != like && compile_set(at, r, reterr) < 0)
            return -1;
    return 0;
}

int map_place_rules_compile(struct map_compiler *c, const struct yaml *node, unsigned holds,
                            const struct map_place_rules **ret, struct err *reterr)
{
    *ret = NULL;
    if (!node)
        return 0;
    if (node->count > RULES_MAX)
        return yaml_err(node, reterr,
                        "places: more than %d; what is told ward by ward belongs in table location",
                        RULES_MAX);
    struct map_place_rules *rules = map_compile_alloc(c, 1, sizeof(*rules), reterr);
    struct rule *at = map_compile_alloc(c, node->count, sizeof(*at), reterr);
    if (!rules || !at)
        return -1;
    *rules = (struct map_place_rules){.at = at};
    for (const struct yaml *rule = node->child; rule; rule = rule->next)
        if (compile_rule(c, rule, holds, &at[rules->n++], reterr) < 0)
            return -1;
    *ret = rules;
    return 0;
}

static bool condition_holds(const struct condition *c, struct slice sent,
                            struct slice found[MAP_PLACE_PARTS])
{
    for (unsigned i = 0; i < c->n && slice_present(sent); i++)
        if (fits(&c->patterns[i], sent, found))
            return true;
    return false;
}

static bool rule_fits(const struct rule *r, const struct slice sent[MAP_PLACE_SENT],
                      struct slice found[MAP_PLACE_PARTS])
{
    for (unsigned i = 0; i < r->nconditions; i++)
        if (!condition_holds(&r->conditions[i], sent[r->conditions[i].part], found))
            return false;
    return true;
}

void map_place_rules_run(const struct map_place_rules *rules,
                         const struct slice sent[MAP_PLACE_SENT], struct slice ret[MAP_PLACE_PARTS],
                         uint64_t *ret_fits)
{
    bool set[MAP_PLACE_PARTS] = {false};
    *ret_fits = 0;
    for (unsigned i = 0; rules && i < rules->n; i++) {
        const struct rule *r = &rules->at[i];
        struct slice found[MAP_PLACE_PARTS] = {{0}};
        if (!rule_fits(r, sent, found))
            continue;
        *ret_fits |= (uint64_t)1 << i;
        for (unsigned p = 0; p < MAP_PLACE_PARTS; p++) {
            struct slice value = slice_present(r->sets[p]) ? r->sets[p] : found[p];
            if (set[p] || !slice_present(value))
                continue;
            ret[p] = value;
            set[p] = true;
        }
    }
}

struct slice map_place_rule_name(const struct map_place_rules *rules, unsigned nth)
{
    return rules && nth < rules->n ? rules->at[nth].name : SLICE_ABSENT;
}
