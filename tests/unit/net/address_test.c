#include "address.h"

#include <stdio.h>
#include "kit.h"
#include "net_suites.h"

START_TEST(test_addresses)
{
    static const struct {
        const char *text, *back; /* NULL: refused */
    } rows[] = {
        {"127.0.0.1:2575", "127.0.0.1:2575"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"[::1]:80", "[::1]:80"},
        {"[fe80::1]:65535", "[fe80::1]:65535"},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:-1", NULL},
        {"::1:80", NULL},
        {"[::1:80", NULL},
        {"[127.0.0.1]:80", NULL},
        {"localhost:80", NULL},
        {"127.1:80", NULL},
        {":80", NULL},
        {"", NULL},
        {"1.2.3.4:80 ", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct address a;
        struct err e;
        struct kit_guard g;
        char out[ADDRESS_TEXT];
        kit_guard_open(&g, slice_str(rows[i].text));
        int r = address_parse(g.bytes, &a, &e);
        kit_guard_close(&g);
        ck_assert_msg((r == 0) == (rows[i].back != NULL), "%s", rows[i].text);
        if (r == 0)
            ck_assert_str_eq(address_text(&a, out).p, rows[i].back);
        else
            ck_assert_int_eq(e.code, ERR_CONF);
    }
}
END_TEST

static struct address ip(const char *text)
{
    char with_port[ADDRESS_TEXT];
    struct address a;
    struct err e;
    snprintf(with_port, sizeof(with_port), strchr(text, ':') ? "[%s]:1" : "%s:1", text);
    ck_assert_msg(address_parse(slice_str(with_port), &a, &e) == 0, "%s", e.text);
    return a;
}

START_TEST(test_networks)
{
    static const struct {
        const char *net, *in, *out;
    } rows[] = {
        {"10.0.0.0/8", "10.255.1.2", "11.0.0.0"},
        {"192.168.4.0/22", "192.168.7.255", "192.168.8.0"},
        {"1.2.3.4", "1.2.3.4", "1.2.3.5"},
        {"0.0.0.0/0", "8.8.8.8", "2001::1"},
        {"fd00::/8", "fdff::1", "fe00::1"},
        {"::1", "::1", "::2"},
        {"::/0", "2001::1", NULL},
        {"10.1.2.128/25", "10.1.2.200", "10.1.2.127"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct address_net n;
        struct err e;
        ck_assert_msg(address_net_parse(slice_str(rows[i].net), &n, &e) == 0, "%s", e.text);
        struct address in = ip(rows[i].in);
        ck_assert_msg(address_net_has(&n, &in), "%s", rows[i].net);
        struct address out = ip(rows[i].out ? rows[i].out : "::");
        ck_assert_msg(!rows[i].out || !address_net_has(&n, &out), "%s", rows[i].net);
    }
    static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0/33",  "::/129",   "10.0.0.0/", "x",
                                      "",           "10.0.0.0/8/8", "fd00::1/8"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct address_net n;
        struct err e;
        ck_assert_msg(address_net_parse(slice_str(bad[i]), &n, &e) == -1, "%s", bad[i]);
    }
}
END_TEST

START_TEST(test_public)
{
    static const char *const no[] = {
        "127.0.0.1",
        "127.255.255.255",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "64:ff9b:1::1",
    };
    static const char *const yes[] = {
        "8.8.8.8",         "172.15.0.1",  "172.32.0.1",     "100.128.0.1",
        "2606:4700::1111", "2a00::1",     "::ffff:8.8.8.8", "64:ff9b::808:808",
        "2002:808:808::",  "192.169.0.1", "169.253.255.255"};
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++) {
        struct address a = ip(no[i]);
        ck_assert_msg(!address_is_public(&a), "%s", no[i]);
    }
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++) {
        struct address a = ip(yes[i]);
        ck_assert_msg(address_is_public(&a), "%s", yes[i]);
    }
}
END_TEST

TCase *address_tests(void)
{
    TCase *t = tcase_create("address");
    tcase_add_test(t, test_addresses);
    tcase_add_test(t, test_networks);
    tcase_add_test(t, test_public);
    return t;
}
