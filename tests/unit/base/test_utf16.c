#include <stdlib.h>
#include <string.h>
#include "suites.h"
#include "utf16.h"

static const struct {
    const char *name;
    const char *in;
    size_t n;
    const char *want;
} rows[] = {
    {"letters",
     "\xff\xfe"
     "A\0\xe9\0\x1a\x20",
     8,
     "\xef\xbb\xbf"
     "A\xc3\xa9\xe2\x80\x9a"},
    {"the other order",
     "\xfe\xff"
     "\0A\x20\x1a",
     6,
     "\xef\xbb\xbf"
     "A\xe2\x80\x9a"},
    {"a pair",
     "\xff\xfe"
     "\x3d\xd8\x00\xde"
     "A\0",
     8,
     "\xef\xbb\xbf\xf0\x9f\x98\x80"
     "A"},
    {"the last letter there is",
     "\xfe\xff"
     "\xdb\xff\xdf\xff",
     6, "\xef\xbb\xbf\xf4\x8f\xbf\xbf"},
    {"half of a pair",
     "\xff\xfe"
     "\x3d\xd8"
     "A\0",
     6,
     "\xef\xbb\xbf\xef\xbf\xbd"
     "A"},
    {"the other half",
     "\xff\xfe"
     "\x00\xde"
     "A\0",
     6,
     "\xef\xbb\xbf\xef\xbf\xbd"
     "A"},
    {"two first halves",
     "\xff\xfe"
     "\x3d\xd8\x3d\xd8\x00\xde",
     8, "\xef\xbb\xbf\xef\xbf\xbd\xf0\x9f\x98\x80"},
    {"cut in a pair",
     "\xff\xfe"
     "A\0\x3d\xd8",
     6,
     "\xef\xbb\xbf"
     "A\xef\xbf\xbd"},
    {"cut in a letter",
     "\xff\xfe"
     "A\0A",
     5,
     "\xef\xbb\xbf"
     "A\xef\xbf\xbd"},
    {"nothing but the mark", "\xff\xfe", 2, "\xef\xbb\xbf"},
};

/* In parts of that many bytes, each in memory of its own size. */
static void assert_written(struct slice in, size_t part, const char *want, const char *name)
{
    struct utf16 u;
    struct buf out;
    buf_init(&out, 1024);
    ck_assert_msg(utf16_begins(in, &u), "%s", name);
    for (size_t at = 0; at < in.n; at += part) {
        size_t n = in.n - at < part ? in.n - at : part;
        char *own = malloc(n);
        memcpy(own, in.p + at, n);
        utf16_write(&u, slice_make(own, n), &out);
        free(own);
    }
    utf16_end(&u, &out);
    utf16_end(&u, &out);
    ck_assert_msg(strcmp(buf_cstr(&out), want) == 0, "%s, in parts of %zu", name, part);
    buf_fini(&out);
}

START_TEST(it_becomes_utf8_wherever_it_is_split)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        for (size_t part = 1; part <= rows[i].n; part++)
            assert_written(slice_make(rows[i].in, rows[i].n), part, rows[i].want, rows[i].name);
}
END_TEST

START_TEST(the_mark_tells)
{
    struct utf16 u;
    ck_assert(!utf16_begins(SLICE("\xef\xbb\xbf"
                                  "A"),
                            &u));
    ck_assert(!utf16_begins(SLICE("\xff"), &u));
    ck_assert(!utf16_begins(SLICE(""), &u));
    ck_assert(!utf16_begins(slice_make("\xff\xfe\0\0", 4), &u));
    ck_assert(!utf16_begins(slice_make("A\0B\0", 4), &u));
}
END_TEST

Suite *utf16_suite(void)
{
    Suite *s = suite_create("utf16");
    TCase *t = tcase_create("utf16");
    tcase_add_test(t, it_becomes_utf8_wherever_it_is_split);
    tcase_add_test(t, the_mark_tells);
    suite_add_tcase(s, t);
    return s;
}
