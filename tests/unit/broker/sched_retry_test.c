/* Back-off, Retry-After, spill, breaker. */
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

static enum breaker_state breaker(void)
{
    struct sched_stats st;
    bench_stats(&b, &st);
    return st.breaker;
}

START_TEST(backoff_doubles_with_jitter_to_its_max)
{
    struct backoff off = {100, 800, 5000, 7};
    static const int64_t base[] = {100, 200, 400, 800, 800, 800};
    bool varied = false;
    for (unsigned n = 1; n <= 6; n++)
        for (int i = 0; i < 50; i++) {
            int64_t w = backoff_wait(&off, n, -1);
            ck_assert_int_ge(w, base[n - 1] / 2);
            ck_assert_int_le(w, base[n - 1]);
            varied = varied || w != base[n - 1];
        }
    ck_assert(varied);
    ck_assert_int_le(backoff_wait(&off, 4000000000u, -1), 800);
    struct backoff one = {100, 800, 5000, 7}, two = {100, 800, 5000, 7};
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(backoff_wait(&one, 3, -1), backoff_wait(&two, 3, -1));
}
END_TEST

START_TEST(retry_after_is_honoured_and_capped)
{
    struct backoff off = {100, 800, 5000, 7};
    ck_assert_int_eq(backoff_wait(&off, 1, 3000), 3000);
    ck_assert_int_eq(backoff_wait(&off, 1, (int64_t)10 * 365 * 86400 * 1000), 5000);
    ck_assert_int_eq(backoff_wait(&off, 1, INT64_MAX), 5000);
    ck_assert_int_le(backoff_wait(&off, 1, -3000), 100);
    ck_assert_int_le(backoff_wait(&off, 1, INT64_MIN), 100);
    ck_assert_int_ge(backoff_wait(&off, 1, 0), 50); /* "at once" is no leave to hammer */
}
END_TEST

START_TEST(a_failed_one_waits_and_keeps_its_lane)
{
    bench_read(&b, "a1 a2 b1");
    bench_answer(&b, "a1", SCHED_RETRY);
    bench_answer(&b, "b1", SCHED_OK);
    bench_told(&b, "+a1 +b1 !b1");
    int64_t ms = bench_wait(&b, 100);
    ck_assert_int_ge(ms, 50);
    bench_told(&b, "+a1");
    bench_answer_after(&b, "a1", 3000);
    ck_assert_int_eq(bench_wait(&b, 3000), 3000);
    bench_answer_after(&b, "a1", (int64_t)1 << 50);
    ck_assert_int_eq(bench_wait(&b, 5000), 5000);
    ck_assert_uint_eq(bench_find(&b, "a1", NULL)->item.attempts, 3);
}
END_TEST

/* a fails for longer than spill_after while b succeeds. */
static void spill_a(void)
{
    char id[16];
    bench_read(&b, "a1 a2");
    bench_answer(&b, "a1", SCHED_RETRY);
    for (int i = 0; i < 200 && !bench_find(&b, "a1", NULL)->stored; i++) {
        snprintf(id, sizeof(id), "b%d", i);
        bench_add(&b, id);
        bench_pump(&b);
        bench_answer(&b, id, SCHED_OK);
        bench_advance(&b, 200);
        for (unsigned u = 0; u < b.nunder_way; u++)
            if (slice_eq_str(b.under_way[u]->id, "a1")) {
                bench_answer(&b, "a1", SCHED_RETRY);
                break;
            }
    }
    ck_assert(bench_find(&b, "a1", NULL)->stored);
    ck_assert(bench_find(&b, "a2", NULL)->stored);
}

START_TEST(a_stuck_lane_spills_and_retries_from_there)
{
    int64_t begin = b.now;
    spill_a();
    ck_assert_int_ge(b.now - begin, 10000);
    ck_assert_int_le(b.now - begin, 11000);
    ck_assert_int_eq(bench_find(&b, "a1", NULL)->item.park, SCHED_WAITING);
    ck_assert_int_eq(bench_position(&b), b.nitems); /* nothing waits for a */
    b.told_n = 0;
    bench_wait(&b, 1000);
    bench_told(&b, "+a1");
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "!a1 +a2");
    struct sched_stats st;
    bench_stats(&b, &st);
    ck_assert_uint_eq(st.spilled, 1);
}
END_TEST

