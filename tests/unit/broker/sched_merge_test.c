/* A merge, or a local id that joins an NHS number: the survivor's copy waits for the retired one.
 */
#include <stdio.h>
#include "barrier.h"
#include "sched_bench.h"
#include "sched_suites.h"

static struct bench b;

static void setup(void)
{
    struct sched_options o = bench_options();
    bench_open(&b, &o);
}

static void setup_partitions(void)
{
    struct sched_options o = bench_options();
    o.one_partition = false;
    bench_open(&b, &o);
}

static void setup_window(void)
{
    struct sched_options o = bench_options();
    o.one_partition = false;
    o.window = 8;
    bench_open(&b, &o);
}

static void teardown(void)
{
    bench_close(&b);
}

static void merge(void)
{
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
}

START_TEST(survivor_waits_for_all_before_the_retired_copy)
{
    bench_add(&b, "a1");
    bench_add(&b, "b1");
    merge();
    bench_read(&b, "b2");
    bench_told(&b, "+a1 +b1");
    bench_answer(&b, "b1", SCHED_OK);
    bench_told(&b, "!b1");
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "!a1 +m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@a +m1@b");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@b +b2");
    ck_assert(!bench_find(&b, "m1", "b")->item.flagged);
}
END_TEST

START_TEST(merge_wait_ends_and_flags)
{
    bench_add(&b, "a1");
    merge();
    bench_pump(&b); /* a1 is under way and no answer comes */
    bench_told(&b, "+a1");
    ck_assert_int_eq(bench_wait(&b, 30000), 30000);
    bench_told(&b, "+m1@b");
    ck_assert(bench_find(&b, "m1", "b")->item.flagged);
    bench_answer(&b, "m1", SCHED_OK);
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "!m1@b !a1 +m1@a");
}
END_TEST

START_TEST(retired_lane_parked_so_survivor_waits_there)
{
    struct err err;
    bench_add(&b, "a1");
    merge();
    bench_read(&b, "b2");
    bench_answer(&b, "a1", SCHED_PARK);
    bench_told(&b, "+a1 pa1 wm1@a wm1@b wb2");
    bench_read(&b, "b3");
    bench_told(&b, "wb3");
    ck_assert_int_eq(bench_position(&b), 5);
    bench_advance(&b, 86400 * 1000);
    bench_told(&b, ""); /* however long it takes */
    sched_release(b.s, &bench_find(&b, "a1", NULL)->item, &err);
    bench_pump(&b);
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "ra1 +a1 !a1 +m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@a +m1@b !m1@b +b2");
}
END_TEST

START_TEST(a_discarded_retired_copy_is_finished)
{
    struct err err;
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_pump(&b);
    bench_answer(&b, "m1", SCHED_PARK);
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "+m1@a pm1@a wm1@b");
    sched_discard(b.s, &bench_find(&b, "m1", "a")->item, b.now, &err);
    bench_told(&b, "-m1@a +m1@b");
}
END_TEST

START_TEST(merge_wait_stands_still_behind_the_breaker)
{
    bench_add(&b, "a1");
    bench_add(&b, "c1");
    merge();
    bench_pump(&b);
    bench_advance(&b, 20000);
    bench_answer(&b, "c1", SCHED_FAULT);
    bench_answer(&b, "a1", SCHED_RETRY);
    bench_told(&b, "+a1 +c1");
    for (int i = 0; i < 100; i++) {
        bench_advance(&b, 1000);
        while (b.nunder_way)
            bench_answer(&b, b.under_way[0]->id.p, SCHED_RETRY);
    }
    ck_assert_ptr_null(strstr(b.told, "m1@b"));
    b.told_n = 0;
    bench_advance(&b, 1000);
    ck_assert_uint_eq(b.nunder_way, 1);
    while (b.nunder_way)
        bench_answer(&b, b.under_way[0]->id.p, SCHED_OK);
    const char *a = strstr(b.told, "!m1@a"), *s = strstr(b.told, "+m1@b");
    ck_assert_msg(a && s && a < s, "%s", b.told);
    ck_assert(!bench_find(&b, "m1", "b")->item.flagged);
}
END_TEST

START_TEST(several_retired_at_once)
{
    bench_add(&b, "a1");
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "c");
    bench_mark(&b, "m1", "b", SCHED_RETIRED, "c");
    bench_mark(&b, "m1", "c", SCHED_SURVIVOR, "a b");
    bench_told(&b, "+a1 +m1@b");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@b");
    bench_answer(&b, "a1", SCHED_OK);
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!a1 +m1@a !m1@a +m1@c");
}
END_TEST

