#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "conn.h"
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"
#include "tls_accept.h"
#include "tls_handshake.h"

enum { PATH = 128, BULK = 3 << 20 };

/* An authority with a server's and a client's certificate, in a folder of its own. */
static char folder[64];

static const char *file(const char *name)
{
    static char paths[4][PATH];
    static unsigned at;
    char *p = paths[at++ % 4];
    snprintf(p, PATH, "%s/%s", folder, name);
    return p;
}

static void make_certificates(void)
{
    static const char script[] =
        "cd %s && exec 2>/dev/null && umask 077 && printf 'subjectAltName=DNS:localhost,"
        "IP:127.0.0.1,URI:urn:x,email:a@b.c' >names && "
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
        "-keyout ca.key -out ca.pem && for n in server client; do openssl req -new -newkey ec "
        "-pkeyopt ec_paramgen_curve:P-256 -nodes -subj \"/O=R, ZZ/CN=$n\" -keyout $n.key -out "
        "$n.csr && openssl x509 -req -days 2 -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
        "-extfile names -out $n.pem || exit 1; done";
    char command[sizeof(script) + sizeof(folder)];
    signal(SIGPIPE, SIG_IGN);
    snprintf(folder, sizeof(folder), "/tmp/weir-tls-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(command, sizeof(command), script, folder);
    ck_assert_int_eq(system(command), 0);
}

static void remove_certificates(void)
{
    char command[PATH];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static struct tls *open_tls(bool server)
{
    char cert[PATH], key[PATH], ca[PATH];
    const char *name = server ? "server" : "client";
    snprintf(cert, sizeof(cert), "%s/%s.pem", folder, name);
    snprintf(key, sizeof(key), "%s/%s.key", folder, name);
    snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
    /* read again only by tls_renew, which these tests give files of their own */
    struct tls_options o = {
        .server = server, .cert_file = cert, .key_file = key, .ca_file = ca, .ask = server};
    struct tls *t = NULL;
    struct err e = {0};
    ck_assert_msg(tls_open(&o, &t, &e) == 0, "%s", e.text);
    return t;
}

/* One end: a conn that keeps what comes. */
struct end {
    struct conn *conn;
    struct buf got;
    size_t take_at_most; /* bytes of each call that are done with; 0: all */
    bool pause_each, ended, closed;
    struct tls_link *link;
    bool shaken;
    enum tls_fault fault;
};

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct end *e = arg;
    size_t n = e->take_at_most && e->take_at_most < bytes.n ? e->take_at_most : bytes.n;
    buf_put(&e->got, slice_sub(bytes, 0, n));
    if (e->pause_each)
        conn_pause(c);
    return n;
}

static void on_end(struct conn *c, void *arg)
{
    (void)c;
    ((struct end *)arg)->ended = true;
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    struct end *e = arg;
    (void)c;
    (void)why;
    e->conn = NULL;
    e->closed = true;
}

static void on_shaken(struct tls_link *link, enum tls_fault fault, const char *why, void *arg)
{
    struct end *e = arg;
    (void)why;
    e->shaken = true;
    e->fault = fault;
    e->link = fault == TLS_NO_FAULT ? link : NULL;
}

struct bed {
    struct loop *loop;
    struct conn_shared *shared;
    struct tls *server_tls, *client_tls;
    struct end server, client;
    int fd[2];
};

static void shake(struct bed *b, const char *host)
{
    struct tls_handshake *h;
    struct err e = {0};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b->fd), 0);
    ck_assert_int_eq(tls_handshake_start(b->loop, b->server_tls, b->fd[0], NULL, 5000, on_shaken,
                                         &b->server, &h, &e),
                     0);
    ck_assert_int_eq(tls_handshake_start(b->loop, b->client_tls, b->fd[1], host, 5000, on_shaken,
                                         &b->client, &h, &e),
                     0);
    bed_wait(b->loop, &b->client.shaken);
}

static void open_end(struct bed *b, struct end *e, int fd, size_t in_max)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    struct conn_options o = {.in_max = in_max, .out_max = 8 << 20, .tls = e->link};
    struct err err = {0};
    buf_init(&e->got, 8 << 20);
    ck_assert_int_eq(conn_open(b->loop, b->shared, fd, &o, &hooks, e, &e->conn, &err), 0);
}

static void open_bed(struct bed *b, size_t shared)
{
    struct err e = {0};
    *b = (struct bed){.server_tls = open_tls(true), .client_tls = open_tls(false)};
    ck_assert_int_eq(loop_open(&b->loop, &e), 0);
    ck_assert_int_eq(conn_shared_open(shared, &b->shared, &e), 0);
}