START_TEST(no_spill_where_nobody_succeeds)
{
    bench_read(&b, "b0 a1");
    bench_answer(&b, "b0", SCHED_OK);
    for (int i = 0; i < 60; i++) {
        if (b.nunder_way)
            bench_answer(&b, "a1", SCHED_RETRY);
        bench_advance(&b, 1000);
    }
    ck_assert(!bench_find(&b, "a1", NULL)->stored);
    ck_assert_int_eq(breaker(), BREAKER_CLOSED); /* one patient is no proof */
}
END_TEST

/* Nobody else can succeed, for nobody else is read: one patient must not stop the others. */
START_TEST(one_lane_that_fills_the_window_spills)
{
    char id[16];
    for (int i = 0; sched_room(b.s); i++) {
        snprintf(id, sizeof(id), "a%d", i);
        bench_add(&b, id);
    }
    int64_t begin = b.now;
    bench_pump(&b);
    while (!sched_room(b.s) && b.now - begin < 60000) {
        if (b.nunder_way)
            bench_answer(&b, "a0", SCHED_RETRY);
        bench_advance(&b, 100);
    }
    ck_assert_int_ge(b.now - begin, 10000);
    ck_assert_int_le(b.now - begin, 12000);
    ck_assert_int_eq(breaker(), BREAKER_CLOSED);
    bench_add(&b, "b1");
    b.told_n = 0;
    bench_told(&b, "+b1");
}
END_TEST

/* Where several fail it is the consumer that is away: the breaker sees to it. */
START_TEST(a_full_window_of_several_does_not_spill)
{
    char id[16];
    bench_add(&b, "b0");
    for (int i = 0; sched_room(b.s); i++) {
        snprintf(id, sizeof(id), "a%d", i);
        bench_add(&b, id);
    }
    bench_pump(&b);
    for (int i = 0; i < 400 && breaker() == BREAKER_CLOSED; i++) {
        while (b.nunder_way) {
            snprintf(id, sizeof(id), "%.*s", SLICE_ARG(b.under_way[0]->id));
            bench_answer(&b, id, SCHED_RETRY);
        }
        bench_advance(&b, 100);
    }
    ck_assert_int_eq(breaker(), BREAKER_OPEN);
    ck_assert(!bench_find(&b, "a0", NULL)->stored);
}
END_TEST

START_TEST(fault_opens_at_once_and_counts_nothing)
{
    bench_read(&b, "a1 b1 c1");
    bench_answer(&b, "a1", SCHED_FAULT);
    ck_assert_int_eq(breaker(), BREAKER_OPEN);
    bench_answer(&b, "b1", SCHED_RETRY);
    bench_answer(&b, "c1", SCHED_PARK); /* nothing is parked behind an open breaker */
    bench_told(&b, "+a1 +b1 +c1");
    for (const char *id = "a1\0b1\0c1\0"; *id; id += 3)
        ck_assert_uint_eq(bench_find(&b, id, NULL)->item.attempts, 0);
}
END_TEST

START_TEST(one_probe_at_a_time_each_from_another_lane)
{
    bench_read(&b, "a1 b1 c1");
    bench_answer(&b, "a1", SCHED_FAULT);
    bench_answer(&b, "b1", SCHED_FAULT);
    bench_answer(&b, "c1", SCHED_FAULT);
    bench_told(&b, "+a1 +b1 +c1");
    bench_wait(&b, 200);
    ck_assert_int_eq(breaker(), BREAKER_HALF_OPEN);
    ck_assert_int_eq(sched_wait(b.s, b.now), -1);
    bench_told(&b, "+a1");
    bench_answer(&b, "a1", SCHED_RETRY);
    bench_wait(&b, 400);
    bench_told(&b, "+b1");
    bench_answer(&b, "b1", SCHED_FAULT);
    bench_wait(&b, 800);
    bench_told(&b, "+c1");
    bench_answer(&b, "c1", SCHED_OK);
    ck_assert_int_eq(breaker(), BREAKER_CLOSED);
    bench_told(&b, "!c1 +a1 +b1");
    ck_assert_uint_eq(bench_find(&b, "a1", NULL)->item.attempts, 0);
}
END_TEST

