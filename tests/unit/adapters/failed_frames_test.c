#include <stdio.h>
#include <stdlib.h>
#include "adapters_bed.h"
#include "failed_frames.h"

enum { PLACES = 16, HEAD = 4096 };

static struct failed_frames ring;
static struct address peer;

static void setup(void)
{
    struct err err = {0};
    ring = (struct failed_frames){.count = 0};
    failed_frames_limit(&ring, PLACES, HEAD);
    ck_assert_int_eq(address_parse(SLICE("192.0.2.7:2575"), &peer, &err), 0);
}

static void teardown(void)
{
    failed_frames_fini(&ring);
}

START_TEST(the_last_ones_are_kept)
{
    ck_assert_ptr_null(failed_frames_next(&ring, 0));
    for (unsigned i = 1; i <= 2 * PLACES + 3; i++) {
        char text[20];
        int n = snprintf(text, sizeof(text), "frame %u", i);
        ck_assert_uint_eq(
            failed_frames_put(&ring, FRAME_CUT, &peer, slice_make(text, (size_t)n), (uint64_t)n),
            i);
    }
    uint64_t no = PLACES + 3;
    const struct failed_frame *f = NULL;
    while ((f = failed_frames_next(&ring, f ? f->no : 0))) {
        char text[30];
        snprintf(text, sizeof(text), "frame %u", (unsigned)++no);
        ck_assert_uint_eq(f->no, no);
        ck_assert_str_eq(f->peer, "192.0.2.7");
        ck_assert(slice_eq_str(buf_slice(&f->head), text));
        ck_assert_uint_eq(f->bytes, strlen(text));
    }
    ck_assert_uint_eq(no, 2 * PLACES + 3);
}
END_TEST

START_TEST(of_a_long_one_the_head)
{
    enum { N = 3 * HEAD };
    char *bytes = malloc(N);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'b', N);
    uint64_t no = failed_frames_put(&ring, FRAME_SLOW, &peer, SLICE("a"), 1);
    failed_frames_more(&ring, no, slice_make(bytes, N));
    failed_frames_more(&ring, no, slice_make(bytes, N));
    const struct failed_frame *f = failed_frames_next(&ring, 0);
    ck_assert_uint_eq(f->head.n, HEAD);
    ck_assert_int_eq(f->head.p[0], 'a');
    ck_assert_int_eq(f->head.p[HEAD - 1], 'b');
    ck_assert_uint_eq(f->bytes, 1 + 2 * N);
    failed_frames_put(&ring, FRAME_TOO_LONG, &peer, slice_make(bytes, N), N);
    ck_assert_uint_eq(failed_frames_next(&ring, no)->head.n, HEAD);
    free(bytes);
}
END_TEST

START_TEST(more_of_one_that_is_gone_changes_nothing)
{
    uint64_t no = failed_frames_put(&ring, FRAME_NO_MLLP, &peer, SLICE("x"), 1);
    for (unsigned i = 0; i < PLACES; i++)
        failed_frames_put(&ring, FRAME_CUT, &peer, SLICE("y"), 1);
    failed_frames_more(&ring, no, SLICE("more"));
    failed_frames_more(&ring, 0, SLICE("more"));
    for (const struct failed_frame *f = NULL; (f = failed_frames_next(&ring, f ? f->no : 0));)
        ck_assert_uint_eq(f->bytes, 1);
}
END_TEST

static void put_numbers(unsigned from, unsigned to)
{
    for (unsigned i = from; i <= to; i++) {
        char text[20];
        int n = snprintf(text, sizeof(text), "frame %03u", i);
        ck_assert_uint_eq(
            failed_frames_put(&ring, FRAME_CUT, &peer, slice_make(text, (size_t)n), 9), i);
    }
}

/* Numbers from..to are there, with so much of their heads, and no others. */
static void ck_there(unsigned from, unsigned to, size_t head)
{
    const struct failed_frame *f = NULL;
    while ((f = failed_frames_next(&ring, f ? f->no : 0))) {
        char text[20];
        snprintf(text, sizeof(text), "frame %03u", from);
        ck_assert_uint_eq(f->no, from++);
        ck_assert(slice_eq(buf_slice(&f->head), slice_sub(slice_str(text), 0, head)));
        ck_assert_uint_eq(f->bytes, 9);
    }
    ck_assert_uint_eq(from, to + 1);
}

START_TEST(other_limits_keep_the_newest)
{
    put_numbers(1, 20);
    failed_frames_limit(&ring, 5, HEAD);
    ck_there(16, 20, HEAD);
    put_numbers(21, 22);
    ck_there(18, 22, HEAD);
    failed_frames_limit(&ring, 7, 4);
    ck_there(18, 22, 4);
    failed_frames_more(&ring, 22, SLICE(""));
    put_numbers(23, 30);
    ck_there(24, 30, 4);
    failed_frames_limit(&ring, 7, HEAD);
    ck_there(24, 30, 4);
    put_numbers(31, 37);
    ck_there(31, 37, HEAD);
}
END_TEST

START_TEST(none_are_kept_where_none_are_wanted)
{
    put_numbers(1, 3);
    failed_frames_limit(&ring, 0, HEAD);
    ck_assert_ptr_null(failed_frames_next(&ring, 0));
    ck_assert_uint_eq(failed_frames_put(&ring, FRAME_CUT, &peer, SLICE("x"), 1), 0);
    failed_frames_more(&ring, 3, SLICE("x"));
    failed_frames_limit(&ring, 2, HEAD);
    ck_assert_ptr_null(failed_frames_next(&ring, 0));
    put_numbers(5, 6);
    ck_there(5, 6, HEAD);
}
END_TEST

START_TEST(each_fault_has_a_name)
{
    for (int i = 0; i < FRAME_FAULTS; i++)
        ck_assert_ptr_nonnull(frame_fault_name((enum frame_fault)i));
}
END_TEST

Suite *failed_frames_suite(void)
{
    Suite *s = suite_create("failed_frames");
    TCase *c = tcase_create("failed_frames");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_last_ones_are_kept);
    tcase_add_test(c, of_a_long_one_the_head);
    tcase_add_test(c, more_of_one_that_is_gone_changes_nothing);
    tcase_add_test(c, other_limits_keep_the_newest);
    tcase_add_test(c, none_are_kept_where_none_are_wanted);
    tcase_add_test(c, each_fault_has_a_name);
    suite_add_tcase(s, c);
    return s;
}
