/* What only an engine with nodes of its own does: others prune, and members share a group. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_suite.h"

enum { PARTITIONS = 4, RECORDS = 40, MEMBERS = 2 };

static void expect_lost(struct stream_reader *r, int64_t from, int64_t to, struct err *ret)
{
    struct stream_message m;
    enum stream_next got;
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    while ((got = stream_next(r, &m, ret)) == STREAM_NONE || got == STREAM_MOVED) {
        struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
        ck_assert_msg(clock_mono_ms() < until, "nothing is lost");
        if (got == STREAM_NONE)
            poll(&p, 1, 100);
    }
    ck_assert_int_eq(got, STREAM_LOST);
    ck_assert_int_eq(ret->code, ERR_REFUSED);
    kit_assert_slice(m.topic, SLICE("t"));
    kit_assert_slice(m.partition, slice_str(stream_bed_partition(&bed, "acute")));
    ck_assert_int_eq(m.lost_from, from);
    ck_assert_int_eq(m.offset, to);
}

START_TEST(what_others_pruned_is_lost_with_its_range)
{
    begin(_i);
    for (int n = 0; n < 5; n++)
        put("t", "x");
    stream_reader_close(stream_bed_reader(s, "t", "slow", STREAM_EARLIEST));
    stream_bed_forget(&bed, "t", 3);
    struct err e = {0};
    struct stream_message m;
    for (int grouped = 0; grouped < 2; grouped++) {
        struct stream_reader *r = stream_bed_reader(s, "t", grouped ? "slow" : NULL, 0);
        if (!grouped) { /* who is not asked for a place begins at what is left */
            stream_bed_next(r, &m);
            ck_assert_int_eq(m.offset, 3);
            ck_assert_int_eq(stream_seek(r, m.topic, m.partition, 0, &e), 0);
        }
        expect_lost(r, 0, 3, &e);
        ck_assert_msg(strstr(e.text, "[0, 3)") && strstr(e.text, grouped ? "slow" : "-"), "%s",
                      e.text);
        stream_bed_next(r, &m);
        ck_assert_int_eq(m.offset, 3);
        stream_reader_close(r);
    }
    end();
}
END_TEST

START_TEST(a_place_past_the_end_is_told)
{
    begin(_i);
    put("t", "a");
    put("t", "b");
    struct stream_reader *r = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    struct stream_message m;
    struct err e = {0};
    stream_bed_next(r, &m);
    ck_assert_int_eq(stream_seek(r, m.topic, m.partition, 9, &e), 0);
    expect_lost(r, 2, 9, &e);
    ck_assert_msg(strstr(e.text, "beginning") != NULL, "%s", e.text);
    stream_bed_expect(r, "a");
    stream_reader_close(r);
    end();
}
END_TEST

struct member {
    struct stream *s;
    struct stream_reader *r;
    int64_t next[PARTITIONS]; /* given and not forwarded; 0 = none */
    unsigned moves;
};

static struct member members[MEMBERS];
static unsigned given[RECORDS];

static unsigned number(struct slice text)
{
    uint64_t n;
    ck_assert(num_u64(text, &n));
    return (unsigned)n;
}

static void member_open(struct member *m, const char *writer)
{
    *m = (struct member){.s = stream_bed_handle(&bed, writer)};
    m->r = stream_bed_reader(m->s, "t", "g", STREAM_EARLIEST);
}

static void member_close(struct member *m)
{
    stream_reader_close(m->r);
    stream_close(m->s);
    *m = (struct member){0};
}

static void forward(struct member *m)
{
    for (int p = 0; p < PARTITIONS; p++) {
        char name[8];
        snprintf(name, sizeof(name), "%d", p);
        struct stream_message at = {SLICE("t"), slice_str(name), .offset = m->next[p] - 1};
        if (m->next[p])
            stream_bed_commit(m->s, "g", &at);
        m->next[p] = 0;
    }
}

/* One turn: what comes is counted; who has to leave forwards first. */
static void turn(struct member *m)
{
    struct stream_message got;
    struct err e = {0};
    for (;;) {
        switch (stream_next(m->r, &got, &e)) {
        case STREAM_GOT:
            ck_assert(stream_holds(m->r, got.topic, got.partition));
            given[number(got.value)]++;
            m->next[number(got.partition)] = got.offset + 1;
            continue;
        case STREAM_LEAVE:
            forward(m);
            stream_yield(m->r);
            continue;
        case STREAM_MOVED:
            m->moves++;
            continue;
        case STREAM_NONE:
            return;
        case STREAM_LOST:
        case STREAM_ERROR:
            ck_abort_msg("%s", e.text);
        }
    }
}

static unsigned holds(const struct member *m)
{
    unsigned held = 0;
    for (int p = 0; m->r && p < PARTITIONS; p++) {
        char name[8];
        snprintf(name, sizeof(name), "%d", p);
        held |= stream_holds(m->r, SLICE("t"), slice_str(name)) ? 1U << p : 0;
    }
    return held;
}

