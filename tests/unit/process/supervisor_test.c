#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "clock.h"
#include "kit.h"
#include "process_suites.h"

struct bed {
    struct loop *loop;
    struct supervisor *supervisor;
    unsigned started, ended, gave_up, unstarted;
    int64_t waits[16];
    int last_status;
    bool stopped;
};

static void on_report(const struct supervisor_report *r, void *arg)
{
    struct bed *b = arg;
    b->last_status = r->status;
    b->started += r->event == SUPERVISOR_STARTED;
    b->gave_up += r->event == SUPERVISOR_GAVE_UP;
    b->unstarted += r->event == SUPERVISOR_UNSTARTED;
    if (r->event == SUPERVISOR_ENDED && b->ended < 16)
        b->waits[b->ended++] = r->restart_ms;
}

static void on_stopped(void *arg)
{
    struct bed *b = arg;
    b->stopped = true;
}

static void open_bed(struct bed *b, const struct supervisor_options *o)
{
    static const struct supervisor_hooks hooks = {on_report, on_stopped};
    struct err e;
    *b = (struct bed){.stopped = false};
    ck_assert_int_eq(loop_open(&b->loop, &e), 0);
    ck_assert_int_eq(supervisor_open(b->loop, o, &hooks, b, &b->supervisor, &e), 0);
}

static void close_bed(struct bed *b)
{
    supervisor_close(b->supervisor);
    loop_close(b->loop);
}

static void add(struct bed *b, const char *script)
{
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    struct err e;
    ck_assert_int_eq(supervisor_add(b->supervisor, "child", argv, &e), 0);
}

