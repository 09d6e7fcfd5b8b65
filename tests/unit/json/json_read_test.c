#include <stdlib.h>
#include "json.h"
#include "json_stream.h"
#include "json_suites.h"
#include "kit.h"

static struct arena arena;
static struct err err;

static void setup(void)
{
    arena_init(&arena, 8 * 1024 * 1024);
    err = (struct err){.code = ERR_NONE};
}

static void teardown(void)
{
    arena_fini(&arena);
}

/* Reads at the edge of a page, so that a byte too far is a crash. */
static int read_edge(struct slice text, const struct json_limits *limits, struct json **ret)
{
    struct kit_guard g;
    kit_guard_open(&g, text);
    int rc = json_read(g.bytes, limits, &arena, ret, &err);
    kit_guard_close(&g);
    return rc;
}

static struct json *must_read(const char *text)
{
    struct json *tree = NULL;
    int rc = read_edge(slice_str(text), &json_default_limits, &tree);
    ck_assert_msg(rc == 0, "%s: %s", text, err.text);
    return tree;
}

START_TEST(test_tree_holds_kinds_names_and_order)
{
    struct json *t =
        must_read("{\"a\":[1,\"x\",true,null,{}],\"b\":false, \"c\" : \"\\u00e9\\n\"}");
    ck_assert_int_eq(t->kind, JSON_OBJECT);
    ck_assert_uint_eq(t->count, 3);
    struct json *a = json_get(t, "a");
    ck_assert_int_eq(a->kind, JSON_ARRAY);
    ck_assert_uint_eq(a->count, 5);
    static const enum json_kind kinds[] = {JSON_NUMBER, JSON_STRING, JSON_BOOL, JSON_NULL,
                                           JSON_OBJECT};
    const struct json *c = a->child;
    for (unsigned i = 0; i < 5; i++, c = c->next)
        ck_assert_int_eq(c->kind, kinds[i]);
    ck_assert(!json_get(t, "b")->boolean);
    kit_assert_slice(json_text(t, "c"), SLICE("\xc3\xa9\n"));
    kit_assert_slice(json_text(t, "a"), SLICE_ABSENT);
    ck_assert_ptr_null(json_get(t, "d"));
    ck_assert_ptr_null(json_get(a, "a"));
    ck_assert_ptr_null(json_get(NULL, "a"));
}
END_TEST

/* A lone value is not followed by the members beside it. */
START_TEST(test_a_list_or_one_alone)
{
    struct json *t = must_read("{\"one\":{\"n\":1},\"beside\":{\"n\":2},\"two\":[{},{}]}");
    const struct json *one = json_get(t, "one"), *two = json_get(t, "two");
    ck_assert_ptr_eq(json_first(one), one);
    ck_assert_ptr_null(json_next(one, one));
    ck_assert_ptr_eq(json_first(two), two->child);
    ck_assert_ptr_eq(json_next(two, two->child), two->child->next);
    ck_assert_ptr_null(json_next(two, two->child->next));
    ck_assert_ptr_null(json_first(NULL));
}
END_TEST

static const char *const exact_numbers[] = {
    "0", "-0", "1.50", "1e400", "123456789012345678901234567890", "1E5", "-1.0e-7"};

/* FHIR row 13. */
START_TEST(test_numbers_keep_their_digits)
{
    struct json *t = must_read(exact_numbers[_i]);
    ck_assert_int_eq(t->kind, JSON_NUMBER);
    kit_assert_slice(t->text, slice_str(exact_numbers[_i]));
}
END_TEST

