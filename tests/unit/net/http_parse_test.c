#include "http_parse.h"

#include <stdio.h>
#include "kit.h"
#include "net_suites.h"

#define HOST "Host: a\r\n"
#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

/* Feeds pieces as a connection would: what is not used comes again, with more behind it. */
static enum http_step feed(struct http_parse *x, struct slice all, size_t step)
{
    size_t from = 0, to = 0;
    enum http_step s = HTTP_MORE;
    while ((s == HTTP_MORE && to < all.n) || s == HTTP_HEADED) {
        struct kit_guard g;
        size_t used;
        if (s == HTTP_MORE)
            to = to + step < all.n ? to + step : all.n;
        kit_guard_open(&g, slice_sub(all, from, to));
        s = http_parse_feed(x, g.bytes, &used);
        kit_guard_close(&g);
        from += used;
    }
    return s;
}

START_TEST(test_requests)
{
    static const size_t steps[] = {1, 2, 3, 7, 1000};
    struct slice text =
        SLICE("\r\nPOST /in/x?y=1 HTTP/1.1\r\n" HOST "X-A:  b \r\nContent-Length: 5\r\nx-a: c\r\n"
              "Expect: 100-continue\r\n\r\nhello");
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct http_parse x;
        http_parse_init(&x, 1024, 64);
        ck_assert_int_eq(feed(&x, text, steps[i]), HTTP_WHOLE);
        kit_assert_slice(x.method, SLICE("POST"));
        kit_assert_slice(x.path, SLICE("/in/x"));
        kit_assert_slice(x.query, SLICE("y=1"));
        kit_assert_slice(http_parse_field(&x, "x-a"), SLICE("b"));
        ck_assert(http_parse_repeats(&x, "x-a"));
        ck_assert(!http_parse_repeats(&x, "content-length"));
        ck_assert(!slice_present(http_parse_field(&x, "x-b")));
        kit_assert_slice(buf_slice(&x.body), SLICE("hello"));
        ck_assert(x.keep_alive);
        ck_assert(x.expect);
        http_parse_reset(&x);
        struct slice chunked =
            SLICE("PUT / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
                  "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
        ck_assert_int_eq(feed(&x, chunked, steps[i]), HTTP_WHOLE);
        kit_assert_slice(buf_slice(&x.body), SLICE("abcde"));
        ck_assert(!x.keep_alive);
        ck_assert(!slice_present(http_parse_field(&x, "X-Trailer")));
        ck_assert_uint_eq(x.nfields, 3);
        http_parse_fini(&x);
    }
}
END_TEST

/* RFC 9110 §10.1.1. */
START_TEST(test_who_waits_for_a_100)
{
    static const struct {
        const char *text;
        bool expect;
    } rows[] = {
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na", true},
        {"POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 0\r\n\r\n", false},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct http_parse x;
        http_parse_init(&x, 1024, 64);
        ck_assert_int_eq(feed(&x, slice_str(rows[i].text), 1), HTTP_WHOLE);
        ck_assert_msg(x.expect == rows[i].expect, "row %zu", i);
        http_parse_fini(&x);
    }
}
END_TEST

/* What is asked of another protocol is passed over (RFC 9110 §7.8), the host of a target as well;
 * extensions of chunks and trailers are read by nobody. */
