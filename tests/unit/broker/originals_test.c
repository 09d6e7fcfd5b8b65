/* Messages found again: ahead, behind, kept, gone. */
#include <stdio.h>
#include "broker_bed.h"
#include "broker_suites.h"
#include "clock.h"
#include "originals.h"

enum { MESSAGES = 1000, DEADLINE_MS = 10000 };

static struct loop *l;
static struct stream *s;
static struct loop_fd *watch;
static struct originals *o;
static unsigned answers;
static char got[64];
static int code;
static int64_t began;

static struct slice sha_of(unsigned n, char text[65])
{
    snprintf(text, 65, "%064u", n);
    return slice_make(text, 64);
}

static void append(unsigned n)
{
    char sha[65], value[32];
    struct err err = {0};
    snprintf(value, sizeof(value), "MSH|%u", n);
    const struct stream_header h[] = {{SLICE("source"), SLICE("pas")},
                                      {SLICE("sha256"), sha_of(n, sha)}};
    struct stream_record r = {.topic = SLICE("flow.messages"),
                              .key = SLICE("pas"),
                              .value = slice_str(value),
                              .headers = h,
                              .nheaders = 2};
    ck_assert_int_eq(stream_append(s, &r, 1, NULL, NULL, &err), STREAM_OK);
}

static void setup(void)
{
    struct err err = {0};
    answers = 0;
    began = clock_wall_ms();
    ck_assert_int_eq(loop_open(&l, &err), 0);
    s = bed_stream("originals", "broker");
    watch = bed_watch(l, s);
    ck_assert_int_eq(originals_open(s, l, &o, &err), 0);
    for (unsigned i = 0; i < MESSAGES; i++)
        append(i);
}

static void teardown(void)
{
    originals_close(o);
    loop_fd_remove(watch);
    stream_close(s);
    loop_close(l);
}

static void on_answer(void *arg, struct slice message, const struct err *e)
{
    (void)arg;
    answers++;
    code = e ? (int)e->code : 0;
    snprintf(got, sizeof(got), "%.*s", SLICE_ARG(message));
}

/* What comes of asking for message n, or its error. */
static void ask(unsigned n, int64_t received_ms, int want)
{
    char sha[65], text[32];
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    unsigned before = answers;
    originals_ask(o, sha_of(n, sha), received_ms, clock_wall_ms(), on_answer, NULL);
    while (answers == before) {
        ck_assert_msg(clock_mono_ms() < until, "no answer for %u", n);
        loop_turn(l, 5);
    }
    ck_assert_int_eq(code, want);
    snprintf(text, sizeof(text), "MSH|%u", n);
    if (!want)
        ck_assert_str_eq(got, text);
}

START_TEST(ahead_kept_and_behind)
{
    ask(3, began, 0);
    ask(3, began, 0);
    ask(990, began, 0);
    ask(989, began, 0); /* kept */
    ask(0, began, 0);   /* long passed: looked for from the receipt */
    append(MESSAGES);
    ask(MESSAGES, began, 0);
}
END_TEST

START_TEST(not_there)
{
    ask(MESSAGES + 5, began, ERR_REFUSED);
    ask(7, began, 0);
    originals_ask(o, SLICE("short"), began, began, on_answer, NULL);
    ck_assert_uint_eq(answers, 3);
    ck_assert_int_eq(code, ERR_REFUSED);
}
END_TEST

/* A refused message that was retried stands where its event does, long after its receipt. */
START_TEST(appended_long_after_its_receipt)
{
    ask(500, began - 30LL * 24 * 3600 * 1000, 0);
}
END_TEST

/* What is asked when it is closed gets no answer. */
START_TEST(closed_while_asked)
{
    char sha[65];
    originals_ask(o, sha_of(MESSAGES + 1, sha), began, began, on_answer, NULL);
    originals_ask(o, sha_of(1, sha), began, began, on_answer, NULL);
    originals_close(o);
    o = NULL;
    loop_turn(l, 0);
    ck_assert_uint_le(answers, 2);
}
END_TEST

Suite *originals_suite(void)
{
    Suite *suite = suite_create("originals");
    TCase *c = tcase_create("originals");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, ahead_kept_and_behind);
    tcase_add_test(c, not_there);
    tcase_add_test(c, appended_long_after_its_receipt);
    tcase_add_test(c, closed_while_asked);
    suite_add_tcase(suite, c);
    return suite;
}
