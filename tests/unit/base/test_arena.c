#include <check.h>
#include <stdint.h>
#include "arena.h"
#include "buf.h"
#include "suites.h"

START_TEST(test_limit_is_sticky_until_reset)
{
    struct arena a;
    arena_init(&a, 1000);
    ck_assert_ptr_nonnull(arena_alloc(&a, 900));
    ck_assert_ptr_null(arena_alloc(&a, 200));
    ck_assert(a.overflow);
    arena_reset(&a);
    ck_assert(!a.overflow);
    ck_assert_ptr_nonnull(arena_alloc(&a, 1000));
    ck_assert_ptr_null(arena_alloc(&a, 1));
    arena_fini(&a);
}
END_TEST

START_TEST(test_grows_and_keeps_what_it_gave)
{
    struct arena a;
    arena_init(&a, 10 * 1024 * 1024);
    char *given[200];
    for (size_t i = 0; i < 200; i++) {
        given[i] = arena_alloc(&a, 10000);
        ck_assert_ptr_nonnull(given[i]);
        ck_assert_uint_eq((uintptr_t)given[i] % 16, 0);
        memset(given[i], (int)i, 10000);
    }
    for (size_t i = 0; i < 200; i++)
        ck_assert_int_eq((unsigned char)given[i][9999], (int)i);
    arena_fini(&a);
}
END_TEST

START_TEST(test_products_that_overflow_are_refused)
{
    struct arena a;
    arena_init(&a, SIZE_MAX);
    ck_assert_ptr_null(arena_zalloc(&a, SIZE_MAX / 2, 4));
    ck_assert(a.overflow);
    arena_fini(&a);
}
END_TEST

START_TEST(test_copy_and_printf)
{
    struct arena a;
    arena_init(&a, 4096);
    struct slice s = arena_copy(&a, SLICE("ward"));
    ck_assert_str_eq(s.p, "ward");
    ck_assert(!slice_present(arena_copy(&a, SLICE_ABSENT)));
    ck_assert(slice_eq_str(arena_printf(&a, "%s-%d", "PID", 3), "PID-3"));
    s = arena_join(&a, SLICE("ADT"), SLICE("^"), SLICE("A01"));
    ck_assert_uint_eq(s.n, 7);
    ck_assert_str_eq(s.p, "ADT^A01");
    ck_assert_str_eq(arena_join(&a, SLICE_ABSENT, SLICE(" "), SLICE("")).p, " ");
    ck_assert(!slice_present(arena_join(&a, (struct slice){s.p, 4096}, SLICE(""), s)));
    ck_assert(a.overflow);
    arena_fini(&a);
}
END_TEST

START_TEST(test_buf_fails_once_and_for_all)
{
    struct buf b;
    buf_init(&b, 8);
    buf_puts(&b, "12345");
    ck_assert(buf_ok(&b));
    buf_puts(&b, "6789");
    ck_assert(!buf_ok(&b));
    buf_putc(&b, 'x');
    ck_assert_uint_eq(b.n, 5);
    buf_reset(&b);
    buf_printf(&b, "%d", 42);
    ck_assert(buf_ok(&b) && slice_eq_str(buf_slice(&b), "42"));
    buf_drop(&b, 1);
    ck_assert_str_eq(buf_cstr(&b), "2");
    buf_fini(&b);
}
END_TEST

Suite *arena_suite(void)
{
    Suite *s = suite_create("arena");
    TCase *t = tcase_create("arena and buf");
    tcase_add_test(t, test_limit_is_sticky_until_reset);
    tcase_add_test(t, test_grows_and_keeps_what_it_gave);
    tcase_add_test(t, test_products_that_overflow_are_refused);
    tcase_add_test(t, test_copy_and_printf);
    tcase_add_test(t, test_buf_fails_once_and_for_all);
    suite_add_tcase(s, t);
    return s;
}
