#include "name_claim.h"

#include <poll.h>
#include <stdlib.h>
#include "clock.h"
#include "kit.h"
#include "process_suites.h"

/* Two processes on the records of one embedded writer: what each reads is the same log. */
struct site {
    struct kit_dir dir;
    struct stream *s;
    struct stream_reader *r;
    struct metrics *m[2];
    struct name_claim *c[2];
    unsigned records;
};

static void open_site(struct site *t)
{
    struct stream_options o;
    struct slice topic = SLICE("flow.control");
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct err e;
    *t = (struct site){0};
    kit_dir_open(&t->dir);
    stream_options_default(&o);
    o.kind = SLICE("embedded");
    o.dir = slice_str(t->dir.path);
    o.writer = SLICE("acute");
    ck_assert_msg(stream_open(&o, &t->s, &e) == 0, "%s", e.text);
    ck_assert_msg(stream_reader_open(t->s, &ro, &t->r, &e) == 0, "%s", e.text);
}

static void start(struct site *t, unsigned i, const char *name)
{
    t->m[i] = metrics_open();
    t->c[i] = name_claim_open(t->s, slice_str(name), t->m[i]);
    ck_assert_ptr_nonnull(t->c[i]);
}

static void close_site(struct site *t)
{
    for (unsigned i = 0; i < 2; i++)
        name_claim_close(t->c[i]);
    stream_reader_close(t->r);
    stream_close(t->s);
    for (unsigned i = 0; i < 2; i++)
        metrics_close(t->m[i]);
    kit_dir_close(&t->dir);
}

/* Until so many claims stand there; each process that is there reads each of them. */
static void run(struct site *t, unsigned records)
{
    struct stream_message m;
    struct err e;
    int64_t until = clock_mono_ms() + 10000;
    while (t->records < records) {
        struct pollfd p = {.fd = stream_fd(t->s), .events = POLLIN};
        ck_assert_msg(clock_mono_ms() < until, "%u of %u claims", t->records, records);
        poll(&p, 1, 20);
        stream_dispatch(t->s);
        while (stream_next(t->r, &m, &e) == STREAM_GOT) {
            t->records++;
            for (unsigned i = 0; i < 2; i++)
                name_claim_take(t->c[i], &m);
        }
        for (unsigned i = 0; i < 2; i++)
            name_claim_look(t->c[i]);
    }
}

static double taken(struct site *t, unsigned i)
{
    struct metric *f = metrics_gauge(t->m[i], "weir_name_taken", "", NULL, 1);
    return series_value(metric_of(f, SLICE_ABSENT));
}

START_TEST(two_of_a_name_both_hear_of_it)
{
    struct site t;
    open_site(&t);
    start(&t, 0, "acute");
    run(&t, 1);
    start(&t, 1, "acute");
    run(&t, 4); /* the first, the second, and the answer of each to the other */
    ck_assert(taken(&t, 0) == 1 && taken(&t, 1) == 1);
    name_claim_close(t.c[1]);
    metrics_close(t.m[1]);
    start(&t, 1, "x"); /* and no more: the next record is this one's */
    run(&t, 5);
    close_site(&t);
}
END_TEST

START_TEST(another_name_and_a_former_life_are_nobody)
{
    struct site t;
    open_site(&t);
    start(&t, 0, "acute");
    run(&t, 1);
    name_claim_close(t.c[0]);
    metrics_close(t.m[0]);
    start(&t, 0, "acute"); /* started again: what stands there is of its former life */
    start(&t, 1, "acute-b");
    run(&t, 3);
    ck_assert(taken(&t, 0) == 0 && taken(&t, 1) == 0);
    close_site(&t);
}
END_TEST

TCase *claim_tests(void)
{
    TCase *t = tcase_create("claim");
    tcase_add_test(t, two_of_a_name_both_hear_of_it);
    tcase_add_test(t, another_name_and_a_former_life_are_nobody);
    return t;
}
