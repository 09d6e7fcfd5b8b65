#include "request_memory.h"

#include <stdio.h>
#include "adapters_bed.h"
#include "kit.h"

static struct digest *sha256;
static struct request_memory memory;

static void setup(void)
{
    struct err err;
    ck_assert_int_eq(digest_open(SLICE_ABSENT, &sha256, &err), 0);
}

static void teardown(void)
{
    request_memory_fini(&memory);
    digest_close(sha256);
}

static struct request_mark mark(const char *a, const char *b, const char *what)
{
    const struct slice name[2] = {slice_str(a), slice_str(b)};
    return request_mark(sha256, name, slice_str(what));
}

static enum request_seen look(const char *a, const char *b, const char *what)
{
    struct request_mark k = mark(a, b, what);
    return request_memory_look(&memory, &k);
}

static void put(const char *a, const char *b, const char *what)
{
    struct request_mark k = mark(a, b, what);
    request_memory_put(&memory, &k);
}

START_TEST(what_came_is_known_by_both_ids)
{
    request_memory_init(&memory, 100);
    ck_assert_int_eq(look("a", "b", "x"), REQUEST_NEW);
    put("a", "b", "x");
    ck_assert_int_eq(look("a", "b", "x"), REQUEST_SAME);
    ck_assert_int_eq(look("a", "b", "y"), REQUEST_OTHER);
    ck_assert_int_eq(look("a", "c", "x"), REQUEST_NEW);
    ck_assert_int_eq(look("ab", "", "x"), REQUEST_NEW);
    put("a", "b", "y"); /* the first one stands */
    ck_assert_int_eq(look("a", "b", "x"), REQUEST_SAME);
}
END_TEST

START_TEST(a_mark_that_is_not_set_is_not_kept)
{
    struct request_mark none = {0};
    request_memory_init(&memory, 100);
    request_memory_put(&memory, &none);
    ck_assert_uint_eq(memory.used, 0);
    ck_assert_ptr_null(memory.now);
}
END_TEST

/* The newest half of max is always known, and never more than max. */
START_TEST(the_oldest_go)
{
    char name[16];
    unsigned known = 0;
    request_memory_init(&memory, 1000);
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "%u", i);
        put(name, "", "x");
        ck_assert_int_eq(look(name, "", "x"), REQUEST_SAME);
    }
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof(name), "%u", i);
        bool there = look(name, "", "x") == REQUEST_SAME;
        ck_assert_msg(there || i < 9500, "%u is not known", i);
        known += there;
    }
    ck_assert_uint_le(known, 1000);
}
END_TEST

START_TEST(none_and_one_are_sizes_too)
{
    request_memory_init(&memory, 0);
    put("a", "", "x");
    ck_assert_int_eq(look("a", "", "x"), REQUEST_NEW);
    request_memory_init(&memory, 1);
    put("a", "", "x");
    ck_assert_int_eq(look("a", "", "x"), REQUEST_SAME);
    put("b", "", "x");
    ck_assert_int_eq(look("b", "", "x"), REQUEST_SAME);
}
END_TEST

Suite *request_memory_suite(void)
{
    Suite *s = suite_create("request_memory");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, what_came_is_known_by_both_ids);
    tcase_add_test(t, a_mark_that_is_not_set_is_not_kept);
    tcase_add_test(t, the_oldest_go);
    tcase_add_test(t, none_and_one_are_sizes_too);
    suite_add_tcase(s, t);
    return s;
}
