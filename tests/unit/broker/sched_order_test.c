/* Lanes, positions, limits, what stands in flow.parked and how it is resolved. */
#include <stdio.h>
#include "sched_bench.h"
#include "sched_suites.h"

static struct bench b;

static void setup(void)
{
    struct sched_options o = bench_options();
    bench_open(&b, &o);
}

static void teardown(void)
{
    bench_close(&b);
}

START_TEST(one_of_a_lane_at_a_time)
{
    bench_read(&b, "a1 a2 b1");
    bench_told(&b, "+a1 +b1");
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "!a1 +a2");
}
END_TEST

START_TEST(in_flight_over_all_lanes)
{
    bench_read(&b, "a1 b1 c1 d1 e1 f1");
    bench_told(&b, "+a1 +b1 +c1 +d1");
    bench_answer(&b, "c1", SCHED_OK);
    bench_told(&b, "!c1 +e1");
}
END_TEST

START_TEST(position_is_the_finished_prefix)
{
    bench_read(&b, "a1 b1 c1");
    bench_answer(&b, "b1", SCHED_OK);
    ck_assert_int_eq(bench_position(&b), -1);
    bench_answer(&b, "a1", SCHED_OK);
    ck_assert_int_eq(bench_position(&b), 2);
    ck_assert_int_eq(bench_position(&b), -1); /* told once */
    bench_answer(&b, "c1", SCHED_OK);
    ck_assert_int_eq(bench_position(&b), 3);
}
END_TEST

START_TEST(window_bounds_what_is_read)
{
    unsigned n = 0;
    for (; sched_room(b.s); n++)
        bench_add(&b, "a1");
    ck_assert_uint_eq(n, bench_options().window);
    bench_pump(&b);
    bench_answer(&b, "a1", SCHED_OK);
    ck_assert(sched_room(b.s));
}
END_TEST

START_TEST(finished_ones_behind_a_slow_one_are_bounded)
{
    char id[16];
    struct sched_options o = bench_options();
    o.window = 8;
    bench_again(&b, &o);
    bench_read(&b, "a1");
    for (unsigned n = 0; sched_room(b.s); n++) {
        snprintf(id, sizeof(id), "b%u", n);
        bench_add(&b, id);
        bench_pump(&b);
        bench_answer(&b, id, SCHED_OK);
    }
    struct sched_stats st;
    bench_stats(&b, &st);
    ck_assert_uint_eq(st.span, 8 * SCHED_SPAN_PER_WINDOW);
    ck_assert_int_eq(sched_oldest_ms(b.s), 5000);
    bench_answer(&b, "a1", SCHED_OK);
    ck_assert(sched_room(b.s));
    ck_assert_int_eq(bench_position(&b), 8 * SCHED_SPAN_PER_WINDOW);
}
END_TEST

START_TEST(park_at_once_and_later_ones_wait_behind)
{
    bench_read(&b, "a1 a2 b1");
    bench_answer(&b, "a1", SCHED_PARK);
    bench_told(&b, "+a1 +b1 pa1 wa2");
    bench_read(&b, "a3");
    bench_told(&b, "wa3");
    bench_answer(&b, "b1", SCHED_OK);
    ck_assert_int_eq(bench_position(&b), 4); /* on, though nothing of a was delivered */
    bench_advance(&b, 3600 * 1000);
    bench_told(&b, "!b1");
    ck_assert_str_eq(bench_find(&b, "a1", NULL)->item.reason, "no");
}
END_TEST

/* What there is nothing to send for is over, and tells nothing of the consumer. */
START_TEST(a_skipped_one_ends_and_is_no_success)
{
    struct sched_stats st;
    bench_read(&b, "a1 a2");
    bench_answer(&b, "a1", SCHED_SKIP);
    bench_told(&b, "+a1 !a1 +a2");
    ck_assert_int_eq(bench_position(&b), 1);
    bench_answer(&b, "a2", SCHED_FAULT);
    bench_read(&b, "b1 c1");
    while (b.nunder_way == 0)
        bench_wait(&b, 60000); /* until the breaker tries one */
    bench_told(&b, "+a2");
    bench_answer(&b, "a2", SCHED_SKIP);
    bench_stats(&b, &st);
    ck_assert_int_ne(st.breaker, BREAKER_CLOSED);
    ck_assert_uint_eq(st.skipped, 2);
    ck_assert_uint_eq(st.delivered, 0);
    while (b.nunder_way == 0)
        bench_wait(&b, 60000);
    bench_told(&b, "!a2 +b1");
    bench_answer(&b, "b1", SCHED_OK);
    bench_stats(&b, &st);
    ck_assert_int_eq(st.breaker, BREAKER_CLOSED);
    ck_assert_uint_eq(st.delivered, 1);
}
END_TEST

