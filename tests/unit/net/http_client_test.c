#include "http_client.h"

#include <stdio.h>
#include "http_date.h"
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"

struct client_bed {
    struct loop *loop;
    struct bed_server server;
    struct http_client *client;
    struct http_result last; /* body is not kept */
    size_t body_n;
    char text[256], url[128];
    unsigned answers;
    bool done, all;
};

static void on_done(const struct http_result *r, void *arg)
{
    struct client_bed *b = arg;
    b->last = *r;
    b->body_n = r->body.n;
    snprintf(b->text, sizeof(b->text), "%s", r->text);
    b->done = true;
    b->answers++;
    b->all = b->answers == 20;
}

/* Longer than any test waits: only a timeout that is meant comes. */
enum { NEVER_MS = 2 * BED_DEADLINE_MS };

static void open_bed_with(struct client_bed *b, struct slice answer, bool allow_private,
                          int64_t timeout_ms)
{
    struct http_client_options o = {.timeout_ms = timeout_ms, .response_max = 100};
    struct listen_options lo = {.max = 0};
    struct err e;
    char at[ADDRESS_TEXT];
    memset(b, 0, sizeof(*b));
    o.allow_private = allow_private;
    o.connections = 4;
    ck_assert_int_eq(loop_open(&b->loop, &e), 0);
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &lo.at, &e), 0);
    bed_server_open(&b->server, b->loop, &lo, answer);
    snprintf(b->url, sizeof(b->url), "http://%s/hook",
             address_text(listener_address(b->server.listener), at).p);
    ck_assert_int_eq(http_client_open(b->loop, &o, &b->client, &e), 0);
}

static void open_bed(struct client_bed *b, struct slice answer, bool allow_private)
{
    open_bed_with(b, answer, allow_private, NEVER_MS);
}

static void close_bed(struct client_bed *b)
{
    http_client_close(b->client);
    bed_server_close(&b->server);
    loop_close(b->loop);
}

static void post(struct client_bed *b, const char *url)
{
    struct http_header h = {"X-Request-Id", SLICE("r1")};
    struct http_request q = {.post = true,
                             .url = url,
                             .body = SLICE("{\"a\":1}"),
                             .content_type = SLICE("application/cloudevents+json"),
                             .bearer = SLICE("secret\n"),
                             .headers = &h,
                             .nheaders = 1};
    struct err e;
    b->done = false;
    ck_assert_msg(http_client_send(b->client, &q, on_done, b, NULL, &e) == 0, "%s", e.text);
}

START_TEST(test_a_request)
{
    struct client_bed b;
    open_bed(&b, SLICE("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"), true);
    post(&b, b.url);
    bed_wait(b.loop, &b.done);
    ck_assert_int_eq(b.last.fault, HTTP_FINE);
    ck_assert_int_eq(b.last.status, 202);
    ck_assert_int_eq(b.last.retry_after_ms, -1);
    ck_assert_uint_eq(b.body_n, 2);
    const char *got = buf_cstr(&b.server.got);
    ck_assert_ptr_nonnull(strstr(got, "POST /hook HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "Content-Type: application/cloudevents+json\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "Authorization: Bearer secret\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "X-Request-Id: r1\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "\r\n\r\n{\"a\":1}"));
    ck_assert_ptr_null(strstr(got, "Expect"));
    for (int i = 0; i < 19; i++)
        post(&b, b.url);
    ck_assert_uint_eq(http_client_active(b.client), 19);
    bed_wait(b.loop, &b.all);
    ck_assert_uint_le(b.server.nconns, 4); /* connections are kept and bounded */
    close_bed(&b);
}
END_TEST

