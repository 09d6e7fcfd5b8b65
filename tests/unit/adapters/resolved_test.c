#include <stdio.h>
#include "adapters_bed.h"
#include "retried.h"

static struct resolved set;

static void setup(void)
{
    resolved_init(&set);
}

static void teardown(void)
{
    resolved_fini(&set);
}

static int take(const char *kind, const char *of, struct err *reterr)
{
    const struct stream_header h[] = {{SLICE("kind"), slice_str(kind)},
                                      {SLICE("of"), slice_str(of)}};
    const struct stream_message m = {.partition = SLICE("acute"), .headers = h, .nheaders = 2};
    return resolved_take(&set, &m, reterr);
}

START_TEST(a_set_of_places)
{
    static const int64_t at[] = {0, 1, 63, 64, 4095, 4096, 4097, 1000000, INT64_MAX};
    char of[RESOLVED_PLACE];
    struct err err;
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++)
        ck_assert(!resolved_has(&set, SLICE("acute"), at[i]));
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        snprintf(of, sizeof(of), "acute/%lld", (long long)at[i]);
        ck_assert_int_eq(take("resolved", of, &err), 0);
        ck_assert_int_eq(take("resolved", of, &err), 0); /* twice is once */
        ck_assert(resolved_has(&set, SLICE("acute"), at[i]));
        ck_assert(!resolved_has(&set, SLICE("community"), at[i]));
    }
    for (int64_t i = 2; i < 63; i++)
        ck_assert(!resolved_has(&set, SLICE("acute"), i));
}
END_TEST

START_TEST(what_resolves_nothing_changes_nothing)
{
    static const char *const rows[][2] = {{"message", "acute/7"},
                                          {"frame", "acute/7"},
                                          {"", "acute/7"},
                                          {"resolved", ""},
                                          {"resolved", "acute"},
                                          {"resolved", "/7"},
                                          {"resolved", "acute/"},
                                          {"resolved", "7"},
                                          {"resolved", "acute/x"},
                                          {"resolved", "acute/-1"},
                                          {"resolved", "acute/9223372036854775808"}};
    struct err err;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_int_eq(take(rows[i][0], rows[i][1], &err), 0);
    ck_assert_uint_eq(set.blocks.count, 0);
}
END_TEST

START_TEST(the_set_is_bounded)
{
    char of[RESOLVED_PLACE];
    struct err err;
    dict_fini(&set.blocks);
    dict_init(&set.blocks, 3);
    for (int64_t i = 0; i < 3; i++) {
        snprintf(of, sizeof(of), "acute/%lld", (long long)i * 4096);
        ck_assert_int_eq(take("resolved", of, &err), 0);
    }
    ck_assert_int_eq(take("resolved", "acute/12287", &err), 0);
    ck_assert_int_eq(take("resolved", "acute/12288", &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
}
END_TEST

START_TEST(names)
{
    char name[RESOLVED_PLACE], longest[STREAM_NAME_MAX + 40];
    struct slice partition;
    int64_t offset;
    struct stream_message m = {.partition = SLICE("3"), .offset = INT64_MAX};
    kit_assert_slice(resolved_name(&m, name), SLICE("3/9223372036854775807"));
    ck_assert(resolved_place(slice_str(name), &partition, &offset));
    kit_assert_slice(partition, SLICE("3"));
    ck_assert_int_eq(offset, INT64_MAX);
    memset(longest, 'a', STREAM_NAME_MAX);
    strcpy(longest + STREAM_NAME_MAX, "/9223372036854775807");
    ck_assert(resolved_place(slice_str(longest), &partition, &offset));
    m.partition = partition;
    kit_assert_slice(resolved_name(&m, name), slice_str(longest));
    strcpy(longest + STREAM_NAME_MAX, "a/1");
    ck_assert(!resolved_place(slice_str(longest), &partition, &offset));
}
END_TEST

START_TEST(what_came_of_it)
{
    static struct retried r;
    struct buf out;
    struct json_writer *w;
    struct err err;
    char name[32];
    buf_init(&out, 1 << 16);
    ck_assert_int_eq(json_writer_open(&out, &w, &err), 0);
    retried_init(&r);
    json_object(w);
    retried_write(&r, w);
    json_object_end(w);
    ck_assert_str_eq(buf_cstr(&out), "{\"resolved\":0,\"events\":0,\"stay\":0,\"not_configured\":0,"
                                     "\"left\":[]}");
    for (unsigned i = 0; i < RETRIED_LEFT_MAX + 5; i++) {
        snprintf(name, sizeof(name), "acute/%u", i);
        retried_leave(&r, name, "why");
    }
    retried_stop(&r, "first");
    retried_stop(&r, "second");
    buf_reset(&out);
    json_writer_reset(w);
    json_object(w);
    retried_write(&r, w);
    json_object_end(w);
    const char *text = buf_cstr(&out);
    ck_assert_ptr_nonnull(strstr(text, "\"stay\":25,\"not_configured\":0,\"stopped\":\"first\""));
    ck_assert_ptr_nonnull(strstr(text, "{\"name\":\"acute/19\",\"why\":\"why\"}]}"));
    json_writer_close(w);
    buf_fini(&out);
}
END_TEST

Suite *resolved_suite(void)
{
    Suite *s = suite_create("resolved");
    TCase *c = tcase_create("resolved");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_set_of_places);
    tcase_add_test(c, what_resolves_nothing_changes_nothing);
    tcase_add_test(c, the_set_is_bounded);
    tcase_add_test(c, names);
    tcase_add_test(c, what_came_of_it);
    suite_add_tcase(s, c);
    return s;
}
