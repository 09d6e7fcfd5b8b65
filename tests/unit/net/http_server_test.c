#include "http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "clock.h"
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"

struct site_bed {
    struct loop *loop;
    struct http_server *server;
    struct http_exchange *later; /* kept for an answer from outside */
    bool has_later;
    unsigned served, gone, judged;
    size_t answer; /* bytes of /long */
};

static void on_gone(void *arg)
{
    ((struct site_bed *)arg)->gone++;
}

static void serve(struct http_exchange *x, void *arg)
{
    struct site_bed *b = arg;
    b->served++;
    if (slice_eq_str(http_path(x), "/later")) {
        b->later = x;
        b->has_later = true;
        return;
    }
    if (slice_eq_str(http_path(x), "/defer")) {
        b->later = x;
        b->has_later = true;
        http_defer(x, on_gone, b);
        return;
    }
    if (slice_eq_str(http_path(x), "/long")) {
        char *text = calloc(1, b->answer);
        ck_assert_ptr_nonnull(text);
        memset(text, 'x', b->answer);
        http_reply(x, 200, "text/plain", slice_make(text, b->answer));
        free(text);
        return;
    }
    http_reply(x, slice_eq_str(http_path(x), "/echo") ? 200 : 404, "text/plain",
               http_body(x).n ? http_body(x) : http_path(x));
}

static void open_with(struct site_bed *b, struct http_server_options o)
{
    struct err e;
    *b = (struct site_bed){.served = 0};
    ck_assert_int_eq(loop_open(&b->loop, &e), 0);
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &e), 0);
    ck_assert_int_eq(http_server_open(b->loop, &o, serve, b, &b->server, &e), 0);
}

static void open_bed(struct site_bed *b, int64_t head_ms, int64_t body_ms)
{
    open_with(b, (struct http_server_options){.head_ms = head_ms, .body_ms = body_ms});
}

/* Nobody may post to /kept. */
static void judge(struct http_exchange *x, void *arg)
{
    struct site_bed *b = arg;
    b->judged++;
    ck_assert_uint_eq(http_body(x).n, 0);
    if (slice_eq_str(http_path(x), "/kept"))
        http_reply(x, 401, "text/plain", SLICE("not you"));
}

static void open_judging(struct site_bed *b)
{
    static const struct http_server_hooks hooks = {.head = judge};
    open_with(b, (struct http_server_options){.hooks = &hooks});
}

static void close_bed(struct site_bed *b)
{
    http_server_close(b->server);
    loop_close(b->loop);
}

/* Sends text and returns what came until `stop`, or until the server closed. */
static struct buf ask(struct site_bed *b, int fd, const char *text, const char *stop)
{
    struct buf got;
    buf_init(&got, 1 << 20);
    bed_write(fd, slice_str(text));
    bed_read(b->loop, fd, stop, &got);
    return got;
}

START_TEST(test_keep_alive_and_pipelining)
{
    struct site_bed b;
    open_bed(&b, 0, 0);
    int fd = bed_connect(http_server_address(b.server));
    struct buf got = ask(&b, fd, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", "/echo");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 200 OK\r\n"));
    ck_assert_ptr_null(strstr(buf_cstr(&got), "Connection: close"));
    buf_fini(&got);
    got = ask(&b, fd,
              "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none"
              "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo"
              "HEAD /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
              NULL);
    const char *one = strstr(buf_cstr(&got), "one"), *two = strstr(buf_cstr(&got), "two");
    ck_assert(one && two && one < two);
    ck_assert_ptr_nonnull(strstr(two, "404 Not Found"));
    ck_assert_ptr_null(strstr(two, "/nothing"));
    ck_assert_uint_eq(b.served, 4);
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