static const struct {
    const char *text, *where;
} bad[] = {
    {"", "line 1, column 1:"},
    {" ", "line 1, column 2:"},
    {"{", "line 1, column 2:"},
    {"{\n \"a\": 01}", "line 2, column 8:"},
    {"[1,]", "line 1, column 5:"},
    {"[1 2]", "line 1, column 5:"},
    {"{\"a\"}", "line 1, column"},
    {"{a:1}", "line 1, column"},
    {"[1.]", "line 1, column"},
    {"[+1]", "line 1, column"},
    {"[.5]", "line 1, column"},
    {"[NaN]", "line 1, column"},
    {"nul", "line 1, column"},
    {"'a'", "line 1, column"},
    {"// a\n1", "line 1, column"},
    {"1 1", "line 1, column"},
    {"{} x", "line 1, column"},
    {"\"a\nb\"", "line 1, column"},
    {"\"\\x\"", "line 1, column"},
    {"\"\\u12g4\"", "line 1, column"},
    {"\"open", "line 1, column"},
    {"\xef\xbb\xbf{}", "line 1, column"},
    {"{\"a\":1,\n\"b\":2,\n\"a\":3}", "line 3, column 1:"},
    {"[{\"b\":{\"x\":1,\"\\u0078\":2}}]", "line 1, column 14:"},
    {"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
     "\"l\":1,\n"
     "\"m\":1,  \"c\":2}",
     "line 2, column 9:"},
    {"\"\xc0\xaf\"", "line 1, column 2: not UTF-8"},
    {"\n\"a\xff\"", "line 2, column 3: not UTF-8"},
    {"\"\xed\xa0\x80\"", "line 1, column 2: not UTF-8"},
    {"\"\xf4\x90\x80\x80\"", "line 1, column 2: not UTF-8"},
    {"\"\xe2\x82\"", "line 1, column 2: not UTF-8"},
    {"{\"a\"\x0b:1}", "line 1, column 5: control character 0x0b"},
    {"\f1", "line 1, column 1: control character 0x0c"},
    {"\"\\ud800\"", "line 1, column 2: escape is half"},
    {"\"\\ud800x\"", "line 1, column 2: escape is half"},
    {"\"\\ud800\\u0041\"", "line 1, column 2: escape is half"},
    {"\"\\\\\\udc00\"", "line 1, column 4: escape is half"},
};

START_TEST(test_bad_text_is_refused_with_its_place)
{
    struct json *tree = NULL;
    ck_assert_int_eq(read_edge(slice_str(bad[_i].text), &json_default_limits, &tree), -1);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_ptr_null(tree);
    ck_assert_msg(strncmp(err.text, bad[_i].where, strlen(bad[_i].where)) == 0, "%s: %s, not %s",
                  bad[_i].text, err.text, bad[_i].where);
}
END_TEST

START_TEST(test_error_never_shows_the_text)
{
    struct json *tree = NULL;
    ck_assert_int_eq(read_edge(SLICE("{\"SMITH\":1,\"SMITH\":x}"), &json_default_limits, &tree),
                     -1);
    ck_assert_ptr_null(strstr(err.text, "SMITH"));
    ck_assert_int_eq(read_edge(SLICE("{\"SMITH\":1,\"SMITH\":2}"), &json_default_limits, &tree),
                     -1);
    ck_assert_ptr_null(strstr(err.text, "SMITH"));
}
END_TEST

START_TEST(test_a_pair_of_surrogates_is_one_character)
{
    kit_assert_slice(must_read("\"\\uD83D\\ude00\"")->text, SLICE("\xf0\x9f\x98\x80"));
    kit_assert_slice(must_read("\"\\\\ud800\"")->text, SLICE("\\ud800"));
    kit_assert_slice(must_read("\"a\\u0000b\"")->text, slice_make("a\0b", 3));
}
END_TEST

static int read_limited(const char *text, struct json_limits limits)
{
    struct json *tree = NULL;
    return read_edge(slice_str(text), &limits, &tree);
}

