#include <check.h>
#include <stdio.h>
#include "dict.h"
#include "digest.h"
#include "suites.h"

static struct slice key_of(unsigned i, char out[64])
{
    /* Every third key is longer than what a slot holds itself. */
    int n = snprintf(out, 64, i % 3 ? "k%u" : "a key that is longer than a slot, number %u", i);
    return slice_make(out, (size_t)n);
}

START_TEST(test_holds_what_was_put_and_not_what_was_deleted)
{
    struct dict d;
    char k[64];
    dict_init(&d, 100000);
    for (unsigned i = 0; i < 20000; i++)
        *dict_put(&d, key_of(i, k), NULL) = i;
    for (unsigned i = 0; i < 20000; i += 2)
        ck_assert(dict_delete(&d, key_of(i, k)));
    ck_assert_uint_eq(d.count, 10000);
    for (unsigned i = 0; i < 20000; i++) {
        uint64_t *v = dict_get(&d, key_of(i, k));
        ck_assert(i % 2 ? v && *v == i : v == NULL);
    }
    size_t at = 0, seen = 0;
    struct slice key;
    uint64_t value;
    while (dict_next(&d, &at, &key, &value))
        seen++;
    ck_assert_uint_eq(seen, 10000);
    dict_fini(&d);
}
END_TEST

START_TEST(test_limit_is_reached)
{
    struct dict d;
    char k[64];
    bool is_new;
    dict_init(&d, 3);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(dict_put(&d, key_of(i, k), &is_new));
    ck_assert_ptr_null(dict_put(&d, key_of(3, k), &is_new));
    ck_assert_ptr_nonnull(dict_put(&d, key_of(2, k), &is_new));
    ck_assert(!is_new);
    ck_assert(!dict_delete(&d, key_of(9, k)));
    ck_assert(dict_delete(&d, key_of(0, k)));
    ck_assert_ptr_nonnull(dict_put(&d, key_of(3, k), &is_new));
    dict_fini(&d);
}
END_TEST

static void expect_hex(struct slice key, struct slice text, const char *wanted)
{
    struct digest *d = NULL;
    struct err e = {0};
    unsigned char raw[DIGEST_SIZE];
    char hex[DIGEST_HEX];
    ck_assert_int_eq(digest_open(key, &d, &e), 0);
    for (int again = 0; again < 2; again++) {
        digest_of(d, text, raw);
        ck_assert_str_eq(digest_hex(raw, DIGEST_SIZE, hex).p, wanted);
    }
    digest_close(d);
}

START_TEST(test_known_digests)
{
    /* FIPS 180-4 example; RFC 4231 cases 2 and 6. */
    expect_hex(SLICE_ABSENT, SLICE("abc"),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_hex(SLICE("Jefe"), SLICE("what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char long_key[131];
    memset(long_key, 0xaa, sizeof(long_key));
    expect_hex(slice_make(long_key, sizeof(long_key)),
               SLICE("Test Using Larger Than Block-Size Key - Hash Key First"),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(test_base64url)
{
    static const char *const rows[][2] = {
        {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xfb\xff", "-_8"}};
    char out[32];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_str_eq(
            digest_b64url((const unsigned char *)rows[i][0], strlen(rows[i][0]), out).p,
            rows[i][1]);
}
END_TEST

Suite *dict_suite(void)
{
    Suite *s = suite_create("dict");
    TCase *t = tcase_create("dict and digest");
    tcase_add_test(t, test_holds_what_was_put_and_not_what_was_deleted);
    tcase_add_test(t, test_limit_is_reached);
    tcase_add_test(t, test_known_digests);
    tcase_add_test(t, test_base64url);
    suite_add_tcase(s, t);
    return s;
}