START_TEST(retired_copy_of_an_earlier_run_is_finished)
{
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "+m1@b");
}
END_TEST

START_TEST(restored_survivor_whose_retired_copy_is_finished)
{
    struct bench_item *it = &b.items[b.nitems++];
    snprintf(it->id, sizeof(it->id), "m1");
    snprintf(it->key, sizeof(it->key), "b");
    it->item = (struct sched_item){.id = slice_str(it->id),
                                   .key = SLICE("b"),
                                   .mark = SCHED_SURVIVOR,
                                   .with = SLICE("a"),
                                   .park = SCHED_WAITING};
    ck_assert_int_eq(sched_restore(b.s, &it->item), 0);
    bench_told(&b, "");
    sched_caught_up(b.s, b.now);
    bench_told(&b, "+m1@b");
}
END_TEST

START_TEST(restored_copies_wait_for_each_other)
{
    static const char *const keys[] = {"b", "a"}; /* the survivor's comes first */
    for (unsigned i = 0; i < 2; i++) {
        struct bench_item *it = &b.items[b.nitems++];
        snprintf(it->id, sizeof(it->id), "m1");
        snprintf(it->key, sizeof(it->key), "%s", keys[i]);
        it->item = (struct sched_item){.id = slice_str(it->id),
                                       .key = slice_str(it->key),
                                       .mark = i ? SCHED_RETIRED : SCHED_SURVIVOR,
                                       .with = i ? SLICE("b") : SLICE("a"),
                                       .park = SCHED_WAITING};
        ck_assert_int_eq(sched_restore(b.s, &it->item), 0);
    }
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@a +m1@b");
}
END_TEST

START_TEST(restored_survivor_waits_until_its_retired_copy_is_read)
{
    struct bench_item *it = &b.items[b.nitems++];
    snprintf(it->id, sizeof(it->id), "m1");
    snprintf(it->key, sizeof(it->key), "b");
    it->item = (struct sched_item){.id = slice_str(it->id),
                                   .key = SLICE("b"),
                                   .mark = SCHED_SURVIVOR,
                                   .with = SLICE("a"),
                                   .offset = 5,
                                   .park = SCHED_WAITING};
    ck_assert_int_eq(sched_restore(b.s, &it->item), 0);
    bench_told(&b, "");
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_told(&b, "+m1@a");
    sched_caught_up(b.s, b.now);
    bench_told(&b, "");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@a +m1@b");
}
END_TEST

START_TEST(survivor_read_first_from_another_partition)
{
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "");
    bench_advance(&b, 1000);
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "nm1@a +m1@b");
}
END_TEST

START_TEST(retired_finished_before_the_survivor_is_read)
{
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_pump(&b);
    bench_answer(&b, "m1", SCHED_OK);
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "+m1@a nm1@a +m1@b");
}
END_TEST

START_TEST(a_retired_copy_is_passed_when_its_end_is_written)
{
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "nm1@a +m1@b");
    ck_assert_int_eq(bench_position(&b), -1);
    sched_noted(b.s, &bench_find(&b, "m1", "a")->item);
    ck_assert_int_eq(bench_position(&b), 1);
}
END_TEST

/* One that stood in flow.parked has its end written there anyway. */
START_TEST(a_parked_retired_copy_is_not_noted)
{
    struct err err;
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_PARK);
    ck_assert_int_eq(bench_position(&b), 1);
    sched_discard(b.s, &bench_find(&b, "m1", "a")->item, b.now, &err);
    bench_told(&b, "pm1@a -m1@a");
}
END_TEST

START_TEST(word_that_the_retired_copy_is_finished)
{
    sched_retired(b.s, SLICE("m1"), SLICE("a"), true);
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_mark(&b, "m2", "c", SCHED_SURVIVOR, "a d");
    bench_told(&b, "+m1@b");
    sched_retired(b.s, SLICE("m2"), SLICE("d"), true);
    bench_told(&b, "");
    sched_retired(b.s, SLICE("m2"), SLICE("a"), true);
    bench_told(&b, "+m2@c");
    ck_assert(!bench_find(&b, "m2", "c")->item.flagged);
}
END_TEST

START_TEST(word_that_the_retired_copy_is_parked)
{
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "");
    sched_retired(b.s, SLICE("m1"), SLICE("a"), false);
    bench_read(&b, "b2");
    bench_told(&b, "wm1@b wb2");
    bench_advance(&b, 86400 * 1000);
    bench_told(&b, ""); /* however long it takes */
    sched_retired(b.s, SLICE("m1"), SLICE("a"), true);
    bench_told(&b, "+m1@b");
    ck_assert(!bench_find(&b, "m1", "b")->item.flagged);
}
END_TEST

