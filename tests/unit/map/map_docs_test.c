/* Every example of docs/maps.md is laid over the shipped maps and compiled. */
#include <stdlib.h>
#include "kit.h"
#include "map_sample.h"

START_TEST(every_example_of_the_page_compiles)
{
    struct slice page = kit_read(WEIR_ROOT "/docs/maps.md");
    const char *at = page.p, *end = page.p + page.n;
    unsigned n = 0;
    while ((at = memmem(at, (size_t)(end - at), "```yaml\n", 8)) != NULL) {
        at += 8;
        const char *stop = memmem(at, (size_t)(end - at), "```\n", 4);
        ck_assert_ptr_nonnull(stop);
        struct sample s;
        sample_open(&s);
        ck_assert_int_eq(map_tree_add_folder(&s.tree, WEIR_ROOT "/adapters/acute", &s.err), 0);
        struct slice text = arena_copy(&s.arena, slice_make(at, (size_t)(stop - at)));
        bool ok = sample_add(&s, text.p) == 0 && sample_compile(&s) == 0;
        ck_assert_msg(ok, "example %u: %s\n%s", n + 1, s.err.text, text.p);
        sample_close(&s);
        at = stop;
        n++;
    }
    ck_assert_uint_ge(n, 6);
    free((void *)(uintptr_t)page.p);
}
END_TEST

/* And those for trees, each a map by itself. */
START_TEST(every_example_for_trees_compiles)
{
    struct slice page = kit_read(WEIR_ROOT "/docs/maps.md");
    const char *at = page.p, *end = page.p + page.n;
    unsigned n = 0;
    while ((at = memmem(at, (size_t)(end - at), "```yaml json\n", 13)) != NULL) {
        at += 13;
        const char *stop = memmem(at, (size_t)(end - at), "```\n", 4);
        ck_assert_ptr_nonnull(stop);
        struct sample s;
        sample_open(&s);
        struct slice text = arena_copy(&s.arena, slice_make(at, (size_t)(stop - at)));
        bool ok = sample_add(&s, text.p) == 0 && sample_compile_tree(&s) == 0;
        ck_assert_msg(ok, "example %u: %s\n%s", n + 1, s.err.text, text.p);
        sample_close(&s);
        at = stop;
        n++;
    }
    ck_assert_uint_ge(n, 1);
    free((void *)(uintptr_t)page.p);
}
END_TEST

Suite *map_docs_suite(void)
{
    Suite *suite = suite_create("map_docs");
    TCase *t = tcase_create("docs");
    tcase_add_test(t, every_example_of_the_page_compiles);
    tcase_add_test(t, every_example_for_trees_compiles);
    suite_add_tcase(suite, t);
    return suite;
}