START_TEST(test_answers)
{
    static const struct {
        const char *answer;
        bool hang_up;
        enum http_fault fault;
        int status;
        int64_t retry;
    } rows[] = {
        {"HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false, HTTP_FINE, 503,
         7000},
        {"HTTP/1.1 429 No\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", false, HTTP_FINE, 429,
         -1},
        {"HTTP/1.1 301 Go\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", false,
         HTTP_FINE, 301, -1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ncut", true, HTTP_FINE, 200, -1},
        {"SSH-2.0-x\r\n", true, HTTP_GARBAGE, 0, -1},
        {"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", false, HTTP_GARBAGE, 0, -1},
        {"", true, HTTP_GARBAGE, 0, -1},
        {NULL, false, HTTP_TIMEOUT, 0, -1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct client_bed b;
        open_bed_with(&b, slice_str(rows[i].answer), true,
                      rows[i].fault == HTTP_TIMEOUT ? 300 : NEVER_MS);
        b.server.hang_up = rows[i].hang_up;
        post(&b, b.url);
        bed_wait(b.loop, &b.done);
        ck_assert_msg(b.last.fault == rows[i].fault, "row %zu: %s %s", i,
                      http_fault_name(b.last.fault), b.text);
        ck_assert_int_eq(b.last.status, rows[i].status);
        ck_assert_int_eq(b.last.retry_after_ms, rows[i].retry);
        ck_assert_uint_eq(b.answers, 1);
        close_bed(&b);
    }
}
END_TEST

START_TEST(test_long_answer)
{
    struct client_bed b;
    char text[5000];
    int n =
        snprintf(text, sizeof(text), "HTTP/1.1 500 No\r\nContent-Length: 4000\r\n\r\n%04000d", 0);
    open_bed(&b, slice_make(text, (size_t)n), true);
    post(&b, b.url);
    bed_wait(b.loop, &b.done);
    ck_assert_int_eq(b.last.status, 500);
    ck_assert_uint_eq(b.body_n, 100);
    close_bed(&b);
}
END_TEST

START_TEST(test_guard)
{
    static const char *const hosts[] = {"127.0.0.1",  "localhost",      "[::1]",
                                        "2130706433", "0.0.0.0",        "[::ffff:127.0.0.1]",
                                        "0x7f.1",     "169.254.169.254"};
    struct client_bed b;
    open_bed(&b, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), false);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        char url[128];
        snprintf(url, sizeof(url), "http://%s:%u/", hosts[i],
                 listener_address(b.server.listener)->port);
        post(&b, url);
        bed_wait(b.loop, &b.done);
        ck_assert_msg(b.last.fault == HTTP_REFUSED_ADDRESS, "%s: %s", url, b.text);
    }
    ck_assert_uint_eq(b.server.requests, 0);
    close_bed(&b);
}
END_TEST

START_TEST(test_faults)
{
    struct client_bed b;
    struct address closed;
    char url[128], at[ADDRESS_TEXT];
    open_bed(&b, SLICE_ABSENT, true);
    closed = *listener_address(b.server.listener);
    bed_server_close(&b.server);
    snprintf(url, sizeof(url), "http://%s/", address_text(&closed, at).p);
    post(&b, url);
    bed_wait(b.loop, &b.done);
    ck_assert_msg(b.last.fault == HTTP_CONNECT, "%s", b.text);
    post(&b, "file:///etc/passwd");
    bed_wait(b.loop, &b.done);
    ck_assert_msg(b.last.fault == HTTP_CONFIG, "%s", b.text);
    struct listen_options lo = {.at = closed};
    lo.at.port = 0;
    bed_server_open(&b.server, b.loop, &lo, SLICE("this is no TLS\r\n"));
    snprintf(url, sizeof(url), "https://%s/",
             address_text(listener_address(b.server.listener), at).p);
    post(&b, url);
    bed_wait(b.loop, &b.done);
    ck_assert_msg(b.last.fault == HTTP_TLS, "%s", b.text);
    struct http_header h = {"X-A", SLICE("b\r\nX-Injected: c")};
    struct http_request q = {.url = url, .headers = &h, .nheaders = 1};
    struct err e;
    ck_assert_int_eq(http_client_send(b.client, &q, on_done, &b, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_INPUT);
    close_bed(&b);
}
END_TEST

START_TEST(test_cancel)
{
    struct client_bed b;
    struct http_call *call;
    struct err e;
    open_bed(&b, SLICE_ABSENT, true);
    struct http_request q = {.url = b.url};
    ck_assert_int_eq(http_client_send(b.client, &q, on_done, &b, &call, &e), 0);
    loop_turn(b.loop, 20);
    http_call_cancel(call);
    ck_assert_uint_eq(http_client_active(b.client), 0);
    post(&b, b.url); /* closing drops what is under way without a callback */
    loop_turn(b.loop, 20);
    close_bed(&b);
    ck_assert_uint_eq(b.answers, 0);
}
END_TEST

START_TEST(test_retry_after)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"0", 0},
        {" 120 ", 120000},
        {"-5", -1},
        {"1.5", -1},
        {"", -1},
        {"99999999999999999999", -1},
        {"9999999999999999", INT64_MAX},
        {"Sun, 06 Nov 1994 08:49:47 GMT", 10000},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10000},
        {"Sun Nov  6 08:49:47 1994", 10000},
        {"Sun, 06 Nov 1994 08:49:30 GMT", 0},
        {"Sun, 31 Feb 1994 08:49:30 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:47", -1},
    };
    const int64_t now = 784111777000; /* 1994-11-06T08:49:37Z */
    char date[HTTP_DATE_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        ck_assert_msg(http_retry_after(slice_str(rows[i].text), now) == rows[i].ms, "\"%s\"",
                      rows[i].text);
    ck_assert_str_eq(http_date_write(now, date).p, "Sun, 06 Nov 1994 08:49:37 GMT");
}
END_TEST

TCase *http_client_tests(void)
{
    TCase *t = tcase_create("http_client");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_a_request);
    tcase_add_test(t, test_answers);
    tcase_add_test(t, test_long_answer);
    tcase_add_test(t, test_guard);
    tcase_add_test(t, test_faults);
    tcase_add_test(t, test_cancel);
    tcase_add_test(t, test_retry_after);
    return t;
}
