/* test_power.c - what a callback called durable is there after the power was lost, the disk ran
 * full or a sync failed; and the same proof finds the loss when synchronous is turned off. */
#include <stdio.h>
#include "forgetful_vfs.h"
#include "num.h"
#include "stream_bed.h"
#include "stream_embedded.h"
#include "test_stream.h"

static struct stream_bed bed;
static struct forgetful_vfs *vfs;
static struct stream *s;
static struct stream_tally tally;
static unsigned appended;

static void begin(bool no_sync)
{
    stream_bed_open(&bed, "embedded");
    vfs = forgetful_vfs_open("forgetful");
    ck_assert_ptr_nonnull(vfs);
    struct embedded_tuning t = {.vfs = "forgetful", .no_sync = no_sync, .checkpoint_frames = 20};
    struct stream_options o = bed.options;
    struct err e = {0};
    o.writer = SLICE("acute");
    ck_assert_msg(stream_embedded_open(&o, &t, &s, &e) == 0, "%s", e.text);
}

static void end(void)
{
    stream_close(s);
    forgetful_vfs_close(vfs);
    stream_bed_close(&bed);
}

/* A set of two records, each with the set's number. */
static void append(void)
{
    char value[20];
    int n = snprintf(value, sizeof(value), "%u", appended++);
    struct slice v = slice_make(value, (size_t)n);
    struct stream_record set[] = {{SLICE("messages"), SLICE("k"), v, NULL, 0, false},
                                  {SLICE("reported"), SLICE("k"), v, NULL, 0, false}};
    struct err e = {0};
    ck_assert_int_eq(stream_append(s, set, 2, stream_bed_done, &tally, &e), STREAM_OK);
}

/* How many sets are there, from 0 on and without a hole, in both topics. */
static unsigned recovered(const char *dir, const char *topic)
{
    struct stream_options o;
    stream_options_default(&o);
    o.dir = slice_str(dir);
    o.writer = SLICE("acute");
    struct err e = {0};
    struct stream *after;
    ck_assert_msg(stream_open(&o, &after, &e) == 0, "%s", e.text);
    struct stream_reader *r = stream_bed_reader(after, topic, NULL, STREAM_EARLIEST);
    unsigned n = 0;
    for (struct stream_message m; stream_next(r, &m, &e) == STREAM_GOT; n++) {
        uint64_t number;
        ck_assert(num_u64(m.value, &number));
        ck_assert_uint_eq(number, n);
    }
    stream_reader_close(r);
    stream_close(after);
    return n;
}

static unsigned after_power_loss(uint32_t seed)
{
    struct kit_dir lost;
    kit_dir_open(&lost);
    ck_assert_int_eq(forgetful_vfs_lose_power(vfs, lost.path, seed), 0);
    unsigned messages = recovered(lost.path, "messages");
    ck_assert_uint_eq(recovered(lost.path, "reported"), messages);
    kit_dir_close(&lost);
    return messages;
}

START_TEST(what_was_durable_is_there)
{
    begin(false);
    for (uint32_t round = 0; round < 40; round++) {
        for (int n = 0; n < 25; n++)
            append();
        stream_bed_wait(s, &tally, appended - 24 + round % 20); /* in the midst of the others */
        unsigned durable = tally.durable;
        unsigned found = after_power_loss(round);
        ck_assert_msg(found >= durable && found <= appended, "round %u: %u durable, %u found",
                      round, durable, found);
    }
    ck_assert_uint_eq(tally.failed, 0);
    end();
}
END_TEST

START_TEST(without_sync_the_loss_is_found)
{
    begin(true);
    for (int n = 0; n < 100; n++)
        append();
    stream_bed_wait(s, &tally, 100);
    ck_assert_uint_eq(tally.durable, 100);
    unsigned found = after_power_loss(0);
    ck_assert_msg(found < tally.durable, "%u durable, %u found: the proof proves nothing",
                  tally.durable, found);
    end();
}
END_TEST

static void append_durable(unsigned n)
{
    unsigned before = tally.durable;
    for (unsigned i = 0; i < n; i++)
        append();
    stream_bed_wait(s, &tally, tally.durable + tally.failed + n);
    ck_assert_uint_eq(tally.durable, before + n);
}

/* Sets fail together, in order, and may be appended again; nothing is called durable that is not.
 */
static void fail_and_recover(enum forgetful_fault fault, enum err_code code)
{
    begin(false);
    append_durable(30);
    forgetful_vfs_fail(vfs, fault);
    for (int n = 0; n < 5; n++)
        append();
    stream_bed_wait(s, &tally, 35);
    ck_assert_uint_eq(tally.failed, 5);
    ck_assert_int_eq(tally.last.code, code);
    ck_assert(tally.last.retriable);
    appended -= 5;
    append(); /* it is not given up on */
    stream_bed_wait(s, &tally, 36);
    ck_assert_uint_eq(tally.failed, 6);
    appended--;
    forgetful_vfs_fail(vfs, FORGETFUL_NONE);
    append_durable(30);
    ck_assert_uint_eq(after_power_loss(0), 60);
    append_durable(30);
    ck_assert_uint_eq(after_power_loss(7), 90);
    end();
}

START_TEST(a_full_disk_recovers)
{
    fail_and_recover(FORGETFUL_FULL, ERR_FULL);
}
END_TEST

START_TEST(a_failed_sync_recovers)
{
    fail_and_recover(FORGETFUL_SYNC_FAILS, ERR_IO);
}
END_TEST

/* A topic whose first set failed is not there, and is made by the next. */
START_TEST(a_topic_of_a_failed_set)
{
    begin(false);
    forgetful_vfs_fail(vfs, FORGETFUL_SYNC_FAILS);
    append();
    stream_bed_wait(s, &tally, 1);
    ck_assert_uint_eq(tally.failed, 1);
    forgetful_vfs_fail(vfs, FORGETFUL_NONE);
    appended = 0;
    append_durable(3);
    ck_assert_uint_eq(after_power_loss(0), 3);
    end();
}
END_TEST

Suite *suite_power(void)
{
    Suite *suite = suite_create("stream_power");
    TCase *cases = tcase_create("power");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, what_was_durable_is_there);
    tcase_add_test(cases, without_sync_the_loss_is_found);
    tcase_add_test(cases, a_full_disk_recovers);
    tcase_add_test(cases, a_failed_sync_recovers);
    tcase_add_test(cases, a_topic_of_a_failed_set);
    suite_add_tcase(suite, cases);
    return suite;
}
