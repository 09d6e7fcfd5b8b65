#include "control.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include "clock.h"
#include "kit.h"
#include "process_suites.h"

struct bed {
    struct kit_dir dir;
    char path[300];
    struct loop *loop;
    struct control *control;
    struct control_call *later;
};

static void do_echo(struct control_call *call, const struct json *request, void *arg)
{
    (void)arg;
    struct json_writer *w = control_answer(call);
    json_key(w, SLICE("text"));
    json_string(w, json_text(request, "text"));
    control_done(call);
}

static void do_refuse(struct control_call *call, const struct json *request, void *arg)
{
    (void)request;
    (void)arg;
    control_answer(call); /* thought better of */
    control_fail(call, "no \"%s\" today", "entry");
}

static void do_later(struct control_call *call, const struct json *request, void *arg)
{
    (void)request;
    struct bed *b = arg;
    b->later = call;
}

static void open_bed(struct bed *b)
{
    struct err e;
    memset(b, 0, sizeof(*b));
    kit_dir_open(&b->dir);
    kit_dir_file(&b->dir, "x.sock", b->path, sizeof(b->path));
    ck_assert_int_eq(loop_open(&b->loop, &e), 0);
    ck_assert_msg(control_open(b->loop, b->path, &b->control, &e) == 0, "%s", e.text);
    ck_assert_int_eq(control_add(b->control, "echo", do_echo, b, &e), 0);
    ck_assert_int_eq(control_add(b->control, "refuse", do_refuse, b, &e), 0);
    ck_assert_int_eq(control_add(b->control, "later", do_later, b, &e), 0);
}

static void close_bed(struct bed *b)
{
    control_close(b->control);
    loop_close(b->loop);
    kit_dir_close(&b->dir);
}

struct question {
    const char *path, *text;
    int64_t timeout;
    struct buf answer;
    struct err e;
    int result;
    volatile bool done;
};

static void *ask_thread(void *arg)
{
    struct question *q = arg;
    q->result = control_call(q->path, slice_str(q->text), q->timeout, &q->answer, &q->e);
    q->done = true;
    return NULL;
}

/* The client blocks, so it has a thread of its own while the loop turns here. */
static void ask(struct bed *b, struct question *q, const char *text)
{
    pthread_t thread;
    *q = (struct question){.path = b->path, .text = text, .timeout = 5000};
    buf_init(&q->answer, 1 << 20);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_thread, q), 0);
    for (int64_t end = clock_mono_ms() + 5000; !q->done && clock_mono_ms() < end;) {
        loop_turn(b->loop, 10);
        if (b->later) {
            control_answer(b->later);
            control_done(b->later);
            b->later = NULL;
        }
    }
    pthread_join(thread, NULL);
}

START_TEST(test_round_trips)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"{\"do\":\"echo\",\"text\":\"h\\ni\"}", "{\"ok\":true,\"text\":\"h\\ni\"}"},
        {"{\"do\":\"refuse\"}", "{\"ok\":false,\"error\":\"no \\\"entry\\\" today\"}"},
        {"{\"do\":\"later\"}", "{\"ok\":true}"},
        {"{\"do\":\"dance\"}",
         "{\"ok\":false,\"error\":\"this process does not know how to do \\\"dance\\\"\"}"},
    };
    struct bed b;
    open_bed(&b);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct question q;
        ask(&b, &q, rows[i].request);
        ck_assert_msg(q.result == 0, "%s", q.e.text);
        ck_assert_str_eq(buf_cstr(&q.answer), rows[i].answer);
        buf_fini(&q.answer);
    }
    struct question q;
    ask(&b, &q, "not json");
    ck_assert_int_eq(q.result, 0);
    ck_assert(slice_starts(buf_slice(&q.answer), SLICE("{\"ok\":false,\"error\":\"")));
    buf_fini(&q.answer);
    close_bed(&b);
}
END_TEST

START_TEST(test_limits_and_rights)
{
    struct bed b;
    struct stat st;
    struct question q;
    struct buf large;
    open_bed(&b);
    ck_assert_int_eq(stat(b.path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0600);
    buf_init(&large, 1 << 20);
    for (int i = 0; i < 70000; i++)
        buf_putc(&large, 'x');
    ask(&b, &q, buf_cstr(&large));
    ck_assert_int_eq(q.result, -1);
    ck_assert_int_eq(q.e.code, ERR_PEER);
    buf_fini(&q.answer);
    buf_fini(&large);
    close_bed(&b);
}
END_TEST

START_TEST(test_nobody_there)
{
    struct buf answer;
    struct err e;
    char path[200];
    buf_init(&answer, 1000);
    ck_assert_int_eq(control_call("/nowhere.sock", SLICE("{}"), 100, &answer, &e), -1);
    ck_assert_int_eq(e.code, ERR_PEER);
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = 0;
    ck_assert_int_eq(control_call(path, SLICE("{}"), 100, &answer, &e), -1);
    ck_assert_int_eq(e.code, ERR_CONF);
    buf_fini(&answer);
}
END_TEST

/* A call that has not ended when its asker goes, and one that is open at the end. */
START_TEST(test_asker_goes)
{
    struct bed b;
    open_bed(&b);
    struct question q = {.path = b.path, .text = "{\"do\":\"later\"}", .timeout = 50};
    pthread_t thread;
    buf_init(&q.answer, 1000);
    ck_assert_int_eq(pthread_create(&thread, NULL, ask_thread, &q), 0);
    for (int64_t end = clock_mono_ms() + 5000; !(q.done && b.later) && clock_mono_ms() < end;)
        loop_turn(b.loop, 10);
    pthread_join(thread, NULL);
    ck_assert_int_eq(q.result, -1);
    ck_assert_ptr_nonnull(b.later);
    control_answer(b.later);
    control_done(b.later);
    for (int i = 0; i < 3; i++)
        loop_turn(b.loop, 10);
    buf_fini(&q.answer);
    close_bed(&b);
}
END_TEST

TCase *control_tests(void)
{
    TCase *t = tcase_create("control");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, test_round_trips);
    tcase_add_test(t, test_limits_and_rights);
    tcase_add_test(t, test_nobody_there);
    tcase_add_test(t, test_asker_goes);
    return t;
}
