/* Connections that come about, are refused, take too long, or are given up. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "dial.h"
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"

static struct loop *l;
static struct bed_server server;
static bool over;
static int fd;
static char why[200];

static void on_over(int got, const char *text, void *arg)
{
    (void)arg;
    over = true;
    fd = got;
    snprintf(why, sizeof(why), "%s", text ? text : "");
}

static void setup(void)
{
    struct listen_options o = {.max = 8};
    struct err err = {0};
    ck_assert_int_eq(loop_open(&l, &err), 0);
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &err), 0);
    bed_server_open(&server, l, &o, SLICE_ABSENT);
    over = false;
    fd = -1;
}

static void teardown(void)
{
    if (fd >= 0)
        close(fd);
    bed_server_close(&server);
    loop_close(l);
}

static void dial(const char *host, uint16_t port, int64_t ms)
{
    struct dial *d;
    struct err err = {0};
    ck_assert_msg(dial_start(l, host, port, ms, on_over, NULL, &d, &err) == 0, "%s", err.text);
    ck_assert(!over);
    bed_wait(l, &over);
}

START_TEST(an_address_and_a_name)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    dial(hosts[_i], listener_address(server.listener)->port, 4000);
    ck_assert_msg(fd >= 0, "%s", why);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    bed_write(fd, SLICE("x"));
}
END_TEST

START_TEST(nobody_listens)
{
    uint16_t port = listener_address(server.listener)->port;
    listener_close(server.listener);
    server.listener = NULL;
    dial("127.0.0.1", port, 4000);
    ck_assert_int_eq(fd, -1);
    ck_assert_msg(strstr(why, "refused") != NULL, "%s", why);
}
END_TEST

START_TEST(no_such_name)
{
    dial("no-such-host.invalid", 2575, 4000);
    ck_assert_int_eq(fd, -1);
    ck_assert_uint_gt(strlen(why), 0);
}
END_TEST

/* The thread that looks a name up may end later: nothing of it is left behind. */
START_TEST(given_up)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "no-such-host.invalid"};
    struct dial *d;
    struct err err = {0};
    ck_assert_int_eq(dial_start(l, hosts[_i], 1, 4000, on_over, NULL, &d, &err), 0);
    dial_cancel(d);
    loop_turn(l, 0);
    ck_assert(!over);
}
END_TEST

TCase *dial_tests(void)
{
    TCase *c = tcase_create("dial");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, an_address_and_a_name, 0, 2);
    tcase_add_test(c, nobody_listens);
    tcase_add_test(c, no_such_name);
    tcase_add_loop_test(c, given_up, 0, 3);
    return c;
}
