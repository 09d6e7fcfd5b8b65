/* Retention: what may go, what never goes, and how a loss is told. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "num.h"
#include "stream_suite.h"

/* Appends to the topic until its first record is gone; *ret is the loss. */
static void expect_pruned(const char *topic, struct slice value, struct stream_message *ret)
{
    struct stream_reader *look = stream_bed_reader(bed.keeper, topic, NULL, STREAM_EARLIEST);
    struct err e = {0};
    enum stream_next got;
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS;
    do {
        ck_assert_msg(clock_mono_ms() < until, "nothing of %s is pruned", topic);
        stream_bed_put(s, topic, NULL, value);
        ck_assert_int_eq(stream_seek(look, slice_str(topic), SLICE("acute"), 0, &e), 0);
        got = stream_next(look, ret, &e);
    } while (got == STREAM_GOT);
    ck_assert_int_eq(got, STREAM_LOST);
    stream_reader_close(look);
}

static void expect_all(const char *topic, int count)
{
    struct stream_reader *look = stream_bed_reader(bed.keeper, topic, NULL, STREAM_EARLIEST);
    struct stream_message m;
    for (int n = 0; n < count; n++) {
        stream_bed_next(look, &m);
        ck_assert_int_eq(m.offset, n);
    }
    stream_reader_close(look);
}

/* Appends until the reader's oldest record is gone, then reads the loss. */
START_TEST(a_lost_position_is_an_error_with_its_range)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 200000;
    bed.options.disk_mark_bytes = 400000;
    s = stream_bed_handle(&bed, "acute");
    static char big[50000];
    put("t", "oldest");
    struct stream_reader *r = stream_bed_reader(s, "t", "slow", STREAM_EARLIEST);
    struct stream_message m;
    struct err e = {0};
    expect_pruned("t", slice_make(big, sizeof(big)), &m);
    enum stream_next got = stream_next(r, &m, &e);
    ck_assert_int_eq(got, STREAM_LOST);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    ck_assert_msg(strstr(e.text, "slow") && strstr(e.text, "acute"), "%s", e.text);
    kit_assert_slice(m.topic, SLICE("t"));
    kit_assert_slice(m.partition, SLICE("acute"));
    ck_assert_int_eq(m.lost_from, 0);
    int64_t to = m.offset;
    ck_assert(to > 0);
    char range[60];
    snprintf(range, sizeof(range), "[0, %lld)", (long long)to);
    ck_assert_msg(strstr(e.text, range) != NULL, "%s", e.text);
    got = stream_next(r, &m, &e);
    if (got == STREAM_LOST) /* pruned on in between: from where the first loss ended */
        ck_assert_int_eq(m.lost_from, to);
    else
        ck_assert_int_eq(m.offset, to);
    stream_reader_close(r);
    end();
}
END_TEST

START_TEST(retention_waits_for_the_slowest_group)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 200000;
    s = stream_bed_handle(&bed, "acute");
    static char big[50000];
    stream_reader_close(stream_bed_reader(s, "t", "slow", STREAM_EARLIEST));
    for (int n = 0; n < 40; n++)
        stream_bed_put(s, "t", NULL, slice_make(big, sizeof(big)));
    struct stream_reader *r = stream_bed_reader(s, "t", "slow", STREAM_EARLIEST);
    struct stream_message m;
    for (int n = 0; n < 40; n++) {
        stream_bed_next(r, &m);
        ck_assert_int_eq(m.offset, n);
    }
    stream_bed_commit(s, "slow", &m); /* now they may go */
    stream_reader_close(r);
    expect_pruned("t", SLICE("x"), &m);
    end();
}
END_TEST

START_TEST(what_is_too_old_goes)
{
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_ms = 1;
    s = stream_bed_handle(&bed, "acute");
    put("t", "old");
    struct stream_message m;
    expect_pruned("t", SLICE("new"), &m);
    ck_assert_int_eq(m.lost_from, 0);
    end();
}
END_TEST

/* Age and size at once; and those of the kept topic that are over every limit take nothing from the
 * others. */
START_TEST(topics_kept_for_good_never_go)
{
    enum { KEPT = 30, SIZE = 40000 };
    const struct stream_keep keep[] = {{SLICE("other"), 0}, {SLICE("state"), 0}};
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_bytes = 400000;
    bed.options.disk_mark_bytes = 800000;
    bed.options.keep = keep;
    bed.options.nkeep = 2;
    s = stream_bed_handle(&bed, "acute");
    static char big[SIZE];
    struct stream_message m;
    stream_reader_close(stream_bed_reader(s, "t", "slow", STREAM_EARLIEST));
    for (int n = 0; n < KEPT; n++)
        stream_bed_put(s, "state", "k", slice_make(big, sizeof(big)));
    for (int n = 0; n < 5; n++) /* under the limits by themselves */
        stream_bed_put(s, "t", NULL, slice_make(big, sizeof(big)));
    stream_close(s);
    bed.options.retain_ms = 1; /* and what nobody waits for is too old at once */
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("old", SLICE("x"), &m);
    expect_all("state", KEPT);
    expect_all("t", 5);
    expect_pruned("t", slice_make(big, sizeof(big)), &m); /* the limits hold for the others */
    expect_all("state", KEPT);
    end();
}
END_TEST

/* By its own age, whatever a group has still to read and whatever the others' age is; the others
 * stay. */
START_TEST(a_kept_topic_goes_by_its_own_age)
{
    const struct stream_keep keep[] = {{SLICE("state"), 1}};
    stream_bed_open(&bed, engine(_i));
    bed.options.keep = keep;
    bed.options.nkeep = 1;
    bed.options.keep_grace_ms = 0;
    s = stream_bed_handle(&bed, "acute");
    struct stream_message m;
    put("t", "stays");
    stream_reader_close(stream_bed_reader(s, "state", "slow", STREAM_EARLIEST));
    expect_pruned("state", SLICE("x"), &m);
    expect_all("t", 1);
    end();
}
END_TEST

/* A writer that was away for longer than the age finds all of it, and has time to append again what
 * it still needs. */
START_TEST(a_kept_topic_waits_for_its_grace)
{
    const struct stream_keep keep[] = {{SLICE("state"), 1}};
    stream_bed_open(&bed, engine(_i));
    bed.options.retain_ms = 1;
    bed.options.keep = keep;
    bed.options.nkeep = 1;
    s = stream_bed_handle(&bed, "acute");
    struct stream_message m;
    for (int n = 0; n < 10; n++)
        put("state", "needed");
    stream_close(s);
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("t", SLICE("x"), &m);
    expect_all("state", 10);
    stream_close(s);
    bed.options.keep_grace_ms = 0;
    s = stream_bed_handle(&bed, "acute");
    expect_pruned("state", SLICE("x"), &m);
    end();
}
END_TEST

size_t suite_retain(const TTest *ret[])
{
    size_t n = 0;
    ret[n++] = a_lost_position_is_an_error_with_its_range;
    ret[n++] = retention_waits_for_the_slowest_group;
    ret[n++] = what_is_too_old_goes;
    ret[n++] = topics_kept_for_good_never_go;
    ret[n++] = a_kept_topic_goes_by_its_own_age;
    ret[n++] = a_kept_topic_waits_for_its_grace;
    return n;
}
