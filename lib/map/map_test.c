#include "map_test.h"

#include "map_code.h"
#include "map_text.h"

enum { NESTING_MAX = 8 };

static const char *const keys[] = {"path", "field",   "table",  "group", "is",
                                   "in",   "present", "absent", "null",  "in_table",
                                   "like", "same",    "any",    "not",   NULL};

static int compile_list(struct map_compiler *c, const struct yaml *node, unsigned depth,
                        const struct map_test **ret, unsigned *ret_n, struct err *reterr);

/* What the test is on: a path or a field, perhaps through a table. */
static int compile_subject(struct map_compiler *c, const struct yaml *node, struct map_test *t,
                           struct err *reterr)
{
    const struct yaml *path = yaml_get(node, "path"), *field = yaml_get(node, "field");
    const struct yaml *table = yaml_get(node, "table");
    if (!path == !field)
        return yaml_err(node, reterr, "a test is on one path or one field of the event");
    if (path && map_compile_path(c, path, &t->path, reterr) < 0)
        return -1;
    unsigned leaf = 0;
    if (field && map_compile_leaf(field, &leaf, reterr) < 0)
        return -1;
    t->field = field ? (int)leaf : -1;
    if (table && t->kind == MAP_TEST_IN_TABLE)
        return yaml_err(table, reterr, "table: and in_table: do not go together");
    const struct yaml *group = yaml_get(node, "group");
    if (group && table)
        return yaml_err(table, reterr, MAP_TABLE_OR_GROUP);
    if (group && map_codes_compile(c, group, &t->group, reterr) < 0)
        return -1;
    return table ? map_compile_table(c, table, &t->table, reterr) : 0;
}

static int add_text(const struct yaml *node, struct slice *ret, struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "a text is wanted here");
    *ret = node->text;
    return 0;
}

static int compile_texts(struct map_compiler *c, const struct yaml *node, struct map_test *t,
                         struct err *reterr)
{
    unsigned n = node->kind == YAML_LIST ? node->count : 1;
    if (n == 0)
        return yaml_err(node, reterr, "a list of nothing is never met");
    struct slice *texts = map_compile_alloc(c, n, sizeof(*texts), reterr);
    if (!texts)
        return -1;
    const struct yaml *at = node->kind == YAML_LIST ? node->child : node;
    for (unsigned i = 0; i < n; i++, at = at->next)
        if (add_text(at, &texts[i], reterr) < 0)
            return -1;
    t->texts = texts;
    t->ntexts = n;
    return 0;
}

/* The one of `present: true` and its like; false is the opposite where there is one. */
static int compile_state(const struct yaml *node, enum map_test_kind yes, enum map_test_kind no,
                         struct map_test *t, struct err *reterr)
{
    bool is_true = slice_eq(node->text, SLICE("true"));
    if (node->kind != YAML_SCALAR || (!is_true && !slice_eq(node->text, SLICE("false"))) ||
        (!is_true && no == yes))
        return yaml_err(node, reterr, "%.*s: true is wanted here", SLICE_ARG(node->name));
    t->kind = is_true ? yes : no;
    return 0;
}

static int compile_verb(struct map_compiler *c, const struct yaml *verb, struct map_test *t,
                        struct err *reterr)
{
    struct slice name = verb->name;
    if (slice_eq(name, SLICE("present")))
        return compile_state(verb, MAP_TEST_PRESENT, MAP_TEST_ABSENT, t, reterr);
    if (slice_eq(name, SLICE("absent")))
        return compile_state(verb, MAP_TEST_ABSENT, MAP_TEST_PRESENT, t, reterr);
    if (slice_eq(name, SLICE("null")))
        return compile_state(verb, MAP_TEST_NULL, MAP_TEST_NULL, t, reterr);
    if (slice_eq(name, SLICE("in_table"))) {
        t->kind = MAP_TEST_IN_TABLE;
        return map_compile_table(c, verb, &t->table, reterr);
    }
    if (slice_eq(name, SLICE("same"))) {
        t->kind = MAP_TEST_SAME;
        return map_compile_path(c, verb, &t->other, reterr);
    }
    t->kind = slice_eq(name, SLICE("like")) ? MAP_TEST_LIKE : MAP_TEST_IS;
    return compile_texts(c, verb, t, reterr);
}

static bool is_verb(struct slice name)
{
    return !slice_eq(name, SLICE("path")) && !slice_eq(name, SLICE("field")) &&
           !slice_eq(name, SLICE("table")) && !slice_eq(name, SLICE("group"));
}

