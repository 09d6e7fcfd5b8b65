/* Each example of docs/rules.md is compiled: lines of ```sql blocks are rules. */
#include "kit.h"
#include "rule.h"
#include "rule_suites.h"
#include "yaml.h"

#include <stdio.h>
#include <stdlib.h>

enum { EXAMPLES = 15 }; /* fewer found: the page is not read as it is written */

static const struct slice site_values[] = {{"RXF05", 5}};
static const struct rule_list lists[] = {{{"region_sites", 12}, site_values, 1}};
static const struct rule_env env = {.lists = lists, .nlists = 1};

static void compile(struct slice line, unsigned number)
{
    struct arena arena;
    const struct rule *r;
    size_t at;
    struct err err;
    arena_init(&arena, 1 << 20);
    ck_assert_msg(rule_compile(line, &env, &arena, &r, &at, &err) == 0,
                  "docs/rules.md:%u: %.*s: at %zu: %s", number, SLICE_ARG(line), at, err.text);
    arena_fini(&arena);
}

START_TEST(examples_of_the_page_compile)
{
    char path[4096];
    const char *root = getenv("WEIR_SOURCE");
    ck_assert(root != NULL);
    snprintf(path, sizeof(path), "%s/docs/rules.md", root);
    struct slice page = kit_read(path), rest = page;
    bool inside = false;
    unsigned n = 0;
    for (unsigned number = 1; slice_present(rest); number++) {
        struct slice line = slice_trim(slice_split(&rest, '\n'));
        if (slice_starts(line, SLICE("```"))) {
            inside = !inside && slice_eq_str(line, "```sql");
        } else if (inside && line.n) {
            compile(line, number);
            n++;
        }
    }
    ck_assert_uint_ge(n, EXAMPLES);
    free((void *)(uintptr_t)page.p);
}
END_TEST

/* The rules of the example config, with its lists. */
START_TEST(rules_of_the_example_compile)
{
    char path[4096];
    struct arena arena;
    struct yaml *root, *list;
    struct err err;
    struct rule_list named[16];
    struct rule_env of_example = {.lists = named};
    ck_assert(getenv("WEIR_SOURCE") != NULL);
    snprintf(path, sizeof(path), "%s/config/weir.yaml", getenv("WEIR_SOURCE"));
    arena_init(&arena, 8 << 20);
    ck_assert_msg(yaml_read_file(path, yaml_getenv, NULL, &arena, &root, &err) == 0, "%s",
                  err.text);
    list = yaml_get(root, "lists") ? yaml_get(root, "lists")->child : NULL;
    for (; list; list = list->next)
        named[of_example.nlists++] = (struct rule_list){list->name, &list->child->text, 1};
    for (struct yaml *r = yaml_get(root, "routes")->child; r; r = r->next) {
        const struct rule *rule;
        size_t at;
        const struct yaml *when = yaml_get(r, "when");
        ck_assert_msg(!when || rule_compile(when->text, &of_example, &arena, &rule, &at, &err) == 0,
                      "%s:%u: %s", path, r->line, err.text);
    }
    arena_fini(&arena);
}
END_TEST

Suite *rule_doc_suite(void)
{
    Suite *s = suite_create("rule page");
    TCase *t = tcase_create("doc");
    tcase_add_test(t, examples_of_the_page_compile);
    tcase_add_test(t, rules_of_the_example_compile);
    suite_add_tcase(s, t);
    return s;
}