/* Both ends talk. */
static void open_talk(struct bed *b, size_t shared, size_t in_max)
{
    open_bed(b, shared);
    shake(b, "localhost");
    bed_wait(b->loop, &b->server.shaken);
    open_end(b, &b->server, b->fd[0], in_max);
    open_end(b, &b->client, b->fd[1], in_max);
}

static void close_bed(struct bed *b)
{
    conn_close(b->server.conn);
    conn_close(b->client.conn);
    buf_fini(&b->server.got);
    buf_fini(&b->client.got);
    conn_shared_close(b->shared);
    loop_close(b->loop);
    tls_close(b->server_tls);
    tls_close(b->client_tls);
}

static void wait_bytes(struct bed *b, struct end *e, size_t n)
{
    for (int turns = 0; e->got.n < n && turns < 20000; turns++) {
        loop_turn(b->loop, 20);
        if (e->conn && e->pause_each)
            conn_resume(e->conn);
    }
    ck_assert_uint_eq(e->got.n, n);
}

static struct slice bulk(void)
{
    static char bytes[BULK];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)('a' + i % 23);
    return slice_make(bytes, sizeof(bytes));
}

/* More than sockets and records hold, to a reader that takes a little and pauses: nothing is lost,
 * nothing waits for an event that does not come. */
START_TEST(test_much_to_a_slow_reader)
{
    static const struct {
        size_t shared, at_most;
        bool pause;
    } rows[] = {{128 << 10, 0, false}, {128 << 10, 0, true}, {1000, 0, true}, {4096, 3000, true}};
    struct bed b;
    struct slice all = bulk();
    open_talk(&b, rows[_i].shared, 64 << 10);
    b.server.take_at_most = rows[_i].at_most;
    b.server.pause_each = rows[_i].pause;
    ck_assert(conn_send(b.client.conn, &all, 1));
    ck_assert_uint_gt(conn_queued(b.client.conn), 0);
    wait_bytes(&b, &b.server, all.n);
    ck_assert(slice_eq(buf_slice(&b.server.got), all));
    close_bed(&b);
}
END_TEST

START_TEST(test_parts_leave_in_order)
{
    struct bed b;
    struct slice long_part = slice_sub(bulk(), 0, 20000);
    struct slice parts[] = {SLICE("one "), SLICE(""), long_part, SLICE(" two")};
    struct slice few[] = {SLICE("x"), SLICE("y")};
    open_talk(&b, 4096, 4096);
    ck_assert(conn_send(b.client.conn, parts, 4));
    ck_assert(conn_send(b.client.conn, few, 2));
    wait_bytes(&b, &b.server, 4 + long_part.n + 4 + 2);
    ck_assert_str_eq(buf_cstr(&b.server.got) + 4 + long_part.n, " twoxy");
    close_bed(&b);
}
END_TEST

/* The peer says that no more comes and still gets what is sent to it. */
START_TEST(test_end_and_finish)
{
    struct bed b;
    struct slice last = SLICE("last"), answer = SLICE("answer");
    open_talk(&b, 4096, 4096);
    ck_assert(conn_send(b.client.conn, &last, 1));
    conn_finish(b.client.conn);
    bed_wait(b.loop, &b.server.ended);
    kit_assert_slice(buf_slice(&b.server.got), last);
    ck_assert(!b.server.closed);
    ck_assert(conn_send(b.server.conn, &answer, 1));
    conn_finish(b.server.conn);
    bed_wait(b.loop, &b.server.closed);
    bed_wait(b.loop, &b.client.closed);
    close_bed(&b);
}
END_TEST

START_TEST(test_whose_certificate)
{
    static const struct {
        const char *subject, *alt;
        bool is;
    } rows[] = {
        {"CN=client", NULL, true},
        {"O=R\\, ZZ,CN=client", NULL, true},
        {"CN=client, O=R\\, ZZ", NULL, true},
        {"CN=Client", NULL, false},
        {"CN=clien", NULL, false},
        {"CN=client,OU=x", NULL, false},
        {"CN=client,CN=client", NULL, false},
        {"O=R", NULL, false},
        {"*", NULL, true},
        {NULL, "DNS:LOCALHOST", true},
        {NULL, "DNS:localhos", false},
        {NULL, "IP:127.0.0.1", true},
        {NULL, "IP:127.0.0.2", false},
        {NULL, "IP:::1", false},
        {NULL, "URI:urn:x", true},
        {NULL, "URI:urn:X", false},
        {NULL, "email:a@b.c", true},
        {"CN=client", "DNS:localhost", true},
        {"CN=client", "DNS:other", false},
        {"CN=other", "DNS:localhost", false},
        {NULL, NULL, false},
    };
    struct bed b;
    open_talk(&b, 4096, 4096);
    const struct tls_link *link = conn_tls(b.server.conn);
    ck_assert_str_eq(tls_link_subject(link), "O=R\\, ZZ,CN=client");
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct slice alt = rows[i].alt ? slice_str(rows[i].alt) : SLICE_ABSENT;
        struct tls_name name = {.subject =
                                    rows[i].subject ? slice_str(rows[i].subject) : SLICE_ABSENT,
                                .alt = &alt,
                                .nalt = rows[i].alt ? 1 : 0};
        struct err e = {0};
        ck_assert_msg(tls_name_check(&name, &e) == 0, "%s", e.text);
        ck_assert_msg(tls_link_is(link, &name) == rows[i].is, "row %zu", i);
    }
    close_bed(&b);
}
END_TEST

