#include "audit.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "kit.h"
#include "process_suites.h"

#define KEY SLICE("0123456789abcdef0123456789abcdef")

enum { RECORDS = 5, HEADERS = 3 };

static struct stream *open_stream(const char *dir)
{
    struct stream_options o;
    struct stream *s = NULL;
    struct err e;
    stream_options_default(&o);
    o.kind = SLICE("embedded");
    o.dir = slice_str(dir);
    o.writer = SLICE("acute");
    ck_assert_msg(stream_open(&o, &s, &e) == 0, "%s", e.text);
    return s;
}

static void settle(struct stream *s, const struct audit *a)
{
    for (int64_t end = clock_mono_ms() + 5000; !audit_idle(a) && clock_mono_ms() < end;) {
        struct pollfd p = {.fd = stream_fd(s), .events = POLLIN};
        poll(&p, 1, 100);
        stream_dispatch(s);
    }
    ck_assert(audit_idle(a));
}

static void on_done(void *arg, const struct err *e)
{
    unsigned *n = arg;
    ck_assert_ptr_null(e);
    ++*n;
}

static void append(struct audit *a, unsigned n, unsigned *count)
{
    struct err e;
    for (unsigned i = 0; i < n; i++) {
        char text[16];
        snprintf(text, sizeof(text), "e%u", i);
        struct audit_field f = {SLICE("event"), slice_str(text)};
        ck_assert_msg(audit_append(a, SLICE("parked.release"), SLICE("uid:7"), &f, 1, on_done,
                                   count, &e) == 0,
                      "%s", e.text);
    }
}

/* A record held apart, so that it can be spoiled. */
struct copy {
    struct stream_message m;
    struct stream_header h[HEADERS];
    char value[512], header[HEADERS][80];
};

static void copy_of(const struct stream_message *m, struct copy *c)
{
    c->m = *m;
    ck_assert_uint_lt(m->value.n, sizeof(c->value));
    memcpy(c->value, m->value.p, m->value.n);
    c->m.value = slice_make(c->value, m->value.n);
    c->m.key = SLICE("acute");
    ck_assert_uint_eq(m->nheaders, HEADERS);
    for (int i = 0; i < HEADERS; i++) {
        static const char *const names[] = {"seq", "hash", "prev"};
        struct slice v = m->headers[i].value;
        ck_assert(slice_eq_str(m->headers[i].name, names[i]));
        memcpy(c->header[i], v.p, v.n);
        c->h[i] = (struct stream_header){slice_str(names[i]), slice_make(c->header[i], v.n)};
    }
    c->m.headers = c->h;
}

static unsigned read_all(struct stream *s, struct copy *out, unsigned max)
{
    struct slice topic = SLICE("flow.audit");
    struct stream_reader_options o = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct stream_reader *r;
    struct stream_message m;
    struct err e;
    unsigned n = 0;
    ck_assert_int_eq(stream_reader_open(s, &o, &r, &e), 0);
    while (n < max && stream_next(r, &m, &e) == STREAM_GOT)
        copy_of(&m, &out[n++]);
    stream_reader_close(r);
    return n;
}

/* Checks records in the order given: the index of the first bad one, or n. */
static unsigned first_bad(const struct copy *const *records, unsigned n, struct audit_check *c,
                          struct err *e)
{
    ck_assert_int_eq(audit_check_open(c, SLICE("acute"), KEY, e), 0);
    for (unsigned i = 0; i < n; i++)
        if (audit_check_next(c, &records[i]->m, e) != 0)
            return i;
    return n;
}

START_TEST(test_chain_goes_on_after_a_restart)
{
    struct kit_dir dir;
    struct copy got[RECORDS];
    const struct copy *all[RECORDS];
    struct audit *a;
    struct audit_check c;
    struct err e;
    unsigned done = 0;
    uint64_t seq;
    char hash[DIGEST_HEX];
    kit_dir_open(&dir);
    for (unsigned run = 0; run < 2; run++) {
        struct stream *s = open_stream(dir.path);
        ck_assert_msg(audit_open(s, SLICE("acute"), KEY, 1000, &a, &e) == 0, "%s", e.text);
        append(a, run ? 2 : 3, &done);
        settle(s, a);
        audit_head(a, &seq, hash);
        stream_close(s);
        audit_close(a);
    }
    ck_assert_uint_eq(done, RECORDS);
    ck_assert_uint_eq(seq, RECORDS);
    struct stream *s = open_stream(dir.path);
    ck_assert_int_eq(
        audit_open(s, SLICE("acute"), SLICE("another key, as long as needed .."), 1000, &a, &e),
        -1);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    ck_assert_uint_eq(read_all(s, got, RECORDS), RECORDS);
    for (unsigned i = 0; i < RECORDS; i++)
        all[i] = &got[i];
    ck_assert_msg(first_bad(all, RECORDS, &c, &e) == RECORDS, "%s", e.text);
    ck_assert(!c.pruned);
    ck_assert_int_eq(audit_check_head(&c, seq, slice_str(hash), &e), 0);
    ck_assert_int_eq(audit_check_head(&c, seq + 1, slice_str(hash), &e), -1);
    hash[0] = hash[0] == '0' ? '1' : '0';
    ck_assert_int_eq(audit_check_head(&c, seq, slice_str(hash), &e), -1);
    audit_check_close(&c);
    stream_close(s);
    kit_dir_close(&dir);
}
END_TEST

