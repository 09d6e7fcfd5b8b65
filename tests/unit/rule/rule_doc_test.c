/* Each example of docs/rules.md is compiled: lines of ```sql blocks are rules. */
#include "kit.h"
#include "rule.h"
#include "rule_suites.h"

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

Suite *rule_doc_suite(void)
{
    Suite *s = suite_create("rule page");
    TCase *t = tcase_create("doc");
    tcase_add_test(t, examples_of_the_page_compile);
    suite_add_tcase(s, t);
    return s;
}