START_TEST(position_waits_until_parked_is_durable)
{
    struct sched_item *item;
    bench_read(&b, "a1");
    sched_verdict(b.s, b.under_way[0], &(struct sched_verdict){SCHED_PARK, -1, "422"}, b.now);
    ck_assert_int_eq(sched_next(b.s, b.now, &item), SCHED_STORE);
    ck_assert_int_eq(bench_position(&b), -1);
    struct err err;
    ck_assert_int_lt(sched_release(b.s, item, &err), 0); /* being written */
    sched_stored(b.s, item, b.now);
    ck_assert_int_eq(bench_position(&b), 1);
}
END_TEST

START_TEST(release_keeps_order)
{
    struct err err;
    bench_read(&b, "a1 a2 a3");
    bench_answer(&b, "a1", SCHED_PARK);
    bench_told(&b, "+a1 pa1 wa2 wa3");
    ck_assert_int_lt(sched_release(b.s, &bench_find(&b, "a2", NULL)->item, &err), 0);
    ck_assert_ptr_nonnull(strstr(err.text, "a1"));
    ck_assert_int_eq(sched_release(b.s, &bench_find(&b, "a1", NULL)->item, &err), 0);
    bench_told(&b, "ra1 +a1");
    ck_assert_int_lt(sched_discard(b.s, &bench_find(&b, "a1", NULL)->item, b.now, &err), 0);
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "!a1 +a2");
    bench_add(&b, "a4"); /* still behind a2 and a3 */
    bench_told(&b, "wa4");
    bench_answer(&b, "a2", SCHED_OK);
    bench_answer(&b, "a3", SCHED_OK);
    bench_answer(&b, "a4", SCHED_OK);
    bench_told(&b, "!a2 +a3 !a3 +a4 !a4");
    bench_add(&b, "a5"); /* the lane is out of flow.parked again */
    bench_told(&b, "+a5");
}
END_TEST

START_TEST(released_and_refused_again_is_parked_again)
{
    struct err err;
    bench_read(&b, "a1");
    bench_answer(&b, "a1", SCHED_PARK);
    sched_release(b.s, &bench_find(&b, "a1", NULL)->item, &err);
    bench_told(&b, "+a1 pa1 ra1 +a1");
    bench_answer(&b, "a1", SCHED_PARK);
    bench_told(&b, "pa1");
}
END_TEST

START_TEST(discard_lets_the_next_go_on)
{
    struct err err;
    bench_read(&b, "a1 a2 a3");
    bench_answer(&b, "a1", SCHED_PARK);
    bench_told(&b, "+a1 pa1 wa2 wa3");
    ck_assert_int_eq(sched_discard(b.s, &bench_find(&b, "a2", NULL)->item, b.now, &err), 0);
    bench_told(&b, "-a2");
    ck_assert_int_eq(sched_discard(b.s, &bench_find(&b, "a1", NULL)->item, b.now, &err), 0);
    bench_told(&b, "-a1 +a3");
}
END_TEST

START_TEST(parked_max_stops_reading)
{
    struct sched_options o = bench_options();
    struct sched_stats st;
    struct err err;
    o.parked_max = 2;
    bench_again(&b, &o);
    bench_read(&b, "a1");
    bench_answer(&b, "a1", SCHED_PARK);
    ck_assert(sched_room(b.s));
    bench_read(&b, "a2");
    ck_assert(!sched_room(b.s));
    bench_stats(&b, &st);
    ck_assert(st.parked_full);
    ck_assert_uint_eq(st.parked, 2);
    sched_discard(b.s, &bench_find(&b, "a1", NULL)->item, b.now, &err);
    ck_assert(sched_room(b.s));
}
END_TEST

