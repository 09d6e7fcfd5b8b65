#include "buf.h"
#include "json_lines.h"
#include "json_suites.h"
#include "kit.h"

static const struct {
    const char *text, *want;
    size_t max;
} rows[] = {
    {"", "", 99},
    {" \r\n\n", "", 99},
    {"{}\n", "1@0 {}|", 99},
    {"{\"a\":1}\n{\"a\":2}", "1@0 {\"a\":1}|2@8 {\"a\":2}|", 99},
    {"\n {\"a\":1} \r\n\r\n{\"a\":\"}\\\"{\"}\r\n", "2@2 {\"a\":1}|4@14 {\"a\":\"}\\\"{\"}|", 99},
    /* Over several lines: one value. */
    {"{\n\"a\": 1\n}\n", "1@0 {\n\"a\": 1\n}|", 99},
    {"{\"a\": {\n \"b\": 1}}", "1@0 {\"a\": {\n \"b\": 1}}|", 99},
    {"[{},\n{}]", "1@0 [{},\n{}]|", 99},
    {"<Bundle>\n{}</Bundle>\n", "1@0 <Bundle>\n{}</Bundle>|", 99},
    /* A broken line costs no other, be it the first. */
    {"{\"a\":\n{\"a\":2}\n{\"a\":3}\n", "1@0 {\"a\":|2@6 {\"a\":2}|3@14 {\"a\":3}|", 99},
    {"{}\nno json\n{}\n", "1@0 {}|2@3 no json|3@11 {}|", 99},
    /* More than 4 bytes. */
    {"{  }\n{   }\n{}", "1@0 {  }|head 2@5 {   |long 2@5 5|3@11 {}|", 4},
    {"{\n  \n}", "head 1@0 {\n  |long 1@0 6|", 4},
    {"{    }", "head 1@0 {   |long 1@0 6|", 4},
    {"12345\n{}", "head 1@0 1234|long 1@0 8|", 4},
};

struct reading {
    struct json_lines lines;
    struct buf window, out;
};

static void read_on(struct reading *r, bool last)
{
    struct kit_guard g;
    struct json_line v;
    enum json_lines_result what;
    kit_guard_open(&g, buf_slice(&r->window));
    struct slice input = g.bytes;
    while ((what = json_lines_next(&r->lines, &input, last, &v)) != JSON_LINES_MORE) {
        if (what == JSON_LINES_LONG)
            buf_printf(&r->out, "long %u@%u %u|", (unsigned)v.line, (unsigned)v.at,
                       (unsigned)v.length);
        else
            buf_printf(&r->out, "%s%u@%u %.*s|", what == JSON_LINES_HEAD ? "head " : "",
                       (unsigned)v.line, (unsigned)v.at, SLICE_ARG(v.bytes));
    }
    ck_assert_uint_le(input.n, r->lines.max + 1);
    buf_drop(&r->window, r->window.n - input.n);
    kit_guard_close(&g);
}

static int on_piece(void *arg, struct slice piece)
{
    struct reading *r = arg;
    buf_put(&r->window, piece);
    read_on(r, false);
    return 0;
}

START_TEST(test_values)
{
    struct slice text = slice_str(rows[_i].text);
    size_t steps[] = {1, 2, 3, 7, 4096};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct reading r;
        buf_init(&r.window, 4096);
        buf_init(&r.out, 4096);
        json_lines_begin(&r.lines, rows[_i].max);
        ck_assert_int_eq(kit_drip(text, steps[i], on_piece, &r), 0);
        read_on(&r, true);
        ck_assert_msg(slice_eq_str(buf_slice(&r.out), rows[_i].want), "%s, by %zu:\n%.*s\n%s",
                      rows[_i].text, steps[i], SLICE_ARG(buf_slice(&r.out)), rows[_i].want);
        ck_assert_uint_eq(r.window.n, 0);
        buf_fini(&r.window);
        buf_fini(&r.out);
    }
}
END_TEST

Suite *json_lines_suite(void)
{
    Suite *s = suite_create("json lines");
    TCase *t = tcase_create("json lines");
    tcase_add_loop_test(t, test_values, 0, sizeof(rows) / sizeof(rows[0]));
    suite_add_tcase(s, t);
    return s;
}
