/* What is audited of peers that are not let in. */
#include <stdio.h>
#include "adapters_bed.h"
#include "refused_peers.h"
#include "stream_bed.h"

static const struct slice KEY = {"a key of the tests, of no use elsewhere", 39};
enum { HOUR = 3600 * 1000 };

struct talk {
    struct stream_bed bed;
    struct stream *s;
    struct audit *audit;
    struct refused_peers peers;
    unsigned records; /* read so far */
};

static void talk_open(struct talk *t)
{
    struct err err = {0};
    *t = (struct talk){0};
    stream_bed_open(&t->bed, "memory");
    t->s = stream_bed_handle(&t->bed, "acute");
    ck_assert_msg(audit_open(t->s, SLICE("acute"), KEY, 1000, &t->audit, &err) == 0, "%s",
                  err.text);
    refused_peers_init(&t->peers, t->audit);
}

static void talk_close(struct talk *t)
{
    audit_close(t->audit);
    stream_close(t->s);
    stream_bed_close(&t->bed);
}

static void refuse(struct talk *t, unsigned host, const char *reason, int64_t now)
{
    struct address peer;
    struct err err;
    char text[ADDRESS_TEXT];
    snprintf(text, sizeof(text), "10.0.%u.%u:1", host / 256, host % 256);
    ck_assert_int_eq(address_parse(slice_str(text), &peer, &err), 0);
    refused_peers_note(&t->peers, SLICE("pas"), &peer, reason, "CN=a", now);
}

/* The records that came since the last call: how many, and the newest. */
static unsigned told(struct talk *t, char *newest, size_t size)
{
    struct slice topic = SLICE("flow.audit");
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct stream_reader *r;
    struct stream_message m;
    struct err err = {0};
    unsigned n = 0;
    for (int i = 0; i < 2000 && !audit_idle(t->audit); i++)
        stream_dispatch(t->s);
    ck_assert(audit_idle(t->audit));
    ck_assert_int_eq(stream_reader_open(t->bed.keeper, &ro, &r, &err), 0);
    while (stream_next(r, &m, &err) == STREAM_GOT) {
        n++;
        snprintf(newest, size, "%.*s", SLICE_ARG(m.value));
    }
    stream_reader_close(r);
    unsigned fresh = n - t->records;
    t->records = n;
    return fresh;
}

START_TEST(the_first_is_told_and_then_one_an_hour)
{
    struct talk t;
    char newest[1000];
    talk_open(&t);
    refuse(&t, 1, "tls_certificate", 1000);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 1);
    ck_assert_ptr_nonnull(strstr(newest, "\"action\":\"tls.refused\",\"who\":\"system\""));
    ck_assert_ptr_nonnull(strstr(newest, "\"source\":\"pas\",\"peer\":\"10.0.0.1\","
                                         "\"reason\":\"tls_certificate\",\"subject\":\"CN=a\","
                                         "\"times\":\"1\""));
    ck_assert_ptr_null(strstr(newest, "others"));
    for (int i = 0; i < 100; i++)
        refuse(&t, 1, "tls_certificate", 2000 + i);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 0);
    refuse(&t, 1, "tls_not_a_peer", 3000);
    refuse(&t, 2, "tls_certificate", 3000);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 2);
    refuse(&t, 1, "tls_certificate", 1000 + HOUR);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 1);
    ck_assert_ptr_nonnull(strstr(newest, "\"times\":\"101\""));
    talk_close(&t);
}
END_TEST

START_TEST(who_knocks_from_everywhere_fills_nothing)
{
    struct talk t;
    char newest[1000];
    talk_open(&t);
    for (unsigned i = 0; i < 1000; i++)
        refuse(&t, i, "tls_plain_text", 1000 + i);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), REFUSED_PEERS);
    ck_assert_uint_eq(t.peers.n, REFUSED_PEERS);
    refuse(&t, 2000, "tls_plain_text", 3000 + HOUR);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 1);
    ck_assert_ptr_nonnull(strstr(newest, "\"others\":\"936\""));
    refuse(&t, 2001, "tls_plain_text", 3000 + HOUR);
    ck_assert_uint_eq(told(&t, newest, sizeof(newest)), 1);
    ck_assert_ptr_null(strstr(newest, "others"));
    talk_close(&t);
}
END_TEST

Suite *refused_peers_suite(void)
{
    Suite *s = suite_create("refused_peers");
    TCase *t = tcase_create("refused_peers");
    tcase_add_test(t, the_first_is_told_and_then_one_an_hour);
    tcase_add_test(t, who_knocks_from_everywhere_fills_nothing);
    suite_add_tcase(s, t);
    return s;
}