START_TEST(test_names_that_are_none)
{
    static const char *const subjects[] = {
        "", "client", "CN", "CN=", "XX=client", "CN=a,,O=b", "CN=a,b"};
    static const char *const alts[] = {"localhost", "DNS:", "IP:localhost", "IP:1.2.3", "dns:a"};
    struct err e = {0};
    for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++) {
        struct tls_name name = {.subject = slice_str(subjects[i])};
        ck_assert_msg(tls_name_check(&name, &e) == -1, "%s", subjects[i]);
    }
    for (size_t i = 0; i < sizeof(alts) / sizeof(*alts); i++) {
        struct slice alt = slice_str(alts[i]);
        struct tls_name name = {.alt = &alt, .nalt = 1};
        ck_assert_msg(tls_name_check(&name, &e) == -1, "%s", alts[i]);
    }
}
END_TEST

START_TEST(test_client_wants_the_right_host)
{
    static const struct {
        const char *host;
        enum tls_fault fault;
    } rows[] = {{"localhost", TLS_NO_FAULT},
                {"127.0.0.1", TLS_NO_FAULT},
                {NULL, TLS_NO_FAULT},
                {"other.nhs.uk", TLS_CERTIFICATE},
                {"127.0.0.2", TLS_CERTIFICATE}};
    struct bed b;
    open_bed(&b, 4096);
    shake(&b, rows[_i].host);
    ck_assert_int_eq(b.client.fault, rows[_i].fault);
    if (rows[_i].fault != TLS_NO_FAULT)
        close(b.fd[1]); /* the server hears the alert, and that nobody is there any more */
    bed_wait(b.loop, &b.server.shaken);
    ck_assert_int_eq(b.server.fault, rows[_i].fault ? TLS_REFUSED_BY : TLS_NO_FAULT);
    tls_link_close(b.server.link);
    tls_link_close(b.client.link);
    close(b.fd[0]);
    if (rows[_i].fault == TLS_NO_FAULT)
        close(b.fd[1]);
    close_bed(&b);
}
END_TEST

/* A server that gets one byte, or what is no TLS, or nothing. */
START_TEST(test_what_is_no_handshake)
{
    static const struct {
        const char *bytes;
        bool close;
        enum tls_fault fault;
    } rows[] = {{"\vMSH|^~\\&|", false, TLS_PLAIN_TEXT},
                {"GET / HTTP/1.1\r\n\r\n", false, TLS_PLAIN_TEXT},
                {"\x16\x03\x01", true, TLS_BROKEN},
                {"", true, TLS_BROKEN},
                {"\x16", false, TLS_SLOW}};
    struct bed b;
    struct tls_handshake *h;
    struct err e = {0};
    int fd[2];
    open_bed(&b, 4096);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
    bed_write(fd[1], slice_str(rows[_i].bytes));
    if (rows[_i].close)
        shutdown(fd[1], SHUT_WR);
    ck_assert_int_eq(
        tls_handshake_start(b.loop, b.server_tls, fd[0], NULL, 50, on_shaken, &b.server, &h, &e),
        0);
    bed_wait(b.loop, &b.server.shaken);
    ck_assert_int_eq(b.server.fault, rows[_i].fault);
    close(fd[0]);
    close(fd[1]);
    close_bed(&b);
}
END_TEST

