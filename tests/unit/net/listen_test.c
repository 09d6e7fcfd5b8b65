#include <sys/resource.h>
#include <unistd.h>
#include "clock.h"
#include "kit.h"
#include "net_bed.h"
#include "net_suites.h"

static struct loop *open_loop(void)
{
    struct loop *l = NULL;
    struct err e;
    ck_assert_int_eq(loop_open(&l, &e), 0);
    return l;
}

static struct listen_options any_port(void)
{
    struct listen_options o = {.max = 0};
    struct err e;
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &e), 0);
    return o;
}

static void turn_until(struct loop *l, const unsigned *value, unsigned wanted)
{
    for (int64_t end = clock_mono_ms() + 5000; *value != wanted && clock_mono_ms() < end;)
        loop_turn(l, 20);
    ck_assert_uint_eq(*value, wanted);
}

START_TEST(test_who_may_connect)
{
    struct loop *l = open_loop();
    struct address_net net;
    struct err e;
    struct bed_server s;
    struct listen_options o = any_port();
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    int one = bed_connect(listener_address(s.listener));
    turn_until(l, &s.nconns, 1); /* no list: loopback */
    close(one);
    bed_server_close(&s);
    ck_assert_int_eq(address_net_parse(SLICE("10.0.0.0/8"), &net, &e), 0);
    o.allow = &net;
    o.nallow = 1;
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    int two = bed_connect(listener_address(s.listener));
    turn_until(l, &s.refused, 1);
    ck_assert_int_eq(s.why, LISTEN_NOT_ALLOWED);
    close(two);
    bed_server_close(&s);
    loop_close(l);
}
END_TEST

START_TEST(test_how_many)
{
    struct loop *l = open_loop();
    struct bed_server s;
    struct listen_options o = any_port();
    int fd[3];
    o.per_peer = 2;
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    for (int i = 0; i < 3; i++)
        fd[i] = bed_connect(listener_address(s.listener));
    turn_until(l, &s.refused, 1);
    ck_assert_int_eq(s.why, LISTEN_PEER_TOO_MANY);
    turn_until(l, &s.nconns, 2);
    struct address peer = *listener_address(s.listener);
    listener_release(s.listener, &peer);
    ck_assert_uint_eq(listener_connections(s.listener), 1);
    int again = bed_connect(listener_address(s.listener));
    turn_until(l, &s.nconns, 3); /* a place was given back */
    close(again);
    for (int i = 0; i < 3; i++)
        close(fd[i]);
    bed_server_close(&s);
    o.per_peer = 0;
    o.max = 1;
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    fd[0] = bed_connect(listener_address(s.listener));
    fd[1] = bed_connect(listener_address(s.listener));
    turn_until(l, &s.refused, 1);
    ck_assert_int_eq(s.why, LISTEN_TOO_MANY);
    close(fd[0]);
    close(fd[1]);
    bed_server_close(&s);
    loop_close(l);
}
END_TEST

/* Without descriptors a caller is turned away, and the loop does not spin on it. */
START_TEST(test_another_address_and_other_rules)
{
    struct loop *l = open_loop();
    struct bed_server s;
    struct listen_options o = any_port();
    struct listener *fresh;
    struct err e;
    o.per_peer = 2;
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    int first = bed_connect(listener_address(s.listener));
    turn_until(l, &s.nconns, 1);
    ck_assert_int_eq(listener_open(l, &o, &bed_listen_hooks, &s, &fresh, &e), 0);
    listener_replace(fresh, s.listener);
    s.listener = fresh;
    ck_assert_uint_eq(listener_connections(fresh), 1);
    int second = bed_connect(listener_address(fresh));
    turn_until(l, &s.nconns, 2);
    int third = bed_connect(listener_address(fresh));
    turn_until(l, &s.refused, 1); /* the one before counts */
    ck_assert_int_eq(s.why, LISTEN_PEER_TOO_MANY);
    o.per_peer = 3;
    ck_assert_int_eq(listener_rules(fresh, &o), 0);
    int fourth = bed_connect(listener_address(fresh));
    turn_until(l, &s.nconns, 3);
    o.nallow = LISTEN_ALLOW_MAX + 1;
    ck_assert_int_eq(listener_rules(fresh, &o), -1);
    close(first);
    close(second);
    close(third);
    close(fourth);
    bed_server_close(&s);
    loop_close(l);
}
END_TEST

START_TEST(test_out_of_descriptors)
{
    struct loop *l = open_loop();
    struct bed_server s;
    struct listen_options o = any_port();
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    int fd = bed_connect(listener_address(s.listener));
    struct rlimit old, none;
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = (rlim_t)fd + 1; /* as many as are open now */
    setrlimit(RLIMIT_NOFILE, &none);
    turn_until(l, &s.refused, 1);
    setrlimit(RLIMIT_NOFILE, &old);
    ck_assert_int_eq(s.why, LISTEN_NO_FD);
    int later = bed_connect(listener_address(s.listener));
    turn_until(l, &s.nconns, 1);
    close(fd);
    close(later);
    bed_server_close(&s);
    loop_close(l);
}
END_TEST

START_TEST(test_address_in_use)
{
    struct loop *l = open_loop();
    struct bed_server s;
    struct listener *second = NULL;
    static const struct listen_hooks hooks = {NULL, NULL};
    struct listen_options o = any_port();
    struct err e;
    bed_server_open(&s, l, &o, SLICE_ABSENT);
    o.at = *listener_address(s.listener);
    ck_assert_int_eq(listener_open(l, &o, &hooks, NULL, &second, &e), -1);
    ck_assert_int_eq(e.code, ERR_IO);
    ck_assert_ptr_nonnull(strstr(e.text, "127.0.0.1:"));
    bed_server_close(&s);
    loop_close(l);
}
END_TEST

TCase *listen_tests(void)
{
    TCase *t = tcase_create("listen");
    tcase_add_test(t, test_who_may_connect);
    tcase_add_test(t, test_how_many);
    tcase_add_test(t, test_another_address_and_other_rules);
    tcase_add_test(t, test_out_of_descriptors);
    tcase_add_test(t, test_address_in_use);
    return t;
}