static int compile_simple(struct map_compiler *c, const struct yaml *node, struct map_test *t,
                          struct err *reterr)
{
    const struct yaml *verb = NULL;
    for (const struct yaml *key = node->child; key; key = key->next) {
        if (!is_verb(key->name))
            continue;
        if (verb)
            return yaml_err(key, reterr, "a test says one thing: write another test");
        verb = key;
    }
    if (!verb)
        return yaml_err(node, reterr,
                        "a test needs is, in, present, absent, null, in_table, like or same");
    if (compile_verb(c, verb, t, reterr) < 0 || compile_subject(c, node, t, reterr) < 0)
        return -1;
    if (t->kind == MAP_TEST_NULL && t->field >= 0)
        return yaml_err(verb, reterr, "null is a test on a path");
    return 0;
}

static int compile_one(struct map_compiler *c, const struct yaml *node, unsigned depth,
                       struct map_test *t, struct err *reterr)
{
    t->field = -1;
    t->at = node;
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "a test reads {path: PV1-2, is: E}");
    if (map_compile_keys(node, keys, reterr) < 0)
        return -1;
    const struct yaml *any = yaml_get(node, "any"), *not = yaml_get(node, "not");
    if (!any && !not )
        return compile_simple(c, node, t, reterr);
    if (node->count != 1)
        return yaml_err(node, reterr, "any and not hold a list of tests and stand alone");
    if (depth == NESTING_MAX)
        return yaml_err(node, reterr, "tests nested deeper than %d", NESTING_MAX);
    t->kind = any ? MAP_TEST_ANY : MAP_TEST_NOT;
    return compile_list(c, any ? any : not, depth + 1, &t->children, &t->nchildren, reterr);
}

static int compile_list(struct map_compiler *c, const struct yaml *node, unsigned depth,
                        const struct map_test **ret, unsigned *ret_n, struct err *reterr)
{
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_err(node, reterr, "a list of tests is wanted here: [{path: PV1-2, is: E}]");
    struct map_test *tests = map_compile_alloc(c, node->count, sizeof(*tests), reterr);
    if (!tests)
        return -1;
    unsigned n = 0;
    for (const struct yaml *at = node->child; at; at = at->next)
        if (compile_one(c, at, depth, &tests[n++], reterr) < 0)
            return -1;
    *ret = tests;
    *ret_n = n;
    return 0;
}

int map_tests_compile(struct map_compiler *c, const struct yaml *node, struct map_tests *ret,
                      struct err *reterr)
{
    *ret = (struct map_tests){0};
    return node ? compile_list(c, node, 0, &ret->at, &ret->n, reterr) : 0;
}

bool map_like(struct slice text, struct slice pattern)
{
    size_t t = 0, p = 0, star = SIZE_MAX, mark = 0;
    while (t < text.n) {
        if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t]) &&
            pattern.p[p] != '*') {
            t++;
            p++;
        } else if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            mark = t;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

static bool is_one_of(const struct map_test *t, struct slice value, bool like)
{
    for (unsigned i = 0; i < t->ntexts; i++)
        if (like ? map_like(value, t->texts[i]) : slice_eq(value, t->texts[i]))
            return true;
    return false;
}

bool map_test_holds(struct map_run *run, const struct map_test *t)
{
    if (t->kind == MAP_TEST_ANY || t->kind == MAP_TEST_NOT) {
        bool found = false;
        for (unsigned i = 0; i < t->nchildren && !found; i++)
            found = map_test_holds(run, &t->children[i]);
        return found == (t->kind == MAP_TEST_ANY);
    }
    if (t->kind == MAP_TEST_NULL)
        return map_path_state(run, t->path) == HL7_NULL;
    bool only_there = t->kind == MAP_TEST_PRESENT || t->kind == MAP_TEST_ABSENT;
    if (run->view && only_there && t->field < 0 && !t->table && !t->group) {
        /* An object is there, too. */
        bool there = map_path_state(run, t->path) == HL7_VALUE;
        return there == (t->kind == MAP_TEST_PRESENT);
    }
    struct slice value =
        t->field < 0 ? map_text_at(run, t->path) : event_get(run->event, (unsigned)t->field);
    if (t->table && slice_present(value))
        value = site_table_get(t->table, value);
    if (t->group && slice_present(value))
        value = map_codes_group(t->group, value);
    switch (t->kind) {
    case MAP_TEST_ABSENT:
        return !slice_present(value);
    case MAP_TEST_SAME:
        return slice_present(value) && slice_eq(value, map_text_at(run, t->other));
    case MAP_TEST_IS:
        return slice_present(value) && is_one_of(t, value, false);
    case MAP_TEST_LIKE:
        return slice_present(value) && is_one_of(t, value, true);
    default:
        return slice_present(value);
    }
}

bool map_tests_hold(struct map_run *run, const struct map_tests *tests)
{
    for (unsigned i = 0; i < tests->n; i++)
        if (!map_test_holds(run, &tests->at[i]))
            return false;
    return true;
}