START_TEST(test_answer_from_outside)
{
    struct site_bed b;
    struct buf got;
    open_bed(&b, 0, 0);
    buf_init(&got, 4096);
    int fd = bed_connect(http_server_address(b.server));
    bed_write(fd,
              SLICE("GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    bed_wait(b.loop, &b.has_later);
    ck_assert_uint_eq(b.served, 1); /* the next one waits */
    http_reply(b.later, 200, "text/plain", SLICE("at last"));
    bed_read(b.loop, fd, "/echo", &got);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "at last"));
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

static int defer(struct site_bed *b)
{
    open_bed(b, 0, 0);
    int fd = bed_connect(http_server_address(b->server));
    bed_write(fd, SLICE("GET /defer HTTP/1.1\r\nHost: a\r\n\r\n"));
    bed_wait(b->loop, &b->has_later);
    return fd;
}

START_TEST(test_an_answer_that_was_given_is_nobody_s_any_more)
{
    struct site_bed b;
    struct buf got;
    int fd = defer(&b);
    buf_init(&got, 4096);
    http_reply_field(b.later, "Retry-After", "5");
    http_reply(b.later, 503, "text/plain", SLICE("at last"));
    bed_read(b.loop, fd, "at last", &got);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 503 "));
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "Retry-After: 5\r\n"));
    buf_reset(&got);
    bed_write(fd, SLICE("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    bed_read(b.loop, fd, NULL, &got);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "200 OK"));
    ck_assert_ptr_null(strstr(buf_cstr(&got), "Retry-After"));
    close(fd);
    close_bed(&b);
    ck_assert_uint_eq(b.gone, 0);
    buf_fini(&got);
}
END_TEST

/* Nobody reads while a request is served, so that who leaves is not noticed; the answer finds it
 * out.
 */
START_TEST(test_who_left_before_its_answer_is_answered_to_nobody)
{
    struct site_bed b;
    int fd = defer(&b);
    const struct linger at_once = {.l_onoff = 1}; /* a reset */
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(fd);
    http_reply(b.later, 200, "text/plain", SLICE("too late"));
    for (int i = 0; i < 1000 && http_server_connections(b.server); i++)
        loop_turn(b.loop, 20);
    ck_assert_uint_eq(http_server_connections(b.server), 0);
    ck_assert_uint_eq(b.gone, 0);
    close_bed(&b);
}
END_TEST

START_TEST(test_a_server_that_closes_says_so_to_those_who_would_answer)
{
    struct site_bed b;
    int fd = defer(&b);
    http_server_drain(b.server);
    ck_assert_uint_eq(b.gone, 0);
    close_bed(&b);
    ck_assert_uint_eq(b.gone, 1);
    close(fd);
}
END_TEST

START_TEST(test_bad_requests_are_answered_and_cut)
{
    struct site_bed b;
    open_bed(&b, 0, 0);
    int fd = bed_connect(http_server_address(b.server));
    struct buf got = ask(&b, fd,
                         "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /echo HTTP/1.1\r\n\r\n",
                         NULL);
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 400 "));
    ck_assert_ptr_null(strstr(buf_cstr(&got), "200 OK"));
    ck_assert_uint_eq(b.served, 0);
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

START_TEST(test_what_dribbles_is_cut)
{
    static const char *const begun[] = {
        "GET / HTTP/1.1\r\nHos", "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab"};
    for (int i = 0; i < 2; i++) {
        struct site_bed b;
        open_bed(&b, 100, 100);
        int fd = bed_connect(http_server_address(b.server));
        struct buf got = ask(&b, fd, begun[i], NULL);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 408 "));
        buf_fini(&got);
        close(fd);
        close_bed(&b);
    }
}
END_TEST

/* Who may not is answered at the end of the head: no body is asked for, none is read. */
START_TEST(test_heads_are_judged_before_bodies)
{
    static const char *const bodies[] = {"Content-Length: 60000\r\nExpect: 100-continue\r\n\r\n",
                                         "Content-Length: 60000\r\n\r\nhalf of it",
                                         "Transfer-Encoding: chunked\r\n\r\n",
                                         "Content-Length: 4\r\n\r\nbodyGET /echo HTTP/1.1"};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        struct site_bed b;
        char text[256];
        open_judging(&b);
        snprintf(text, sizeof(text), "POST /kept HTTP/1.1\r\nHost: a\r\n%s", bodies[i]);
        int fd = bed_connect(http_server_address(b.server));
        struct buf got = ask(&b, fd, text, NULL);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 401 "));
        ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "Connection: close"));
        ck_assert_ptr_null(strstr(buf_cstr(&got), "100 Continue"));
        ck_assert_uint_eq(b.served, 0);
        ck_assert_uint_eq(b.judged, 1);
        buf_fini(&got);
        close(fd);
        close_bed(&b);
    }
}
END_TEST

/* Where no body follows, the connection goes on; who may is asked for the body. */
START_TEST(test_a_refusal_without_a_body_keeps_the_connection)
{
    struct site_bed b;
    open_judging(&b);
    int fd = bed_connect(http_server_address(b.server));
    struct buf got = ask(&b, fd,
                         "GET /kept HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\n"
                         "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n",
                         "100 Continue\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 401 "));
    ck_assert_ptr_null(strstr(buf_cstr(&got), "Connection: close"));
    buf_fini(&got);
    got = ask(&b, fd, "abc", "abc");
    ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "HTTP/1.1 200 "));
    ck_assert_uint_eq(b.judged, 2);
    ck_assert_uint_eq(b.served, 1);
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