#define UNTIL(b, condition)                                                                        \
    for (int64_t end = clock_mono_ms() + 10000; !(condition);) {                                   \
        ck_assert_msg(clock_mono_ms() < end, "not within ten seconds: %s", #condition);            \
        loop_turn((b)->loop, 20);                                                                  \
    }

START_TEST(test_what_dies_is_started_again)
{
    struct bed b;
    struct supervisor_state st;
    struct supervisor_options o = {.backoff_min_ms = 10, .backoff_max_ms = 30};
    open_bed(&b, &o);
    add(&b, "exit 3");
    UNTIL(&b, b.ended >= 4);
    ck_assert_int_eq(b.waits[0], 10);
    ck_assert_int_eq(b.waits[1], 20);
    ck_assert_int_eq(b.waits[2], 30);
    ck_assert_int_eq(b.waits[3], 30);
    ck_assert_int_eq(WEXITSTATUS(b.last_status), 3);
    ck_assert(supervisor_nth(b.supervisor, 0, &st));
    ck_assert_uint_ge(st.restarts, 3);
    ck_assert(!supervisor_nth(b.supervisor, 1, &st));
    supervisor_stop(b.supervisor, 5000);
    UNTIL(&b, b.stopped);
    close_bed(&b);
}
END_TEST

START_TEST(test_health_resets_the_wait)
{
    struct bed b;
    struct supervisor_options o = {.backoff_min_ms = 10, .backoff_max_ms = 1000, .healthy_ms = 1};
    open_bed(&b, &o);
    add(&b, "sleep 0.05");
    UNTIL(&b, b.ended >= 3);
    ck_assert_int_eq(b.waits[2], 10);
    close_bed(&b);
}
END_TEST

START_TEST(test_wrong_configuration_is_not_tried_again)
{
    struct bed b;
    struct supervisor_state st;
    struct supervisor_options o = {.backoff_min_ms = 1};
    open_bed(&b, &o);
    add(&b, "exit 78");
    UNTIL(&b, b.stopped);
    ck_assert_uint_eq(b.gave_up, 1);
    ck_assert_uint_eq(b.started, 1);
    ck_assert(supervisor_nth(b.supervisor, 0, &st));
    ck_assert(st.given_up);
    close_bed(&b);
}
END_TEST

START_TEST(test_what_it_needs_cannot_be_opened)
{
    struct bed b;
    struct supervisor_state st;
    struct supervisor_options o = {.backoff_min_ms = 1, .backoff_max_ms = 2, .tries_max = 3};
    open_bed(&b, &o);
    add(&b, "exit 74");
    UNTIL(&b, b.stopped);
    ck_assert_uint_eq(b.started, 3);
    ck_assert_uint_eq(b.gave_up, 1);
    ck_assert_int_eq(WEXITSTATUS(b.last_status), 74);
    ck_assert(supervisor_nth(b.supervisor, 0, &st) && st.given_up);
    supervisor_revive(b.supervisor);
    UNTIL(&b, b.gave_up == 2);
    ck_assert_uint_eq(b.started, 6);
    close_bed(&b);
}
END_TEST

/* Once it was healthy the same exit code may pass: a disk that was full. */
START_TEST(test_one_that_was_healthy_is_never_given_up)
{
    struct bed b;
    char script[128], mark[] = "/tmp/weir-supervisor-XXXXXX";
    struct supervisor_options o = {
        .backoff_min_ms = 1, .backoff_max_ms = 2, .healthy_ms = 200, .tries_max = 2};
    ck_assert_int_ge(close(mkstemp(mark)), 0);
    snprintf(script, sizeof(script), "[ -e %s ] || exit 74; rm %s; sleep 0.4; exit 74", mark, mark);
    open_bed(&b, &o);
    add(&b, script);
    UNTIL(&b, b.ended >= 6);
    ck_assert_uint_eq(b.gave_up, 0);
    close_bed(&b);
}
END_TEST

START_TEST(test_other_ends_between_begin_the_count_anew)
{
    struct bed b;
    char script[128], mark[] = "/tmp/weir-supervisor-XXXXXX";
    struct supervisor_options o = {.backoff_min_ms = 1, .backoff_max_ms = 2, .tries_max = 2};
    ck_assert_int_ge(close(mkstemp(mark)), 0);
    snprintf(script, sizeof(script), "[ -e %s ] && rm %s && exit 74; touch %s; exit 3", mark, mark,
             mark);
    open_bed(&b, &o);
    add(&b, script);
    UNTIL(&b, b.ended >= 8);
    ck_assert_uint_eq(b.gave_up, 0);
    close_bed(&b);
    unlink(mark);
}
END_TEST

START_TEST(test_stop_forwards_and_kills)
{
    struct bed b;
    struct supervisor_options o = {.backoff_min_ms = 1};
    open_bed(&b, &o);
    add(&b, "exec sleep 60");
    supervisor_stop(b.supervisor, 60000);
    UNTIL(&b, b.stopped);
    ck_assert_int_eq(WTERMSIG(b.last_status), SIGTERM);
    close_bed(&b);
    open_bed(&b, &o);
    /* Ignored signals stay ignored over exec; what cannot be told is killed. */
    signal(SIGTERM, SIG_IGN);
    add(&b, "exec sleep 60");
    signal(SIGTERM, SIG_DFL);
    supervisor_stop(b.supervisor, 50);
    UNTIL(&b, b.stopped);
    ck_assert_int_eq(WTERMSIG(b.last_status), SIGKILL);
    close_bed(&b);
}
END_TEST

START_TEST(test_no_such_program)
{
    struct bed b;
    const char *argv[] = {"/no/such/program", NULL};
    struct err e;
    struct supervisor_options o = {.backoff_min_ms = 10};
    open_bed(&b, &o);
    ck_assert_int_eq(supervisor_add(b.supervisor, "child", argv, &e), 0);
    UNTIL(&b, b.unstarted >= 2);
    ck_assert_int_eq(b.last_status, ENOENT);
    close_bed(&b);
}
END_TEST

START_TEST(test_remove_and_revive)
{
    struct bed b;
    struct supervisor_options o = {.backoff_min_ms = 10};
    struct supervisor_state st;
    open_bed(&b, &o);
    add(&b, "exec sleep 60");
    ck_assert(!supervisor_remove(b.supervisor, "another"));
    ck_assert(supervisor_remove(b.supervisor, "child"));
    ck_assert(supervisor_nth(b.supervisor, 0, &st) && st.leaving);
    ck_assert(!supervisor_remove(b.supervisor, "child"));
    add(&b, "exit 78"); /* one of that name may come again at once */
    UNTIL(&b, b.ended == 1 && b.gave_up == 1);
    ck_assert_int_eq(b.waits[0], -1);
    ck_assert(supervisor_nth(b.supervisor, 0, &st) && !st.leaving && st.given_up);
    ck_assert(!supervisor_nth(b.supervisor, 1, &st));
    supervisor_revive(b.supervisor);
    UNTIL(&b, b.gave_up == 2);
    ck_assert_uint_eq(b.started, 3);
    close_bed(&b);
}
END_TEST

TCase *supervisor_tests(void)
{
    TCase *t = tcase_create("supervisor");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_what_dies_is_started_again);
    tcase_add_test(t, test_health_resets_the_wait);
    tcase_add_test(t, test_wrong_configuration_is_not_tried_again);
    tcase_add_test(t, test_what_it_needs_cannot_be_opened);
    tcase_add_test(t, test_one_that_was_healthy_is_never_given_up);
    tcase_add_test(t, test_other_ends_between_begin_the_count_anew);
    tcase_add_test(t, test_stop_forwards_and_kills);
    tcase_add_test(t, test_no_such_program);
    tcase_add_test(t, test_remove_and_revive);
    return t;
}