/* Turns of all until the first holds so many partitions, the second the others. */
static void turn_until_held(unsigned first, unsigned second)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    for (;;) {
        struct pollfd p[MEMBERS];
        unsigned n = 0;
        for (int i = 0; i < MEMBERS; i++)
            if (members[i].r) {
                turn(&members[i]);
                p[n++] = (struct pollfd){.fd = stream_reader_fd(members[i].r), .events = POLLIN};
            }
        unsigned a = holds(&members[0]), b = holds(&members[1]);
        ck_assert_uint_eq(a & b, 0);
        if ((unsigned)__builtin_popcount(a) == first && (unsigned)__builtin_popcount(b) == second)
            return;
        ck_assert_msg(clock_mono_ms() < until, "they hold %x and %x", a, b);
        poll(p, n, 100);
    }
}

static void turn_until_given(unsigned from, unsigned to)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    for (unsigned n = from; n < to;) {
        for (int i = 0; i < MEMBERS; i++)
            if (members[i].r)
                turn(&members[i]);
        while (n < to && given[n])
            n++;
        ck_assert_msg(clock_mono_ms() < until, "record %u does not come", n);
    }
}

static void put_numbers(unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++) {
        char text[16], key[16];
        snprintf(text, sizeof(text), "%u", n);
        snprintf(key, sizeof(key), "k%u", n);
        stream_bed_put(s, "t", key, slice_str(text));
    }
}

static void begin_shared(int i)
{
    begin(i);
    memset(members, 0, sizeof(members));
    memset(given, 0, sizeof(given));
    struct stream_reader *first = stream_bed_reader(s, "t", NULL, STREAM_EARLIEST);
    put("t", "0");
    stream_bed_expect(first, "0"); /* so the topic is there; its record is none of the test's */
    stream_reader_close(first);
    stream_bed_forget(&bed, "t", 1);
    for (int p = 1; p < PARTITIONS; p++)
        stream_bed_add_partition(&bed, "t");
    stream_close(s); /* so that it learns of the partitions */
    s = stream_bed_handle(&bed, "acute");
}

START_TEST(members_share_and_hand_over_without_a_repeat)
{
    begin_shared(_i);
    put_numbers(0, RECORDS / 2);
    member_open(&members[0], "one");
    turn_until_held(PARTITIONS, 0);
    turn_until_given(0, RECORDS / 2);
    member_open(&members[1], "two"); /* the first hears of it, forwards, and goes on with a part */
    turn_until_held(PARTITIONS / 2, PARTITIONS / 2);
    put_numbers(RECORDS / 2, RECORDS);
    turn_until_given(RECORDS / 2, RECORDS);
    ck_assert_uint_eq(members[0].moves, 2);
    forward(&members[0]);
    forward(&members[1]);
    member_close(&members[0]);
    turn_until_held(0, PARTITIONS);
    for (int n = 0; n < RECORDS; n++)
        ck_assert_msg(given[n] == 1, "record %d came %u times", n, given[n]);
    member_close(&members[1]);
    end();
}
END_TEST

START_TEST(what_is_not_forwarded_comes_again_to_another_member)
{
    begin_shared(_i);
    put_numbers(0, RECORDS / 2);
    member_open(&members[0], "one");
    turn_until_given(0, RECORDS / 2);
    member_close(&members[0]);
    member_open(&members[1], "two");
    memset(given, 0, sizeof(given));
    turn_until_given(0, RECORDS / 2);
    member_close(&members[1]);
    end();
}
END_TEST

START_TEST(a_position_of_what_is_no_longer_held_changes_nothing)
{
    begin_shared(_i);
    put_numbers(0, RECORDS / 2);
    member_open(&members[0], "one");
    turn_until_given(0, RECORDS / 2);
    int64_t stale[PARTITIONS];
    memcpy(stale, members[0].next, sizeof(stale));
    memset(members[0].next, 0, sizeof(stale)); /* as if it had not done them */
    member_open(&members[1], "two");
    memset(given, 0, sizeof(given));
    turn_until_held(PARTITIONS / 2, PARTITIONS / 2);
    turn_until_given(0, RECORDS / 2); /* nobody forwarded them: they come again, to both */
    unsigned held = holds(&members[0]);
    for (int p = 0; p < PARTITIONS; p++)
        members[0].next[p] = held & 1U << p ? 0 : stale[p];
    forward(&members[0]); /* too late, and no error */
    member_close(&members[0]);
    memset(members[1].next, 0, sizeof(members[1].next));
    member_close(&members[1]);
    struct stream_reader *r = stream_bed_reader(s, "t", "g", STREAM_LATEST);
    for (int n = 0; n < RECORDS / 2; n++) {
        struct stream_message m;
        stream_bed_next(r, &m);
    }
    stream_bed_expect_none(r);
    stream_reader_close(r);
    end();
}
END_TEST

size_t suite_cluster(const TTest *ret[])
{
    size_t n = 0;
    ret[n++] = what_others_pruned_is_lost_with_its_range;
    ret[n++] = a_place_past_the_end_is_told;
    ret[n++] = members_share_and_hand_over_without_a_repeat;
    ret[n++] = what_is_not_forwarded_comes_again_to_another_member;
    ret[n++] = a_position_of_what_is_no_longer_held_changes_nothing;
    return n;
}