START_TEST(test_what_is_passed_over)
{
    static const struct {
        const char *text, *path, *body;
    } rows[] = {
        {"POST /a HTTP/1.1\r\n" HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
         "HTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 2\r\n\r\nab",
         "/a", "ab"},
        {"GET /a HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "/a", ""},
        {"GET https://b.example:8443/a?c=/d HTTP/1.1\r\n" HOST "\r\n", "/a", ""},
        {"GET http://b.example HTTP/1.1\r\n" HOST "\r\n", "", ""},
        {CHUNKED "1;a=b;c=\"d\xC3\xA4\"\r\nx\r\n001\r\ny\r\n0;e\r\nF: g\r\nH:\r\n\r\n", "/", "xy"},
        {CHUNKED "a\r\n0\r\n\r\n12345\r\n0\r\n\r\n", "/", "0\r\n\r\n12345"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t step = 1; step < 400; step += 199) {
            struct http_parse x;
            http_parse_init(&x, 1024, 64);
            ck_assert_msg(feed(&x, slice_str(rows[i].text), step) == HTTP_WHOLE, "row %zu", i);
            kit_assert_slice(x.path, slice_str(rows[i].path));
            kit_assert_slice(buf_slice(&x.body), slice_str(rows[i].body));
            http_parse_fini(&x);
        }
}
END_TEST

/* Bad input row 15. */
START_TEST(test_refusals)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\n" HOST
         "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\n" HOST
         "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1,1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length : 1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n", 413},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\n\r\n\r\n", 400},
        {"GET / HTTP/1.1\n" HOST "\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n folded\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 400},
        {"GET / H\r\n\r\n1.1\r\n" HOST "\r\n", 400},
        {"GET / HXXP/1.1\r\n" HOST "\r\n", 400},
        {"GET / XHTTP/1.1\r\n" HOST "\r\n", 400},
        {"GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", 400},
        {CHUNKED "5\r\nhello0\r\n\r\n", 400},
        {CHUNKED "5\r\nhello\r\n\r\n", 400},
        {CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED "-1\r\n", 400},
        {CHUNKED ";a\r\n", 400},
        {CHUNKED "5\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED "5;a\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED "5;a\rXhello\r\n0\r\n\r\n", 400},
        {CHUNKED "5\rXhello\r\n0\r\n\r\n", 400},
        {CHUNKED "5\r\nhello\rX0\r\n\r\n", 400},
        {CHUNKED "5;a=\"\x01\"\r\nhello\r\n0\r\n\r\n", 400},
        {CHUNKED "0\r\nA: b\n\r\n", 400},
        {CHUNKED "0\r\nA: b\r\n folded\r\n\r\n", 400},
        {CHUNKED "0\r\n: b\r\n\r\n", 400},
        {CHUNKED "0\r\n\rX", 400},
        {CHUNKED "0000000000000000\r\n\r\n", 400},
        {CHUNKED "fffffffffffffff\r\n", 413},
        {CHUNKED "41\r\n", 413},
        {"\x16\x03\x01 hello", 0},
        {"nonsense\r\n\r\n", 400},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t step = 1; step < 400; step += 199) {
            struct http_parse x;
            http_parse_init(&x, 1024, 64);
            enum http_step s = feed(&x, slice_str(rows[i].text), step);
            ck_assert_msg(s == (rows[i].status ? HTTP_BAD : HTTP_MORE), "row %zu", i);
            ck_assert_msg(x.refusal == rows[i].status, "row %zu: %d", i, x.refusal);
            http_parse_fini(&x);
        }
}
END_TEST

START_TEST(test_limits)
{
    struct http_parse x;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_puts(&text, "GET / HTTP/1.1\r\n" HOST "A: ");
    while (text.n < 1023)
        buf_putc(&text, 'x');
    http_parse_init(&x, 1024, 64);
    ck_assert_int_eq(feed(&x, buf_slice(&text), 1000), HTTP_MORE);
    buf_putc(&text, 'x');
    ck_assert_int_eq(feed(&x, buf_slice(&text), 2000), HTTP_BAD);
    ck_assert_int_eq(x.refusal, 431);
    http_parse_fini(&x);
    buf_reset(&text);
    buf_puts(&text, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < HTTP_HEADERS_MAX; i++)
        buf_printf(&text, "A%d: b\r\n", i);
    buf_puts(&text, "\r\n");
    http_parse_init(&x, 4096, 64);
    ck_assert_int_eq(feed(&x, buf_slice(&text), 100000), HTTP_BAD);
    ck_assert_int_eq(x.refusal, 431);
    http_parse_fini(&x);
    buf_reset(&text);
    buf_puts(&text, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n41\r\n");
    for (int i = 0; i < 0x41; i++)
        buf_putc(&text, 'y');
    http_parse_init(&x, 1024, 64);
    ck_assert_int_eq(feed(&x, buf_slice(&text), 10), HTTP_BAD);
    ck_assert_int_eq(x.refusal, 413);
    http_parse_fini(&x);
    buf_reset(&text);
    buf_puts(&text, CHUNKED);
    for (int i = 0; i < 20; i++)
        buf_printf(&text, "1;%0500d\r\nx\r\n", 0);
    http_parse_init(&x, 1024, 64);
    ck_assert_int_eq(feed(&x, buf_slice(&text), 10), HTTP_BAD);
    ck_assert_int_eq(x.refusal, 400);
    http_parse_fini(&x);
    buf_fini(&text);
}
END_TEST

TCase *http_parse_tests(void)
{
    TCase *t = tcase_create("http_parse");
    tcase_add_test(t, test_requests);
    tcase_add_test(t, test_who_waits_for_a_100);
    tcase_add_test(t, test_what_is_passed_over);
    tcase_add_test(t, test_refusals);
    tcase_add_test(t, test_limits);
    return t;
}