static void copy_file(const char *from, const char *to)
{
    char command[3 * PATH];
    snprintf(command, sizeof(command), "cp -p %s/%s %s/%s.new && mv %s/%s.new %s/%s", folder, from,
             folder, to, folder, to, folder, to);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(test_changed_files)
{
    struct err e = {0};
    struct tls *t;
    char cert[PATH], key[PATH];
    copy_file("server.pem", "own.pem");
    copy_file("server.key", "own.key");
    snprintf(cert, sizeof(cert), "%s", file("own.pem"));
    snprintf(key, sizeof(key), "%s", file("own.key"));
    struct tls_options o = {.cert_file = cert, .key_file = key};
    ck_assert_int_eq(tls_open(&o, &t, &e), 0);
    ck_assert_int_eq(tls_renew(t, &e), 0);
    copy_file("client.pem", "own.pem"); /* its key has not come yet */
    ck_assert_int_eq(tls_renew(t, &e), -1);
    ck_assert_ptr_nonnull(strstr(e.text, "own.key"));
    ck_assert_int_eq(tls_renew(t, &e), 0);
    ck_assert_str_eq(tls_subject(t), "O=R\\, ZZ,CN=server");
    copy_file("client.key", "own.key");
    ck_assert_int_eq(tls_renew(t, &e), 1);
    ck_assert_str_eq(tls_subject(t), "O=R\\, ZZ,CN=client");
    ck_assert_int_eq(unlink(cert), 0);
    ck_assert_int_eq(tls_renew(t, &e), -1);
    ck_assert_int_eq(tls_renew(t, &e), 0);
    tls_close(t);
}
END_TEST

/* What tls_accept told. */
struct door {
    unsigned in, refused[TLS_TOO_MANY + 1];
    bool any;
};

static void on_in(int fd, struct tls_link *link, const struct address *peer, void *arg)
{
    struct door *d = arg;
    (void)peer;
    d->in++;
    d->any = true;
    tls_link_close(link);
    close(fd);
}

static void on_out(enum tls_fault fault, const char *subject, const char *why,
                   const struct address *peer, void *arg)
{
    struct door *d = arg;
    (void)subject;
    (void)why;
    (void)peer;
    d->refused[fault]++;
    d->any = true;
}

static void on_gone(void *arg)
{
    *(bool *)arg = true;
}

/* Two that say nothing fill the door; who comes at once is turned away, who comes a second later
 * gets in. */
START_TEST(test_limit_of_handshakes)
{
    static const struct tls_accept_hooks hooks = {on_in, on_out};
    struct bed b;
    struct door d = {0};
    struct tls_accept *a;
    struct address nobody = {.port = 0};
    struct err e = {0};
    int fd[4][2];
    open_bed(&b, 4096);
    struct tls_accept_rules rules = {.tls = b.server_tls, .time_ms = 60000, .max = 2};
    ck_assert_int_eq(tls_accept_open(b.loop, &rules, &hooks, &d, &a, &e), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd[i]), 0);
    for (int i = 0; i < 3; i++)
        tls_accept_start(a, fd[i][0], &nobody);
    ck_assert_uint_eq(tls_accept_under_way(a), 2);
    ck_assert_uint_eq(d.refused[TLS_TOO_MANY], 1);
    bool gone = false;
    struct loop_timer *second;
    ck_assert_int_eq(loop_timer_add(b.loop, on_gone, &gone, &second, &e), 0);
    loop_timer_start(second, 1100);
    bed_wait(b.loop, &gone);
    tls_accept_start(a, fd[3][0], &nobody);
    ck_assert_uint_eq(d.refused[TLS_SLOW], 1);
    struct tls_handshake *h;
    ck_assert_int_eq(tls_handshake_start(b.loop, b.client_tls, fd[3][1], NULL, 5000, on_shaken,
                                         &b.client, &h, &e),
                     0);
    d.any = false;
    bed_wait(b.loop, &d.any);
    bed_wait(b.loop, &b.client.shaken);
    ck_assert_uint_eq(d.in, 1);
    ck_assert_uint_eq(tls_accept_under_way(a), 1);
    tls_link_close(b.client.link);
    tls_accept_close(a);
    loop_timer_remove(second);
    for (int i = 0; i < 4; i++)
        close(fd[i][1]);
    close_bed(&b);
}
END_TEST

TCase *tls_tests(void)
{
    TCase *t = tcase_create("tls");
    tcase_set_timeout(t, 60);
    tcase_add_unchecked_fixture(t, make_certificates, remove_certificates);
    tcase_add_loop_test(t, test_much_to_a_slow_reader, 0, 4);
    tcase_add_test(t, test_parts_leave_in_order);
    tcase_add_test(t, test_end_and_finish);
    tcase_add_test(t, test_whose_certificate);
    tcase_add_test(t, test_names_that_are_none);
    tcase_add_loop_test(t, test_client_wants_the_right_host, 0, 5);
    tcase_add_loop_test(t, test_what_is_no_handshake, 0, 5);
    tcase_add_test(t, test_changed_files);
    tcase_add_test(t, test_limit_of_handshakes);
    return t;
}