START_TEST(probe_about_the_event_closes_and_parks)
{
    bench_read(&b, "a1");
    bench_answer(&b, "a1", SCHED_FAULT);
    bench_wait(&b, 200);
    bench_answer(&b, "a1", SCHED_PARK);
    ck_assert_int_eq(breaker(), BREAKER_CLOSED);
    bench_told(&b, "+a1 +a1 pa1");
}
END_TEST

START_TEST(nothing_succeeds_over_two_patients)
{
    bench_read(&b, "a1 b1");
    int64_t begin = b.now;
    while (breaker() == BREAKER_CLOSED && b.now - begin < 60000) {
        while (b.nunder_way) {
            char id[16];
            snprintf(id, sizeof(id), "%.*s", SLICE_ARG(b.under_way[0]->id));
            bench_answer(&b, id, SCHED_RETRY);
        }
        bench_advance(&b, 100);
    }
    ck_assert_int_ge(b.now - begin, 30000);
    ck_assert_int_le(b.now - begin, 31000);
    unsigned attempts = bench_find(&b, "a1", NULL)->item.attempts;
    bench_wait(&b, 2000);
    ck_assert_uint_eq(b.nunder_way, 1);
    bench_answer(&b, b.under_way[0]->id.p, SCHED_RETRY);
    ck_assert_uint_eq(bench_find(&b, "a1", NULL)->item.attempts, attempts);
    ck_assert(!bench_find(&b, "a1", NULL)->stored && !bench_find(&b, "b1", NULL)->stored);
}
END_TEST

/* Sixteen patients in a row failed: from there on one attempt each 20 ms, in proportion where more
 * did, until one succeeds. */
START_TEST(many_failures_in_a_row_slow_the_attempts_down)
{
    char id[3] = "a1", first[3];
    unsigned failed = 0;
    for (; id[0] <= 'z'; id[0]++)
        bench_add(&b, id);
    bench_pump(&b);
    for (; b.nunder_way; failed++) {
        snprintf(first, sizeof(first), "%.*s", SLICE_ARG(b.under_way[0]->id));
        bench_answer(&b, first, SCHED_RETRY);
    }
    ck_assert_uint_eq(failed, 16 + 3); /* three others were under way */
    ck_assert_int_eq(bench_wait(&b, 1000), 19 * 20 / 16);
    ck_assert_uint_eq(b.nunder_way, 1);
    ck_assert_int_eq(bench_wait(&b, 1000), 19 * 20 / 16);
    ck_assert_uint_eq(b.nunder_way, 2);
    snprintf(first, sizeof(first), "%.*s", SLICE_ARG(b.under_way[0]->id));
    bench_answer(&b, first, SCHED_OK);
    ck_assert_uint_eq(b.nunder_way, 4);
}
END_TEST

/* Up to one each 160 ms, which 128 patients reach. */
START_TEST(the_more_fail_the_slower_the_attempts)
{
    enum { LANES = 200 };
    struct sched_options o = bench_options();
    o.in_flight = 1;
    o.window = LANES;
    o.backoff_min = o.backoff_max = 60000;
    bench_again(&b, &o);
    for (int i = 0; i < LANES; i++) {
        char id[8];
        snprintf(id, sizeof(id), "%d", i);
        bench_mark(&b, id, id, SCHED_PLAIN, NULL);
    }
    bench_pump(&b);
    for (int failed = 1; failed < LANES; failed++) {
        char id[16];
        snprintf(id, sizeof(id), "%.*s", SLICE_ARG(b.under_way[0]->id));
        bench_answer(&b, id, SCHED_RETRY);
        if (failed < 16) {
            ck_assert_uint_eq(b.nunder_way, 1);
            continue;
        }
        ck_assert_uint_eq(b.nunder_way, 0);
        ck_assert_int_eq(bench_wait(&b, 1000), failed < 128 ? failed * 20 / 16 : 160);
    }
    ck_assert_uint_eq(b.nunder_way, 1);
    bench_answer(&b, "199", SCHED_OK);
    bench_read(&b, "x1");
    ck_assert_uint_eq(b.nunder_way, 1);
}
END_TEST