START_TEST(test_tampering_is_named)
{
    struct kit_dir dir;
    struct copy got[RECORDS], spoiled;
    struct audit *a;
    struct err e;
    unsigned done = 0;
    kit_dir_open(&dir);
    struct stream *s = open_stream(dir.path);
    ck_assert_int_eq(audit_open(s, SLICE("acute"), KEY, 1000, &a, &e), 0);
    append(a, RECORDS, &done);
    settle(s, a);
    ck_assert_uint_eq(read_all(s, got, RECORDS), RECORDS);
    spoiled = got[2];
    spoiled.value[10] ^= 1;
    spoiled.m.value.p = spoiled.value;
    spoiled.m.headers = spoiled.h;
    for (int i = 0; i < HEADERS; i++)
        spoiled.h[i].value.p = spoiled.header[i];
    const struct {
        const char *what;
        const struct copy *in[RECORDS + 1];
        unsigned n, bad;
    } rows[] = {
        {"flipped", {&got[0], &got[1], &spoiled, &got[3], &got[4]}, 5, 2},
        {"deleted", {&got[0], &got[1], &got[3], &got[4]}, 4, 2},
        {"swapped", {&got[0], &got[2], &got[1], &got[3], &got[4]}, 5, 1},
        {"put in", {&got[0], &got[1], &got[0], &got[2], &got[3], &got[4]}, 6, 2},
        {"appended twice", {&got[0], &got[1], &got[1], &got[2], &got[3], &got[4]}, 6, 6},
        {"head pruned", {&got[2], &got[3], &got[4]}, 3, 3},
        {"tail cut", {&got[0], &got[1], &got[2]}, 3, 3},
    };
    uint64_t seq;
    char hash[DIGEST_HEX];
    audit_head(a, &seq, hash);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct audit_check c;
        unsigned bad = first_bad(rows[i].in, rows[i].n, &c, &e);
        ck_assert_msg(bad == rows[i].bad, "%s: %u", rows[i].what, bad);
        if (bad < rows[i].n)
            ck_assert_ptr_nonnull(strstr(e.text, "offset"));
        ck_assert_int_eq(c.pruned, strcmp(rows[i].what, "head pruned") == 0);
        /* A cut tail is seen against the head that was kept elsewhere. */
        if (bad == rows[i].n)
            ck_assert_int_eq(audit_check_head(&c, seq, slice_str(hash), &e),
                             strcmp(rows[i].what, "tail cut") == 0 ? -1 : 0);
        audit_check_close(&c);
    }
    stream_close(s);
    audit_close(a);
    kit_dir_close(&dir);
}
END_TEST

START_TEST(test_queue_is_bounded)
{
    struct kit_dir dir;
    struct audit *a;
    struct err e;
    unsigned done = 0;
    kit_dir_open(&dir);
    struct stream *s = open_stream(dir.path);
    ck_assert_int_eq(audit_open(s, SLICE("acute"), KEY, 1000, &a, &e), 0);
    append(a, AUDIT_QUEUE_MAX, &done);
    ck_assert_int_eq(audit_append(a, SLICE("x"), SLICE("system"), NULL, 0, NULL, NULL, &e), -1);
    ck_assert_int_eq(e.code, ERR_FULL);
    settle(s, a);
    ck_assert_uint_eq(done, AUDIT_QUEUE_MAX);
    stream_close(s);
    audit_close(a);
    kit_dir_close(&dir);
}
END_TEST

TCase *audit_tests(void)
{
    TCase *t = tcase_create("audit");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, test_chain_goes_on_after_a_restart);
    tcase_add_test(t, test_tampering_is_named);
    tcase_add_test(t, test_queue_is_bounded);
    return t;
}