START_TEST(restored_go_on_in_order)
{
    static const struct {
        const char *id, *key;
        enum sched_park park;
    } open[] = {{"a1", "a", SCHED_PARKED},
                {"a2", "a", SCHED_WAITING},
                {"b1", "b", SCHED_WAITING},
                {"b2", "b", SCHED_WAITING}};
    for (unsigned i = 0; i < 4; i++) {
        struct bench_item *it = &b.items[b.nitems++];
        snprintf(it->id, sizeof(it->id), "%s", open[i].id);
        it->item = (struct sched_item){
            .id = slice_str(it->id), .key = slice_str(open[i].key), .park = open[i].park};
        ck_assert_int_eq(sched_restore(b.s, &it->item), 0);
    }
    ck_assert_int_eq(sched_wait(b.s, b.now), 0);
    bench_told(&b, "+b1");
    bench_read(&b, "a3");
    bench_told(&b, "wa3");
    bench_answer(&b, "b1", SCHED_OK);
    bench_told(&b, "!b1 +b2");
    ck_assert_int_eq(bench_position(&b), 5);
}
END_TEST

START_TEST(parked_are_listed_oldest_first)
{
    bench_read(&b, "a1 a2");
    bench_answer(&b, "a1", SCHED_PARK);
    struct sched_item *first = sched_parked(b.s, NULL);
    kit_assert_slice(first->id, SLICE("a1"));
    kit_assert_slice(sched_parked(b.s, first)->id, SLICE("a2"));
    ck_assert_ptr_null(sched_parked(b.s, sched_parked(b.s, first)));
}
END_TEST

START_TEST(the_window_counts_bytes_too)
{
    struct bench_item *a = bench_add(&b, "a1");
    ck_assert(sched_room(b.s));
    bench_pump(&b);
    bench_answer(&b, "a1", SCHED_OK);
    ck_assert(a->done);
    b.size = 600000;
    bench_add(&b, "b1");
    bench_add(&b, "b2");
    ck_assert(!sched_room(b.s)); /* of a million */
    bench_pump(&b);
    bench_answer(&b, "b1", SCHED_OK);
    ck_assert(sched_room(b.s));
    bench_add(&b, "b3");
    ck_assert(!sched_room(b.s));
    bench_answer(&b, "b2", SCHED_PARK); /* in flow.parked they are not in memory */
    ck_assert(bench_find(&b, "b3", NULL)->stored);
    ck_assert(sched_room(b.s));
}
END_TEST

START_TEST(partitions_have_positions_of_their_own)
{
    unsigned p;
    int64_t next;
    bench_read(&b, "a1");
    ck_assert_int_eq(sched_pass(b.s, 3, 77), 0);
    ck_assert(sched_position(b.s, &p, &next));
    ck_assert_uint_eq(p, 3);
    ck_assert_int_eq(next, 78);
    ck_assert(!sched_position(b.s, &p, &next));
    ck_assert_int_eq(sched_pass(b.s, SCHED_PARTITIONS_MAX, 1), -1);
}
END_TEST

Suite *sched_order_suite(void)
{
    Suite *s = suite_create("sched order");
    TCase *c = tcase_create("order");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, one_of_a_lane_at_a_time);
    tcase_add_test(c, in_flight_over_all_lanes);
    tcase_add_test(c, position_is_the_finished_prefix);
    tcase_add_test(c, window_bounds_what_is_read);
    tcase_add_test(c, finished_ones_behind_a_slow_one_are_bounded);
    tcase_add_test(c, park_at_once_and_later_ones_wait_behind);
    tcase_add_test(c, a_skipped_one_ends_and_is_no_success);
    tcase_add_test(c, position_waits_until_parked_is_durable);
    tcase_add_test(c, release_keeps_order);
    tcase_add_test(c, released_and_refused_again_is_parked_again);
    tcase_add_test(c, discard_lets_the_next_go_on);
    tcase_add_test(c, parked_max_stops_reading);
    tcase_add_test(c, restored_go_on_in_order);
    tcase_add_test(c, parked_are_listed_oldest_first);
    tcase_add_test(c, partitions_have_positions_of_their_own);
    tcase_add_test(c, the_window_counts_bytes_too);
    suite_add_tcase(s, c);
    return s;
}