/* The last answer of a connection reaches a peer that takes seconds for it. */
START_TEST(test_a_long_answer_and_a_slow_reader)
{
    enum { LONG = 16 << 20, PIECE = 512 << 10 };
    struct site_bed b;
    size_t total = 0;
    ssize_t n = -1;
    char *piece = malloc(PIECE);
    ck_assert_ptr_nonnull(piece);
    open_with(&b, (struct http_server_options){.answer_max = LONG});
    b.answer = LONG;
    int fd = bed_connect(http_server_address(b.server));
    bed_write(fd, SLICE("GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    for (int i = 0; n && i < 1000; i++) {
        int64_t until = clock_mono_ms() + 100;
        while (clock_mono_ms() < until)
            loop_turn(b.loop, 20);
        n = recv(fd, piece, PIECE, MSG_DONTWAIT);
        total += n > 0 ? (size_t)n : 0;
    }
    ck_assert_uint_gt(total, LONG);
    free(piece);
    close(fd);
    close_bed(&b);
}
END_TEST

/* More than least bytes of what comes, or all until the end, in large pieces. */
static void drink_some(struct site_bed *b, int fd, size_t least, struct buf *ret)
{
    enum { PIECE = 512 << 10 };
    ssize_t n = -1;
    for (int64_t end = clock_mono_ms() + BED_DEADLINE_MS;
         n != 0 && ret->n <= least && clock_mono_ms() < end;) {
        char *to = buf_reserve(ret, PIECE);
        ck_assert_ptr_nonnull(to);
        loop_turn(b->loop, 5);
        n = recv(fd, to, PIECE, MSG_DONTWAIT);
        ret->n += n > 0 ? (size_t)n : 0;
    }
    ck_assert(n == 0 || ret->n > least);
}

static void drink(struct site_bed *b, int fd, struct buf *ret)
{
    drink_some(b, fd, SIZE_MAX, ret);
}

/* One that is longer than may be queued is not begun. */
START_TEST(test_an_answer_that_is_too_long)
{
    enum { LONG = 20000 };
    for (unsigned more = 0; more < 2; more++) {
        struct site_bed b;
        open_with(&b, (struct http_server_options){.answer_max = LONG});
        b.answer = LONG + more;
        int fd = bed_connect(http_server_address(b.server));
        struct buf got =
            ask(&b, fd, "GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", NULL);
        const char *text = buf_cstr(&got);
        ck_assert_int_eq(strncmp(text, more ? "HTTP/1.1 500 " : "HTTP/1.1 200 ", 13), 0);
        ck_assert_int_eq(strstr(text, "xxxx") == NULL, more);
        ck_assert(more || got.n > LONG);
        ck_assert(!more || strstr(text, "Content-Length: 21\r\n"));
        buf_fini(&got);
        close(fd);
        close_bed(&b);
    }
}
END_TEST

/* What is queued already leaves whole. */
START_TEST(test_an_answer_that_is_too_long_behind_another)
{
    enum { LONG = 24 << 20 };
    static const char again[] = "GET /long HTTP/1.1\r\nHost: a\r\n\r\n";
    struct site_bed b;
    struct buf got;
    open_with(&b, (struct http_server_options){.answer_max = LONG});
    b.answer = LONG;
    buf_init(&got, 2 * LONG);
    int fd = bed_connect(http_server_address(b.server));
    bed_write(fd, slice_str(again));
    bed_write(fd, slice_str(again));
    drink(&b, fd, &got);
    const char *end = strstr(buf_cstr(&got), "xHTTP/1.1 500 ");
    ck_assert_ptr_nonnull(end);
    ck_assert_uint_gt((size_t)(end - got.p), LONG);
    ck_assert_uint_eq(b.served, 2);
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

static void begin_body(struct site_bed *b, int fd, const char *path, size_t n)
{
    char head[128], body[40000];
    memset(body, 'x', sizeof(body));
    ck_assert_uint_le(n, sizeof(body));
    snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n",
             path);
    bed_write(fd, slice_str(head));
    bed_write(fd, slice_make(body, n));
    for (int i = 0; i < 20; i++)
        loop_turn(b->loop, 1);
}

/* What is asked beside those that hold as much as may be held. */
START_TEST(test_all_bodies_together)
{
    struct site_bed b;
    struct buf got;
    open_with(&b, (struct http_server_options){.body_max = 40000, .bodies_max = 50000});
    buf_init(&got, 1 << 20);
    int one = bed_connect(http_server_address(b.server));
    begin_body(&b, one, "/defer", 39999);
    for (int answered = 0; answered < 2; answered++) { /* while it comes, and while it waits */
        int two = bed_connect(http_server_address(b.server));
        begin_body(&b, two, "/echo", 40000);
        bed_read(b.loop, two, NULL, &got);
        ck_assert_int_eq(strncmp(buf_cstr(&got), "HTTP/1.1 503 ", 13), 0);
        ck_assert_ptr_nonnull(strstr(buf_cstr(&got), "\r\nRetry-After: 5\r\n"));
        buf_reset(&got);
        close(two);
        if (!answered)
            bed_write(one, SLICE("x"));
        bed_wait(b.loop, &b.has_later);
        ck_assert_uint_eq(http_body(b.later).n, answered ? 0 : 40000);
        http_drop_body(b.later);
    }
    int three = bed_connect(http_server_address(b.server));
    buf_reset(&got);
    bed_write(three, SLICE("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"));
    bed_read(b.loop, three, "/echo", &got); /* it needs nothing */
    http_reply(b.later, 200, "text/plain", SLICE("taken"));
    buf_reset(&got);
    begin_body(&b, three, "/echo", 40000);
    bed_read(b.loop, three, "xxxx", &got);
    ck_assert_int_eq(strncmp(buf_cstr(&got), "HTTP/1.1 200 ", 13), 0);
    buf_fini(&got);
    close(one);
    close(three);
    close_bed(&b);
}
END_TEST

/* One alone may be as long as a body may be. */
START_TEST(test_a_body_alone)
{
    struct site_bed b;
    struct buf got;
    open_with(&b, (struct http_server_options){.body_max = 40000, .bodies_max = 1000});
    buf_init(&got, 1 << 20);
    int fd = bed_connect(http_server_address(b.server));
    for (int i = 0; i < 2; i++) {
        begin_body(&b, fd, "/echo", 40000);
        drink_some(&b, fd, 40000, &got);
        ck_assert_int_eq(strncmp(buf_cstr(&got), "HTTP/1.1 200 ", 13), 0);
        buf_reset(&got);
    }
    buf_fini(&got);
    close(fd);
    close_bed(&b);
}
END_TEST

/* A server that drains is quiet once all has left. */
START_TEST(test_quiet_is_after_the_last_byte)
{
    enum { LONG = 16 << 20 };
    struct site_bed b;
    struct buf got;
    open_with(&b, (struct http_server_options){.answer_max = LONG});
    b.answer = LONG;
    buf_init(&got, 2 * LONG);
    int fd = bed_connect(http_server_address(b.server));
    bed_write(fd, SLICE("GET /long HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (b.served == 0)
        loop_turn(b.loop, 20);
    http_server_drain(b.server);
    ck_assert(!http_server_quiet(b.server));
    drink(&b, fd, &got);
    ck_assert_uint_gt(got.n, LONG);
    close(fd);
    for (int i = 0; i < 1000 && !http_server_quiet(b.server); i++)
        loop_turn(b.loop, 20);
    ck_assert(http_server_quiet(b.server));
    buf_fini(&got);
    close_bed(&b);
}
END_TEST

TCase *http_server_tests(void)
{
    TCase *t = tcase_create("http_server");
    tcase_set_timeout(t, 30);
    tcase_add_test(t, test_keep_alive_and_pipelining);
    tcase_add_test(t, test_answer_from_outside);
    tcase_add_test(t, test_an_answer_that_was_given_is_nobody_s_any_more);
    tcase_add_test(t, test_who_left_before_its_answer_is_answered_to_nobody);
    tcase_add_test(t, test_a_server_that_closes_says_so_to_those_who_would_answer);
    tcase_add_test(t, test_bad_requests_are_answered_and_cut);
    tcase_add_test(t, test_what_dribbles_is_cut);
    tcase_add_test(t, test_heads_are_judged_before_bodies);
    tcase_add_test(t, test_a_refusal_without_a_body_keeps_the_connection);
    tcase_add_test(t, test_a_long_answer_and_a_slow_reader);
    tcase_add_test(t, test_an_answer_that_is_too_long);
    tcase_add_test(t, test_an_answer_that_is_too_long_behind_another);
    tcase_add_test(t, test_quiet_is_after_the_last_byte);
    tcase_add_test(t, test_all_bodies_together);
    tcase_add_test(t, test_a_body_alone);
    return t;
}
