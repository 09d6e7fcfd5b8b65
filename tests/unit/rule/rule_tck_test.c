/* The conformance kit of CloudEvents SQL, where it is at hand ($WEIR_CESQL_TCK): one YAML file per
 * feature. It is read by weir's own YAML reader. */
#include "kit.h"
#include "num.h"
#include "rule_node.h"
#include "rule_suites.h"
#include "yaml.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { KIT_CASES = 200 }; /* fewer found: not the kit */

static struct rule_value value_of(const struct yaml *n)
{
    struct rule_value v = {.kind = RULE_STRING, .string = n->text.p ? n->text : SLICE("")};
    int64_t number;
    bool yes = slice_ieq(v.string, SLICE("true"));
    if (!n->quoted && (yes || slice_ieq(v.string, SLICE("false")))) {
        v.kind = RULE_BOOLEAN;
        v.boolean = yes;
    } else if (!n->quoted && num_i64(v.string, &number)) {
        v.kind = RULE_INTEGER;
        v.integer = (int32_t)number;
    }
    return v;
}

/* The event of a case: what it gives, else any valid one. */
static bool get(const void *arg, int field, struct slice name, struct rule_value *ret)
{
    const struct yaml *test = arg, *event = yaml_get(test, "event"), *n;
    const char *key = field >= 0 ? event_fields[field].path : name.p;
    n = yaml_get(event ? event : yaml_get(test, "eventOverrides"), key);
    if (n) {
        *ret = value_of(n);
        return true;
    }
    if (event || (strcmp(key, "id") && strcmp(key, "source") && strcmp(key, "type")))
        return false;
    *ret = (struct rule_value){.kind = RULE_STRING, .string = slice_str(key)};
    return true;
}

static struct slice nth(const void *arg, int field, unsigned n)
{
    (void)arg;
    (void)field;
    (void)n;
    return SLICE_ABSENT;
}

static unsigned error_of(const struct yaml *test)
{
    static const struct {
        const char *name;
        unsigned error;
    } names[] = {{"parse", RULE_PARSE},
                 {"math", RULE_MATH},
                 {"cast", RULE_CAST},
                 {"missingAttribute", RULE_MISSING_ATTRIBUTE},
                 {"missingFunction", RULE_MISSING_FUNCTION},
                 {"functionEvaluation", RULE_FUNCTION},
                 {"generic", RULE_GENERIC}};
    const struct yaml *n = yaml_get(test, "error");
    for (size_t i = 0; n && i < sizeof(names) / sizeof(*names); i++)
        if (slice_eq_str(n->text, names[i].name))
            return names[i].error;
    ck_assert(!n);
    return 0;
}

static bool same(const struct rule_value *a, const struct rule_value *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == RULE_STRING)
        return slice_eq(a->string, b->string);
    return a->kind == RULE_INTEGER ? a->integer == b->integer : a->boolean == b->boolean;
}

static void run_case(const struct yaml *test)
{
    static const struct rule_env env = {.standard = true};
    const struct yaml *text = yaml_get(test, "expression"), *result = yaml_get(test, "result");
    struct arena arena;
    const struct rule *r;
    struct err err = {0};
    size_t at;
    unsigned errors = 0, want = error_of(test);
    struct rule_source source = {get, nth, test};
    struct rule_value v;

    arena_init(&arena, 1 << 20);
    int rc = rule_compile_kind(text->text, &env, &arena, &r, &at, &errors, &err);
    if (rc == 0)
        errors = rule_eval_source(r, &source, &arena, &v);
    ck_assert_msg(errors == want, "%s:%u: %s: errors %u, not %u: %s", test->file, test->line,
                  text->text.p, errors, want, err.text);
    if (rc == 0 && result) {
        struct rule_value expected = value_of(result);
        ck_assert_msg(same(&v, &expected), "%s:%u: %s: not %s", test->file, test->line,
                      text->text.p, result->text.p);
    }
    arena_fini(&arena);
}

static unsigned run_file(const char *path)
{
    struct arena arena;
    struct yaml *root = NULL;
    struct err err;
    unsigned n = 0;
    arena_init(&arena, 8 << 20);
    ck_assert_msg(yaml_read_file(path, NULL, NULL, &arena, &root, &err) == 0, "%s", err.text);
    const struct yaml *tests = yaml_get(root, "tests");
    ck_assert(tests != NULL);
    for (const struct yaml *t = tests->child; t; t = t->next, n++)
        run_case(t);
    arena_fini(&arena);
    return n;
}

START_TEST(conformance_kit)
{
    const char *folder = getenv("WEIR_CESQL_TCK");
    DIR *dir = folder ? opendir(folder) : NULL;
    struct dirent *d;
    unsigned n = 0;
    if (!dir) {
        printf("skipped: the CESQL conformance kit is not at $WEIR_CESQL_TCK (%s)\n",
               folder ? folder : "not set");
        return;
    }
    while ((d = readdir(dir)) != NULL) {
        char path[4096];
        if (!slice_ends(slice_str(d->d_name), SLICE(".yaml")))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
        n += run_file(path);
    }
    closedir(dir);
    ck_assert_uint_ge(n, KIT_CASES);
    printf("CESQL conformance kit: %u cases\n", n);
}
END_TEST

Suite *rule_tck_suite(void)
{
    Suite *s = suite_create("rule conformance");
    TCase *t = tcase_create("tck");
    tcase_add_test(t, conformance_kit);
    suite_add_tcase(s, t);
    return s;
}
