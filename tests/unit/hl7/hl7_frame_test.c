#include <stdio.h>
#include <stdlib.h>
#include "hl7_frame.h"
#include "hl7_sample.h"
#include "kit.h"

/* What came out of a stream, as one text: each frame in [], one too long in {}, "!" at a nomem. */
struct stream {
    struct hl7_deframer d;
    struct buf seen;
};

static void open_stream(struct stream *s, size_t max, bool require_end_cr)
{
    struct hl7_frame_rules rules = {.max = max, .head = 4, .require_end_cr = require_end_cr};
    hl7_deframer_init(&s->d, &rules);
    buf_init(&s->seen, 1 << 16);
}

static void close_stream(struct stream *s)
{
    hl7_deframer_fini(&s->d);
    buf_fini(&s->seen);
}

static void note(struct stream *s, enum hl7_frame_result r, const struct hl7_frame *f)
{
    if (r == HL7_FRAME_WHOLE)
        buf_printf(&s->seen, "[%.*s]", SLICE_ARG(f->bytes));
    else if (r == HL7_FRAME_TOO_LONG)
        buf_printf(&s->seen, "{%.*s %d}", SLICE_ARG(f->bytes), (int)f->total);
    else if (r == HL7_FRAME_NOMEM)
        buf_puts(&s->seen, "!");
}

static int feed(void *arg, struct slice piece)
{
    struct stream *s = arg;
    struct hl7_frame f;
    enum hl7_frame_result r;
    while ((r = hl7_deframer_next(&s->d, &piece, &f)) != HL7_FRAME_MORE)
        note(s, r, &f);
    ck_assert_uint_eq(piece.n, 0);
    return 0;
}

static void finish(struct stream *s)
{
    struct hl7_frame f;
    enum hl7_frame_result r;
    while ((r = hl7_deframer_end(&s->d, &f)) != HL7_FRAME_MORE)
        note(s, r, &f);
    ck_assert(!hl7_deframer_midway(&s->d));
}

struct row {
    const char *in, *want;
    bool lax;
    struct hl7_frame_counts counts; /* junk, restarts, dropped, empty */
};

#define V "\x0b"
#define F "\x1c"

static const struct row rows[] = {
    /* row 1 */
    {V "one" F "\r", "[one]", false, {0, 0, 0, 0}},
    {V "one" F "\r" V "two" F "\r" V "three" F "\r", "[one][two][three]", false, {0, 0, 0, 0}},
    {V "a\rb\r" F "\r", "[a\rb\r]", false, {0, 0, 0, 0}},
    /* line ends behind a frame are swallowed, what else stands outside is counted: row 2 */
    {V "a" F "\r\n" V "b" F "\r\r\n\n" V "c" F "\r", "[a][b][c]", false, {0, 0, 0, 0}},
    {"GET / HTTP/1.1\r\n\r\n" V "a" F "\rxyz" V "b" F "\r", "[a][b]", false, {21, 0, 0, 0}},
    {"junk only", "", false, {9, 0, 0, 0}},
    {V "a" F "\r" F "\r", "[a]", false, {2, 0, 0, 0}},
    /* row 3 */
    {V "a" F "b" F F "c" F "\r", "[a" F "b" F F "c]", false, {0, 0, 0, 0}},
    {V F F F "\r", "[" F F "]", false, {0, 0, 0, 0}},
    {V "a" F "\n" V "b" F "\r", "[b]", false, {0, 1, 3, 0}},
    /* row 4 */
    {V "a" F V "b" F V "c" F "\r", "[a][b][c]", true, {0, 0, 0, 0}},
    {V "a" F "\n" V "b" F "\n", "[a][b]", true, {0, 0, 0, 0}},
    {V "a" F "b" F "\r" V "c" F, "[a" F "b][c]", true, {0, 0, 0, 0}},
    {V "a" F, "", false, {0, 0, 2, 0}},
    /* row 5 */
    {V "part" V "whole" F "\r", "[whole]", false, {0, 1, 4, 0}},
    {V "p" V "q" V V "whole" F "\r", "[whole]", false, {0, 3, 2, 0}},
    {V "a" F V "b" F "\r", "[b]", false, {0, 1, 2, 0}},
    /* row 6 */
    {V "one" F "\r" V "tw", "[one]", false, {0, 0, 2, 0}},
    /* row 7 */
    {V F "\r" V F "\r" V "a" F "\r", "[a]", false, {0, 0, 0, 2}},
    {V V F "\r", "", false, {0, 1, 0, 1}},
    {V F V F, "", true, {0, 0, 0, 2}},
    /* row 8: the limit is 10 */
    {V "0123456789" F "\r" V "a" F "\r", "[0123456789][a]", false, {0, 0, 0, 0}},
    {V "0123456789x" F "\r" V "a" F "\r", "{0123 11}[a]", false, {0, 0, 0, 0}},
    {V "0123456789abc" F "def" F "\r" V "a" F "\r", "{0123 17}[a]", false, {0, 0, 0, 0}},
    {V "0123456789xyz", "{0123 13}", false, {0, 0, 0, 0}},
    {V "01" V "0123456789" F "\r", "[0123456789]", false, {0, 1, 2, 0}},
    {V "0123456789xyz" V "next" F "\r", "{0123 13}[next]", false, {0, 1, 0, 0}},
    {V "a" V "0123456789x" V V "next" F "\r", "{0123 11}[next]", false, {0, 3, 1, 0}},
    {V "0123456789" F V "a" F "\r", "{0123 11}[a]", false, {0, 1, 0, 0}},
    {"", "", false, {0, 0, 0, 0}},
};