START_TEST(test_limits_are_reached_and_no_sooner)
{
    struct json_limits l = {.bytes = 9, .depth = 2, .values = 4};
    ck_assert_int_eq(read_limited("[[1],2  ]", l), 0);
    ck_assert_int_eq(read_limited("[[1],2   ]", l), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_int_eq(read_limited("[[[]]]", l), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_str_eq(err.text, "line 1, column 3: nested more than 2 deep");
    ck_assert_int_eq(read_limited("[{\"a\":{}}", l), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_int_eq(read_limited("[1,2,3]", l), 0);
    ck_assert_int_eq(read_limited("[1,2,3,4]", l), -1);
    ck_assert_str_eq(err.text, "line 1, column 8: more than 4 values");
}
END_TEST

START_TEST(test_depth_has_an_end_whatever_is_configured)
{
    char text[400];
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    struct json_limits l = {.bytes = 1000, .depth = 1000000, .values = 1000};
    struct json *tree = NULL;
    ck_assert_int_eq(json_read(slice_make(text, 400), &l, &arena, &tree, &err), -1);
    ck_assert_int_eq(err.code, ERR_LIMIT);
    ck_assert_int_eq(json_read(slice_make(text + 80, 240), &l, &arena, &tree, &err), 0);
}
END_TEST

/* Whatever the size of the arena, the answer is the tree or ERR_LIMIT. */
START_TEST(test_a_full_arena_is_an_error_at_every_allocation)
{
    static const char text[] =
        "{\"a\":[1,2,{\"b\":\"\\n and a string that is long\"}],\"c\":\"\\t\","
        "\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,\"j\":1,\"k\":1,"
        "\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1}";
    bool done = false;
    for (size_t max = 0; !done; max += 16) {
        struct arena small;
        struct json *tree = NULL;
        arena_init(&small, max);
        done = json_read(slice_str(text), &json_default_limits, &small, &tree, &err) == 0;
        if (!done)
            ck_assert_int_eq(err.code, ERR_LIMIT);
        arena_fini(&small);
        ck_assert_uint_lt(max, 100000);
    }
}
END_TEST

START_TEST(test_many_members_do_not_cost_their_square)
{
    enum { N = 200000 };
    struct buf b;
    struct json *tree = NULL;
    struct arena large;
    buf_init(&b, 16 * 1024 * 1024);
    arena_init(&large, 256 * 1024 * 1024);
    for (unsigned i = 0; i < N; i++)
        buf_printf(&b, "%s\"k%u\":0", i ? "," : "{", i);
    buf_puts(&b, "}");
    ck_assert_int_eq(json_read(buf_slice(&b), &json_default_limits, &large, &tree, &err), 0);
    ck_assert_uint_eq(tree->count, N);
    arena_fini(&large);
    buf_fini(&b);
}
END_TEST

struct seen {
    struct slice text;
    unsigned count, own;
};

/* What stands between from and to is the token itself. */
static bool on_token(void *ctx, const struct json_token *t, struct err *reterr)
{
    static const char first[] = "{}[]\"\"0tn";
    struct seen *s = ctx;
    (void)reterr;
    char c = s->text.p[t->from];
    if (t->kind == JSON_T_NUMBER)
        ck_assert(c == '-' || (c >= '0' && c <= '9'));
    else if (t->kind == JSON_T_BOOL)
        ck_assert(c == 't' || c == 'f');
    else
        ck_assert_int_eq(c, first[t->kind]);
    if (t->kind == JSON_T_NUMBER || t->kind == JSON_T_BOOL)
        kit_assert_slice(slice_sub(s->text, t->from, t->to), t->text);
    s->count++;
    s->own += t->stays && t->kind == JSON_T_STRING;
    return true;
}

START_TEST(test_tokens_say_where_they_stand)
{
    struct slice text =
        SLICE(" {\"a\" : [ -1.5 ,true,\"x\\ty\"\n, \"plain\",{ } ] , \"b\":null}  ");
    struct seen s = {.text = text};
    ck_assert_int_eq(json_stream(text, &json_default_limits, &arena, on_token, &s, &err), 0);
    ck_assert_uint_eq(s.count, 13);
    ck_assert_uint_eq(s.own, 1);
}
END_TEST

Suite *json_read_suite(void)
{
    Suite *s = suite_create("json_read");
    TCase *tc = tcase_create("json_read");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, test_tree_holds_kinds_names_and_order);
    tcase_add_test(tc, test_a_list_or_one_alone);
    tcase_add_loop_test(tc, test_numbers_keep_their_digits, 0,
                        sizeof(exact_numbers) / sizeof(exact_numbers[0]));
    tcase_add_loop_test(tc, test_bad_text_is_refused_with_its_place, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tc, test_error_never_shows_the_text);
    tcase_add_test(tc, test_a_pair_of_surrogates_is_one_character);
    tcase_add_test(tc, test_limits_are_reached_and_no_sooner);
    tcase_add_test(tc, test_depth_has_an_end_whatever_is_configured);
    tcase_add_test(tc, test_a_full_arena_is_an_error_at_every_allocation);
    tcase_add_test(tc, test_many_members_do_not_cost_their_square);
    tcase_add_test(tc, test_tokens_say_where_they_stand);
    suite_add_tcase(s, tc);
    return s;
}
