/* test_kafka_set.c - the copies of records that wait, and what becomes of their memory. */
#include <stdlib.h>
#include "stream_kafka_set.h"
#include "test_stream.h"

static struct kafka_spares spares;

static struct kafka_set *make(size_t bytes)
{
    char *value = calloc(1, bytes + 1);
    struct stream_record r = {.topic = SLICE("t"), .key = SLICE("k"), .value = {value, bytes}};
    struct kafka_set *set = kafka_set_new(&spares, &r, 1, NULL, 0);
    free(value);
    ck_assert_ptr_nonnull(set);
    ck_assert_uint_eq(set->records[0].value.n, bytes);
    ck_assert_uint_eq(set->ungiven, 1);
    ck_assert_uint_eq(set->npositions, 0);
    return set;
}

START_TEST(memory_is_used_again)
{
    struct kafka_set *set = make(1000);
    size_t room = set->room;
    set->left = 7;
    kafka_set_spare(&spares, set);
    ck_assert_uint_eq(spares.bytes, room);
    ck_assert_ptr_eq(make(900), set);
    ck_assert_uint_eq(spares.bytes, 0);
    ck_assert_uint_eq(set->left, 0);
    ck_assert_uint_eq(set->room, room);
    kafka_set_spare(&spares, set);
    kafka_spares_fini(&spares);
}
END_TEST

/* Or one that is too small would lie in front of those that are not. */
START_TEST(what_is_too_small_makes_place)
{
    kafka_set_spare(&spares, make(100));
    kafka_set_spare(&spares, make(1000));
    ck_assert_ptr_nonnull(spares.first);
    ck_assert_ptr_null(spares.first->next);
    kafka_spares_fini(&spares);
    ck_assert_uint_eq(spares.bytes, 0);
}
END_TEST

START_TEST(what_is_kept_has_a_limit)
{
    enum { MANY = 1000 };
    static struct kafka_set *sets[MANY];
    kafka_set_spare(&spares, make(17 * 1024)); /* larger than one may be */
    ck_assert_ptr_null(spares.first);
    for (int i = 0; i < MANY; i++)
        sets[i] = make(8 * 1024);
    for (int i = 0; i < MANY; i++)
        kafka_set_spare(&spares, sets[i]);
    ck_assert_uint_gt(spares.bytes, 2 * 1024 * 1024 - 9 * 1024);
    ck_assert_uint_le(spares.bytes, 2 * 1024 * 1024);
    kafka_spares_fini(&spares);
}
END_TEST

/* A client that ends may still read it. */
START_TEST(what_somebody_holds_is_no_spare)
{
    struct kafka_sets list = {NULL, NULL};
    struct kafka_set *set = make(10);
    set->ungiven = 0;
    kafka_sets_push(&list, set);
    struct kafka_set *held = kafka_sets_hold(&list);
    ck_assert_ptr_eq(held, set);
    kafka_set_spare(&spares, kafka_sets_pop(&list));
    ck_assert_ptr_null(spares.first);
    ck_assert_uint_eq(held->records[0].value.n, 10);
    kafka_sets_let_go(held);
}
END_TEST

Suite *suite_kafka_set(void)
{
    Suite *suite = suite_create("kafka_set");
    TCase *t = tcase_create("kafka_set");
    tcase_add_test(t, memory_is_used_again);
    tcase_add_test(t, what_is_too_small_makes_place);
    tcase_add_test(t, what_is_kept_has_a_limit);
    tcase_add_test(t, what_somebody_holds_is_no_spare);
    suite_add_tcase(suite, t);
    return suite;
}
