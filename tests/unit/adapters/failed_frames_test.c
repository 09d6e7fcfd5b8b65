#include <stdio.h>
#include <stdlib.h>
#include "adapters_bed.h"
#include "failed_frames.h"

static struct failed_frames ring;
static struct address peer;

static void setup(void)
{
    struct err err = {0};
    ring = (struct failed_frames){.count = 0};
    ck_assert_int_eq(address_parse(SLICE("192.0.2.7:2575"), &peer, &err), 0);
}

static void teardown(void)
{
    failed_frames_fini(&ring);
}

START_TEST(the_last_ones_are_kept)
{
    ck_assert_ptr_null(failed_frames_next(&ring, 0));
    for (unsigned i = 1; i <= 2 * FAILED_FRAMES_MAX + 3; i++) {
        char text[20];
        int n = snprintf(text, sizeof(text), "frame %u", i);
        ck_assert_uint_eq(
            failed_frames_put(&ring, FRAME_CUT, &peer, slice_make(text, (size_t)n), (uint64_t)n),
            i);
    }
    uint64_t no = FAILED_FRAMES_MAX + 3;
    const struct failed_frame *f = NULL;
    while ((f = failed_frames_next(&ring, f ? f->no : 0))) {
        char text[30];
        snprintf(text, sizeof(text), "frame %u", (unsigned)++no);
        ck_assert_uint_eq(f->no, no);
        ck_assert_str_eq(f->peer, "192.0.2.7");
        ck_assert(slice_eq_str(buf_slice(&f->head), text));
        ck_assert_uint_eq(f->bytes, strlen(text));
    }
    ck_assert_uint_eq(no, 2 * FAILED_FRAMES_MAX + 3);
}
END_TEST

START_TEST(of_a_long_one_the_head)
{
    enum { N = 3 * FAILED_FRAME_HEAD };
    char *bytes = malloc(N);
    ck_assert_ptr_nonnull(bytes);
    memset(bytes, 'b', N);
    uint64_t no = failed_frames_put(&ring, FRAME_SLOW, &peer, SLICE("a"), 1);
    failed_frames_more(&ring, no, slice_make(bytes, N));
    failed_frames_more(&ring, no, slice_make(bytes, N));
    const struct failed_frame *f = failed_frames_next(&ring, 0);
    ck_assert_uint_eq(f->head.n, FAILED_FRAME_HEAD);
    ck_assert_int_eq(f->head.p[0], 'a');
    ck_assert_int_eq(f->head.p[FAILED_FRAME_HEAD - 1], 'b');
    ck_assert_uint_eq(f->bytes, 1 + 2 * N);
    failed_frames_put(&ring, FRAME_TOO_LONG, &peer, slice_make(bytes, N), N);
    ck_assert_uint_eq(failed_frames_next(&ring, no)->head.n, FAILED_FRAME_HEAD);
    free(bytes);
}
END_TEST

START_TEST(more_of_one_that_is_gone_changes_nothing)
{
    uint64_t no = failed_frames_put(&ring, FRAME_NO_MLLP, &peer, SLICE("x"), 1);
    for (unsigned i = 0; i < FAILED_FRAMES_MAX; i++)
        failed_frames_put(&ring, FRAME_CUT, &peer, SLICE("y"), 1);
    failed_frames_more(&ring, no, SLICE("more"));
    failed_frames_more(&ring, 0, SLICE("more"));
    for (const struct failed_frame *f = NULL; (f = failed_frames_next(&ring, f ? f->no : 0));)
        ck_assert_uint_eq(f->bytes, 1);
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
    tcase_add_test(c, each_fault_has_a_name);
    suite_add_tcase(s, c);
    return s;
}