static void check_counts(const struct row *row, const struct hl7_frame_counts *got)
{
    ck_assert_uint_eq(got->junk_bytes, row->counts.junk_bytes);
    ck_assert_uint_eq(got->restarts, row->counts.restarts);
    ck_assert_uint_eq(got->dropped_bytes, row->counts.dropped_bytes);
    ck_assert_uint_eq(got->empty, row->counts.empty);
}

static void check(const struct row *row, struct slice in, size_t split, size_t step)
{
    struct stream s;
    open_stream(&s, 10, !row->lax);
    kit_drip(slice_sub(in, 0, split), step, feed, &s);
    kit_drip(slice_sub(in, split, in.n), step, feed, &s);
    finish(&s);
    ck_assert_msg(slice_eq_str(buf_slice(&s.seen), row->want), "row %d split %zu step %zu: %s",
                  (int)(row - rows), split, step, buf_cstr(&s.seen));
    check_counts(row, &s.d.counts);
    close_stream(&s);
}

/* rows 1 to 8, each split at every position and byte by byte */
START_TEST(frames_split_anywhere)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice in = slice_str(rows[i].in);
        for (size_t split = 0; split <= in.n; split++)
            check(&rows[i], in, split, in.n + 1);
        check(&rows[i], in, 0, 1);
        check(&rows[i], in, 0, 2);
        check(&rows[i], in, 0, 3);
    }
}
END_TEST

/* row 1: fifty frames in one read, none copied */
START_TEST(whole_frames_are_not_copied)
{
    struct hl7_frame_rules rules = {.max = 1000, .head = 10, .require_end_cr = true};
    struct hl7_deframer d;
    struct hl7_frame f;
    struct buf in;
    buf_init(&in, 1 << 16);
    for (int i = 0; i < 50; i++)
        hl7_frame_write(&in, slice_str(sample_adt));
    struct slice rest = buf_slice(&in);
    const char *start = rest.p;
    hl7_deframer_init(&d, &rules);
    for (size_t i = 0; i < 50; i++) {
        ck_assert_int_eq(hl7_deframer_next(&d, &rest, &f), HL7_FRAME_WHOLE);
        ck_assert_ptr_eq(f.bytes.p, start + 1 + i * (strlen(sample_adt) + 3));
        ck_slice(f.bytes, sample_adt);
        ck_assert_uint_eq(f.total, f.bytes.n);
    }
    ck_assert_int_eq(hl7_deframer_next(&d, &rest, &f), HL7_FRAME_MORE);
    ck_assert_uint_eq(d.held.cap, 0);
    hl7_deframer_fini(&d);
    buf_fini(&in);
}
END_TEST

/* row 8: an endless frame takes no more memory than the limit, and its hash is that of all of it */
START_TEST(an_endless_frame)
{
    enum { MAX = 1 << 20, HEAD = 64 * 1024, CHUNK = 50000, CHUNKS = 100 };
    struct hl7_frame_rules rules = {.max = MAX, .head = HEAD, .require_end_cr = true};
    struct hl7_deframer d;
    struct hl7_frame f;
    struct err err;
    struct digest *digest;
    unsigned char want[DIGEST_SIZE];
    char *chunk = malloc(CHUNK);
    ck_assert_ptr_nonnull(chunk);
    memset(chunk, 'x', CHUNK);
    ck_assert_int_eq(digest_open(SLICE_ABSENT, &digest, &err), 0);
    digest_begin(digest);
    hl7_deframer_init(&d, &rules);
    struct slice in = SLICE(V);
    ck_assert_int_eq(hl7_deframer_next(&d, &in, &f), HL7_FRAME_MORE);
    for (int i = 0; i < CHUNKS; i++) {
        in = slice_make(chunk, CHUNK);
        digest_add(digest, in);
        ck_assert_int_eq(hl7_deframer_next(&d, &in, &f), HL7_FRAME_MORE);
        ck_assert_uint_le(d.held.cap, MAX);
        ck_assert(hl7_deframer_midway(&d));
    }
    digest_end(digest, want);
    in = SLICE(F "\r" V "a" F "\r");
    ck_assert_int_eq(hl7_deframer_next(&d, &in, &f), HL7_FRAME_TOO_LONG);
    ck_assert_uint_eq(f.bytes.n, HEAD);
    ck_assert_uint_eq(f.total, (uint64_t)CHUNK * CHUNKS);
    ck_assert_mem_eq(f.sha256, want, DIGEST_SIZE);
    ck_assert_int_eq(hl7_deframer_next(&d, &in, &f), HL7_FRAME_WHOLE);
    ck_slice(f.bytes, "a");
    /* The memory of the large one is given back. */
    ck_assert_uint_eq(d.held.cap, 0);
    hl7_deframer_fini(&d);
    digest_close(digest);
    free(chunk);
}
END_TEST