/* It was finished before, and is read again: what is in the lane counts. */
START_TEST(word_of_a_copy_that_is_in_its_lane)
{
    sched_retired(b.s, SLICE("m1"), SLICE("a"), true);
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    sched_retired(b.s, SLICE("m1"), SLICE("a"), true);
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "nm1@a +m1@b");
}
END_TEST

START_TEST(the_oldest_words_are_forgotten)
{
    char key[16];
    for (int i = 0; i <= BARRIERS_PASSED_MAX; i++) {
        snprintf(key, sizeof(key), "k%d", i);
        sched_retired(b.s, SLICE("m1"), slice_str(key), true);
    }
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "k1");
    bench_told(&b, "+m1@b");
    bench_mark(&b, "m1", "c", SCHED_SURVIVOR, "k0");
    bench_told(&b, "");
    ck_assert_int_eq(bench_wait(&b, 30000), 30000);
    bench_told(&b, "+m1@c");
}
END_TEST

/* Else the retired copy, which stands behind them in the reader, would never be read. */
START_TEST(a_window_full_of_what_waits_makes_room)
{
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    while (sched_room(b.s))
        bench_add(&b, "b2");
    bench_pump(&b);
    ck_assert(sched_room(b.s));
    bench_told(&b, "wm1@b wb2 wb2 wb2 wb2 wb2 wb2 wb2");
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "b");
    bench_told(&b, "+m1@a");
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "nm1@a +m1@b");
    ck_assert(!bench_find(&b, "m1", "b")->item.flagged);
}
END_TEST

/* While something is under way there will be room without that. */
START_TEST(a_window_that_moves_parks_nothing)
{
    bench_add(&b, "c1");
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    while (sched_room(b.s))
        bench_add(&b, "b2");
    bench_told(&b, "+c1");
    bench_answer(&b, "c1", SCHED_OK);
    bench_told(&b, "!c1");
    ck_assert(sched_room(b.s));
}
END_TEST

START_TEST(retired_copy_that_never_comes)
{
    bench_mark(&b, "m1", "b", SCHED_SURVIVOR, "a");
    bench_told(&b, "");
    ck_assert_int_eq(bench_wait(&b, 30000), 30000);
    bench_told(&b, "+m1@b");
    ck_assert(bench_find(&b, "m1", "b")->item.flagged);
}
END_TEST

Suite *sched_merge_suite(void)
{
    Suite *s = suite_create("sched merge");
    TCase *one = tcase_create("one partition");
    tcase_add_checked_fixture(one, setup, teardown);
    tcase_add_test(one, survivor_waits_for_all_before_the_retired_copy);
    tcase_add_test(one, merge_wait_ends_and_flags);
    tcase_add_test(one, retired_lane_parked_so_survivor_waits_there);
    tcase_add_test(one, a_discarded_retired_copy_is_finished);
    tcase_add_test(one, merge_wait_stands_still_behind_the_breaker);
    tcase_add_test(one, several_retired_at_once);
    tcase_add_test(one, retired_copy_of_an_earlier_run_is_finished);
    tcase_add_test(one, restored_survivor_whose_retired_copy_is_finished);
    tcase_add_test(one, restored_survivor_waits_until_its_retired_copy_is_read);
    tcase_add_test(one, restored_copies_wait_for_each_other);
    suite_add_tcase(s, one);
    TCase *many = tcase_create("partitions");
    tcase_add_checked_fixture(many, setup_partitions, teardown);
    tcase_add_test(many, survivor_read_first_from_another_partition);
    tcase_add_test(many, retired_finished_before_the_survivor_is_read);
    tcase_add_test(many, retired_copy_that_never_comes);
    tcase_add_test(many, a_retired_copy_is_passed_when_its_end_is_written);
    tcase_add_test(many, a_parked_retired_copy_is_not_noted);
    tcase_add_test(many, word_that_the_retired_copy_is_finished);
    tcase_add_test(many, word_that_the_retired_copy_is_parked);
    tcase_add_test(many, word_of_a_copy_that_is_in_its_lane);
    tcase_add_test(many, the_oldest_words_are_forgotten);
    suite_add_tcase(s, many);
    TCase *narrow = tcase_create("window");
    tcase_add_checked_fixture(narrow, setup_window, teardown);
    tcase_add_test(narrow, a_window_full_of_what_waits_makes_room);
    tcase_add_test(narrow, a_window_that_moves_parks_nothing);
    suite_add_tcase(s, narrow);
    return s;
}
