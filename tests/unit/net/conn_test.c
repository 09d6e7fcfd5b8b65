#include "conn.h"

#include <sys/socket.h>
#include <unistd.h>
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"

/* Takes lines; what has no end yet stays with the connection. */
struct reader {
    struct loop *loop;
    struct conn_shared *shared;
    struct conn *conn;
    int peer;
    unsigned lines, calls;
    bool pause_each, resume_within, ended, closed, close_within, two;
    const char *why;
};

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct reader *r = arg;
    size_t end = slice_find(bytes, '\n');
    r->calls++;
    if (r->close_within) {
        conn_close(c);
        r->conn = NULL;
        r->closed = true;
        return 0;
    }
    if (end == bytes.n)
        return 0;
    r->lines++;
    r->two = r->lines >= 2;
    if (r->pause_each || r->resume_within)
        conn_pause(c);
    if (r->resume_within)
        conn_resume(c);
    return end + 1;
}

static void on_end(struct conn *c, void *arg)
{
    struct reader *r = arg;
    (void)c;
    r->ended = true;
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    struct reader *r = arg;
    (void)c;
    r->closed = true;
    r->conn = NULL;
    r->why = why;
}

static void open_reader(struct reader *r, size_t in_max, size_t out_max)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    struct conn_options o = {.in_max = in_max, .out_max = out_max};
    struct err e;
    int fd[2];
    *r = (struct reader){.peer = -1};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    ck_assert_int_eq(loop_open(&r->loop, &e), 0);
    ck_assert_int_eq(conn_shared_open(1024, &r->shared, &e), 0);
    ck_assert_int_eq(conn_open(r->loop, r->shared, fd[0], &o, &hooks, r, &r->conn, &e), 0);
    r->peer = fd[1];
}

static void close_reader(struct reader *r)
{
    conn_close(r->conn);
    conn_shared_close(r->shared);
    loop_close(r->loop);
    close(r->peer);
}

START_TEST(test_split_anywhere)
{
    struct slice text = SLICE("hello\nworld\n");
    for (size_t cut = 0; cut <= text.n; cut++) {
        struct reader r;
        open_reader(&r, 4096, 4096);
        r.resume_within = true;
        if (cut)
            bed_write(r.peer, slice_sub(text, 0, cut));
        loop_turn(r.loop, 20);
        if (cut < text.n)
            bed_write(r.peer, slice_sub(text, cut, text.n));
        bed_wait(r.loop, &r.two);
        ck_assert_uint_eq(conn_kept(r.conn), 0);
        close_reader(&r);
    }
}
END_TEST

/* Bytes that are here already raise no new event: resume must look at them. */
START_TEST(test_pause_and_resume)
{
    struct reader r;
    open_reader(&r, 4096, 4096);
    r.pause_each = true;
    bed_write(r.peer, SLICE("one\ntwo\nthree\n"));
    bool first = false;
    while (!first) {
        loop_turn(r.loop, 20);
        first = r.lines == 1;
    }
    loop_turn(r.loop, 20);
    ck_assert_uint_eq(r.lines, 1);
    ck_assert_uint_eq(conn_kept(r.conn), 10);
    conn_resume(r.conn);
    ck_assert_uint_eq(r.lines, 2);
    conn_resume(r.conn);
    ck_assert_uint_eq(r.lines, 3);
    ck_assert_uint_eq(conn_kept(r.conn), 0);
    close_reader(&r);
}
END_TEST

START_TEST(test_in_limit)
{
    struct reader r;
    char line[9000];
    open_reader(&r, 8192, 4096);
    memset(line, 'x', sizeof(line));
    bed_write(r.peer, slice_make(line, sizeof(line)));
    bed_wait(r.loop, &r.closed);
    ck_assert_ptr_nonnull(r.why);
    close_reader(&r);
}
END_TEST

START_TEST(test_out_limit_and_order)
{
    struct reader r;
    char block[65536];
    open_reader(&r, 4096, 512 * 1024);
    memset(block, 'a', sizeof(block));
    struct slice part = slice_make(block, sizeof(block));
    unsigned sent = 0;
    while (conn_send(r.conn, &part, 1))
        ck_assert_uint_lt(++sent, 1000);
    ck_assert_uint_le(conn_queued(r.conn), 512 * 1024);
    close_reader(&r);
    open_reader(&r, 4096, 8 << 20);
    size_t total = 0;
    for (unsigned i = 0; i < 40; i++) {
        memset(block, 'a' + (int)(i % 26), sizeof(block));
        ck_assert(conn_send(r.conn, &part, 1));
        total += sizeof(block);
    }
    ck_assert_uint_gt(conn_queued(r.conn), 0);
    struct buf got;
    buf_init(&got, 8 << 20);
    while (got.n < total) {
        char piece[8192];
        ssize_t n = recv(r.peer, piece, sizeof(piece), 0);
        if (n > 0)
            buf_put(&got, slice_make(piece, (size_t)n));
        loop_turn(r.loop, 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        memset(block, 'a' + (int)(i % 26), sizeof(block));
        ck_assert_mem_eq(got.p + i * sizeof(block), block, sizeof(block));
    }
    ck_assert_uint_eq(conn_queued(r.conn), 0);
    buf_fini(&got);
    close_reader(&r);
}
END_TEST

START_TEST(test_half_close)
{
    struct reader r;
    struct buf got;
    buf_init(&got, 4096);
    open_reader(&r, 4096, 4096);
    bed_write(r.peer, SLICE("one\n"));
    shutdown(r.peer, SHUT_WR);
    bed_wait(r.loop, &r.ended);
    ck_assert_uint_eq(r.lines, 1);
    struct slice answer = SLICE("still there");
    ck_assert(conn_send(r.conn, &answer, 1));
    conn_finish(r.conn);
    bed_wait(r.loop, &r.closed);
    ck_assert_ptr_null(r.why);
    bed_read(r.loop, r.peer, NULL, &got);
    kit_assert_slice(buf_slice(&got), answer);
    buf_fini(&got);
    close_reader(&r);
}
END_TEST

START_TEST(test_close_within_a_hook)
{
    struct reader r;
    open_reader(&r, 4096, 4096);
    r.close_within = true;
    bed_write(r.peer, SLICE("x"));
    bed_wait(r.loop, &r.closed);
    close_reader(&r);
}
END_TEST

TCase *conn_tests(void)
{
    TCase *t = tcase_create("conn");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, test_split_anywhere);
    tcase_add_test(t, test_pause_and_resume);
    tcase_add_test(t, test_in_limit);
    tcase_add_test(t, test_out_limit_and_order);
    tcase_add_test(t, test_half_close);
    tcase_add_test(t, test_close_within_a_hook);
    return t;
}
