#include <stdio.h>
#include <string.h>
#include "json.h"
#include "json_suites.h"
#include "kit.h"

static struct buf out;
static struct json_writer *writer;
static struct err err;

static void setup(void)
{
    buf_init(&out, 4096);
    ck_assert_int_eq(json_writer_open(&out, &writer, &err), 0);
}

static void teardown(void)
{
    json_writer_close(writer);
    json_writer_close(NULL);
    buf_fini(&out);
}

START_TEST(test_calls_make_compact_json)
{
    for (int round = 0; round < 2; round++) {
        buf_reset(&out);
        json_writer_reset(writer);
        json_object(writer);
        json_key(writer, SLICE("a"));
        json_array(writer);
        json_int(writer, INT64_MIN);
        json_number(writer, SLICE("1.50"));
        json_bool(writer, true);
        json_null(writer);
        json_raw(writer, SLICE("{\"x\": 1}"));
        json_array_end(writer);
        json_key(writer, SLICE("quo\"te"));
        json_string(writer, SLICE("line\nfeed \x01 \xc3\xa9 /"));
        json_key(writer, SLICE("absent"));
        json_string(writer, SLICE_ABSENT);
        json_object_end(writer);
        kit_assert_slice(
            buf_slice(&out),
            SLICE("{\"a\":[-9223372036854775808,1.50,true,null,{\"x\": 1}],"
                  "\"quo\\\"te\":\"line\\nfeed \\u0001 \xc3\xa9 /\",\"absent\":\"\"}"));
    }
}
END_TEST

START_TEST(test_a_name_in_its_quotes)
{
    json_object(writer);
    json_key_text(writer, SLICE("\"a\""));
    json_int(writer, 1);
    json_key_text(writer, SLICE("\"b\""));
    json_string(writer, SLICE("x"));
    json_member_text(writer, SLICE("\"c\""), SLICE("long enough for some words"));
    json_member_text(writer, SLICE("\"a longer name\""), SLICE("two\nlines"));
    json_member_text(writer, SLICE("\"d\""), SLICE(""));
    json_object_end(writer);
    kit_assert_slice(buf_slice(&out),
                     SLICE("{\"a\":1,\"b\":\"x\",\"c\":\"long enough for some words\","
                           "\"a longer name\":\"two\\nlines\",\"d\":\"\"}"));
}
END_TEST

static const struct {
    char byte;
    const char *written;
} bytes[] = {{' ', " "},
             {'!', "!"},
             {'#', "#"},
             {'[', "["},
             {']', "]"},
             {0x7f, "\x7f"},
             {'"', "\\\""},
             {'\\', "\\\\"},
             {0, "\\u0000"},
             {0x1f, "\\u001F"},
             {'\t', "\\t"},
             {(char)0x80, "\xef\xbf\xbd"},
             {(char)0xff, "\xef\xbf\xbd"}};

/* Whatever the length, and wherever in it the byte stands. */
START_TEST(test_each_byte_at_each_place)
{
    char given[40], written[64];
    for (size_t n = 1; n < sizeof(given); n++)
        for (size_t at = 0; at < n; at++) {
            struct kit_guard g;
            memset(given, 'a', n);
            given[at] = bytes[_i].byte;
            snprintf(written, sizeof(written), "\"%.*s%s%.*s\"", (int)at, given, bytes[_i].written,
                     (int)(n - at - 1), given + at + 1);
            kit_guard_open(&g, slice_make(given, n));
            buf_reset(&out);
            json_writer_reset(writer);
            json_string(writer, g.bytes);
            kit_assert_slice(buf_slice(&out), slice_str(written));
            kit_guard_close(&g);
        }
}
END_TEST

static const struct {
    const char *given, *written;
} mended[] = {
    {"caf\xe9", "\"caf\xef\xbf\xbd\""},
    {"\xff\xfe", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    {"a\xc3", "\"a\xef\xbf\xbd\""},
    {"\xed\xa0\x80x", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\""},
    {"\xc3\xa9\x80\xc3\xa9", "\"\xc3\xa9\xef\xbf\xbd\xc3\xa9\""},
};

START_TEST(test_broken_utf8_is_mended)
{
    struct kit_guard g;
    kit_guard_open(&g, slice_str(mended[_i].given));
    json_string(writer, g.bytes);
    kit_assert_slice(buf_slice(&out), slice_str(mended[_i].written));
    kit_guard_close(&g);
}
END_TEST

static const char *const trees[] = {
    "{\"a\":[1.50,\"x\",true,false,null,{},[]],\"b\":{\"c\":\"\\n\\u0000\"}}", "[]", "\"x\"",
    "1e400", "null"};

START_TEST(test_tree_is_written_as_read)
{
    struct arena arena;
    struct json *tree = NULL;
    arena_init(&arena, 1 << 20);
    ck_assert_int_eq(json_read(slice_str(trees[_i]), &json_default_limits, &arena, &tree, &err), 0);
    json_tree(writer, tree);
    kit_assert_slice(buf_slice(&out), slice_str(trees[_i]));
    arena_fini(&arena);
}
END_TEST

START_TEST(test_a_full_buffer_shows)
{
    json_array(writer);
    for (int i = 0; i < 2000; i++)
        json_string(writer, SLICE("four"));
    json_array_end(writer);
    ck_assert(!buf_ok(&out));
    buf_reset(&out);
    json_writer_reset(writer);
    json_int(writer, 7);
    kit_assert_slice(buf_slice(&out), SLICE("7"));
}
END_TEST

Suite *json_write_suite(void)
{
    Suite *s = suite_create("json_write");
    TCase *tc = tcase_create("json_write");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_calls_make_compact_json);
    tcase_add_test(tc, test_a_name_in_its_quotes);
    tcase_add_loop_test(tc, test_each_byte_at_each_place, 0, sizeof(bytes) / sizeof(bytes[0]));
    tcase_add_loop_test(tc, test_broken_utf8_is_mended, 0, sizeof(mended) / sizeof(mended[0]));
    tcase_add_loop_test(tc, test_tree_is_written_as_read, 0, sizeof(trees) / sizeof(trees[0]));
    tcase_add_test(tc, test_a_full_buffer_shows);
    suite_add_tcase(s, tc);
    return s;
}