START_TEST(time_behind_the_breaker_does_not_spill)
{
    bench_read(&b, "a1 b1");
    bench_answer(&b, "a1", SCHED_RETRY);
    bench_answer(&b, "b1", SCHED_FAULT);
    b.told_n = 0;
    bench_advance(&b, 60000);
    ck_assert_uint_eq(b.nunder_way, 1);
    char id[16];
    snprintf(id, sizeof(id), "%s", b.under_way[0]->id.p);
    bench_answer(&b, id, SCHED_OK);
    ck_assert_int_eq(breaker(), BREAKER_CLOSED);
    const char *other = strcmp(id, "a1") == 0 ? "b1" : "a1";
    bench_answer(&b, other, SCHED_RETRY);
    bench_read(&b, "c1");
    bench_answer(&b, "c1", SCHED_OK);
    bench_advance(&b, 100);
    ck_assert(!bench_find(&b, other, NULL)->stored);
}
END_TEST

START_TEST(held_means_no_attempt_and_nothing_parked)
{
    bench_add(&b, "a1");
    bench_mark(&b, "m1", "a", SCHED_RETIRED, "c");
    bench_add(&b, "b1");
    bench_mark(&b, "m1", "c", SCHED_SURVIVOR, "a");
    bench_told(&b, "+a1 +b1");
    sched_hold(b.s, true, b.now);
    ck_assert(!sched_room(b.s));
    bench_answer(&b, "a1", SCHED_RETRY);
    bench_answer(&b, "b1", SCHED_OK); /* what is under way ends */
    bench_told(&b, "!b1");
    ck_assert_int_eq(sched_wait(b.s, b.now), -1);
    bench_advance(&b, 3600 * 1000); /* past spill_after, breaker_after and merge_wait */
    bench_told(&b, "");
    sched_hold(b.s, false, b.now);
    ck_assert(sched_room(b.s));
    bench_told(&b, "+a1");
    bench_answer(&b, "a1", SCHED_RETRY); /* the hour does not count as one of failure */
    bench_told(&b, "");
    bench_wait(&b, 1000);
    bench_answer(&b, "a1", SCHED_OK);
    bench_told(&b, "+a1 !a1 +m1@a");
    struct sched_stats st;
    bench_stats(&b, &st);
    ck_assert_uint_eq(st.parked, 0);
    ck_assert_uint_eq(st.flagged, 0); /* no wait counted */
    bench_answer(&b, "m1", SCHED_OK);
    bench_told(&b, "!m1@a +m1@c");
}
END_TEST

Suite *sched_retry_suite(void)
{
    Suite *s = suite_create("sched retry");
    TCase *c = tcase_create("retry");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, backoff_doubles_with_jitter_to_its_max);
    tcase_add_test(c, retry_after_is_honoured_and_capped);
    tcase_add_test(c, a_failed_one_waits_and_keeps_its_lane);
    tcase_add_test(c, a_stuck_lane_spills_and_retries_from_there);
    tcase_add_test(c, no_spill_where_nobody_succeeds);
    tcase_add_test(c, one_lane_that_fills_the_window_spills);
    tcase_add_test(c, a_full_window_of_several_does_not_spill);
    tcase_add_test(c, fault_opens_at_once_and_counts_nothing);
    tcase_add_test(c, one_probe_at_a_time_each_from_another_lane);
    tcase_add_test(c, probe_about_the_event_closes_and_parks);
    tcase_add_test(c, nothing_succeeds_over_two_patients);
    tcase_add_test(c, many_failures_in_a_row_slow_the_attempts_down);
    tcase_add_test(c, the_more_fail_the_slower_the_attempts);
    tcase_add_test(c, time_behind_the_breaker_does_not_spill);
    tcase_add_test(c, held_means_no_attempt_and_nothing_parked);
    suite_add_tcase(s, c);
    return s;
}
