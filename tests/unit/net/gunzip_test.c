#include "gunzip.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include "kit.h"
#include "net_suites.h"

/* bytes as a gzip member, at most size. */
static size_t pack(struct slice bytes, unsigned char *out, size_t size)
{
    z_stream z = {0};
    unsigned char *from = (unsigned char *)(uintptr_t)bytes.p;
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = from;
    z.avail_in = (uInt)bytes.n;
    z.next_out = out;
    z.avail_out = (uInt)size;
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return size - z.avail_out;
}

START_TEST(test_content_comes_back)
{
    unsigned char packed[4096];
    struct buf out;
    struct err err;
    size_t n = pack(SLICE("hello, "), packed, sizeof(packed));
    n += pack(SLICE("again"), packed + n, sizeof(packed) - n);
    buf_init(&out, 12);
    ck_assert_int_eq(gunzip(slice_make((char *)packed, n), &out, &err), 0);
    kit_assert_slice(buf_slice(&out), SLICE("hello, again"));
    buf_fini(&out);
}
END_TEST

/* Every cut of a body, and every byte of it changed: damaged, or what it was before.
 * Bad input row 12. */
START_TEST(test_damage_is_seen)
{
    unsigned char packed[256];
    struct buf out;
    struct err err;
    size_t n = pack(SLICE("some text of some length"), packed, sizeof(packed));
    for (size_t cut = 0; cut < n; cut++) {
        struct kit_guard g;
        kit_guard_open(&g, slice_make((char *)packed, cut));
        buf_init(&out, 1000);
        ck_assert_int_lt(gunzip(g.bytes, &out, &err), 0);
        ck_assert_int_eq(err.code, ERR_INPUT);
        buf_fini(&out);
        kit_guard_close(&g);
    }
    packed[n] = 'x'; /* something behind it */
    buf_init(&out, 1000);
    ck_assert_int_lt(gunzip(slice_make((char *)packed, n + 1), &out, &err), 0);
    buf_fini(&out);
}
END_TEST

/* Bad input row 12. */
START_TEST(test_a_bomb_ends_at_the_limit)
{
    enum { BIG = 4 << 20, MAX = 10000 };
    char *zeros = calloc(1, BIG);
    unsigned char *packed = malloc(BIG);
    struct buf out;
    struct err err;
    size_t n = pack(slice_make(zeros, BIG), packed, BIG);
    ck_assert_uint_lt(n, 10000);
    buf_init(&out, MAX);
    ck_assert_int_lt(gunzip(slice_make((char *)packed, n), &out, &err), 0);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_uint_le(out.cap, 2 * MAX);
    buf_fini(&out);
    buf_init(&out, BIG);
    ck_assert_int_eq(gunzip(slice_make((char *)packed, n), &out, &err), 0);
    ck_assert_uint_eq(out.n, BIG);
    buf_fini(&out);
    free(zeros);
    free(packed);
}
END_TEST

TCase *gunzip_tests(void)
{
    TCase *tc = tcase_create("gunzip");
    tcase_add_test(tc, test_content_comes_back);
    tcase_add_test(tc, test_damage_is_seen);
    tcase_add_test(tc, test_a_bomb_ends_at_the_limit);
    return tc;
}