/* row 4 */
START_TEST(idle_ends_a_frame_where_allowed)
{
    struct stream s;
    struct hl7_frame f;
    open_stream(&s, 10, false);
    feed(&s, SLICE(V "a"));
    ck_assert_int_eq(hl7_deframer_idle(&s.d, &f), HL7_FRAME_MORE);
    feed(&s, SLICE("b" F));
    ck_assert(hl7_deframer_midway(&s.d));
    ck_assert_int_eq(hl7_deframer_idle(&s.d, &f), HL7_FRAME_WHOLE);
    ck_slice(f.bytes, "ab");
    feed(&s, SLICE("\r\n" V "c" F));
    ck_assert_uint_eq(s.d.counts.junk_bytes, 0);
    close_stream(&s);
    open_stream(&s, 10, true);
    feed(&s, SLICE(V "a" F));
    ck_assert_int_eq(hl7_deframer_idle(&s.d, &f), HL7_FRAME_MORE);
    feed(&s, SLICE("\r"));
    ck_slice(buf_slice(&s.seen), "[a]");
    close_stream(&s);
}
END_TEST

START_TEST(frames_are_written)
{
    struct buf out;
    buf_init(&out, 8);
    hl7_frame_write(&out, SLICE("ab"));
    hl7_frame_write(&out, SLICE(""));
    ck_slice(buf_slice(&out), V "ab" F "\r" V F "\r");
    hl7_frame_write(&out, SLICE(""));
    ck_assert(!buf_ok(&out));
    ck_slice(buf_slice(&out), V "ab" F "\r" V F "\r");
    buf_fini(&out);
}
END_TEST

static void note_dropped(void *arg, struct slice begin, struct slice rest)
{
    struct buf *b = arg;
    buf_put(b, begin);
    buf_put(b, rest);
    buf_putc(b, ';');
}

START_TEST(what_is_dropped_is_shown_before)
{
    static const struct hl7_frame_rules rules = {.max = 64, .head = 8, .require_end_cr = true};
    static const char bytes[] = "\x0b"
                                "one\x0btwo\x0b"
                                "three\x1c\r\x0b"
                                "four\x1c";
    for (size_t step = 1; step <= sizeof(bytes) - 1; step++) {
        struct hl7_deframer d;
        struct hl7_frame f;
        struct buf seen;
        unsigned whole = 0;
        buf_init(&seen, 1000);
        hl7_deframer_init(&d, &rules);
        d.dropped = note_dropped;
        d.dropped_arg = &seen;
        for (size_t at = 0; at < sizeof(bytes) - 1; at += step) {
            size_t n = sizeof(bytes) - 1 - at;
            char *exact = sample_exact(slice_make(bytes + at, n < step ? n : step));
            struct slice in = slice_make(exact, n < step ? n : step);
            while (hl7_deframer_next(&d, &in, &f) != HL7_FRAME_MORE)
                whole++;
            free(exact);
        }
        ck_assert_int_eq(hl7_deframer_end(&d, &f), HL7_FRAME_MORE);
        ck_assert_uint_eq(whole, 1);
        ck_assert_str_eq(buf_cstr(&seen), "one;two;four\x1c;");
        ck_assert_uint_eq(d.counts.dropped_bytes, 3 + 3 + 5);
        hl7_deframer_fini(&d);
        buf_fini(&seen);
    }
}
END_TEST

TCase *frame_tests(void)
{
    TCase *t = tcase_create("frame");
    tcase_add_test(t, frames_split_anywhere);
    tcase_add_test(t, whole_frames_are_not_copied);
    tcase_add_test(t, an_endless_frame);
    tcase_add_test(t, idle_ends_a_frame_where_allowed);
    tcase_add_test(t, frames_are_written);
    tcase_add_test(t, what_is_dropped_is_shown_before);
    return t;
}
