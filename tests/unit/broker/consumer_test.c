/* What an HTTP answer means; a file of lines that survives a torn end, a full disk, rotation. */
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>
#include "broker_suites.h"
#include "consumer_http.h"
#include "kit.h"
#include "ndjson_file.h"

static const struct {
    int status;
    const char *body;
    enum sched_verdict_kind want;
} answers[] = {
    {200, "", SCHED_OK},    {201, "", SCHED_OK},    {202, "", SCHED_OK},
    {204, "", SCHED_OK},    {409, "", SCHED_PARK},  {409, "{\"code\":\"DUPLICATE\"}", SCHED_OK},
    {400, "", SCHED_PARK},  {413, "", SCHED_PARK},  {415, "", SCHED_PARK},
    {422, "", SCHED_PARK},  {401, "", SCHED_FAULT}, {403, "", SCHED_FAULT},
    {404, "", SCHED_FAULT}, {410, "", SCHED_FAULT}, {302, "", SCHED_FAULT},
    {408, "", SCHED_RETRY}, {429, "", SCHED_RETRY}, {500, "", SCHED_RETRY},
    {503, "", SCHED_RETRY}, {418, "", SCHED_RETRY}, {400, "duplicate", SCHED_PARK},
};

START_TEST(what_a_status_means)
{
    struct http_result r = {
        .status = answers[_i].status, .retry_after_ms = 7000, .body = slice_str(answers[_i].body)};
    struct sched_verdict v;
    char text[120];
    consumer_http_judge(&r, text, &v);
    ck_assert_msg(v.kind == answers[_i].want, "%d gives %d", answers[_i].status, v.kind);
    ck_assert_int_eq(v.retry_after, 7000);
    ck_assert((v.reason == NULL) == (v.kind == SCHED_OK));
}
END_TEST

START_TEST(what_no_answer_means)
{
    static const struct {
        enum http_fault fault;
        enum sched_verdict_kind want;
    } rows[] = {{HTTP_RESOLVE, SCHED_RETRY},  {HTTP_CONNECT, SCHED_RETRY},
                {HTTP_TIMEOUT, SCHED_RETRY},  {HTTP_GARBAGE, SCHED_RETRY},
                {HTTP_INTERNAL, SCHED_RETRY}, {HTTP_TLS, SCHED_FAULT},
                {HTTP_CONFIG, SCHED_FAULT},   {HTTP_REFUSED_ADDRESS, SCHED_FAULT}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_result r = {.fault = rows[i].fault, .retry_after_ms = -1, .text = "why"};
        struct sched_verdict v;
        char text[120];
        consumer_http_judge(&r, text, &v);
        ck_assert_int_eq(v.kind, rows[i].want);
        ck_assert_ptr_nonnull(strstr(v.reason, "why"));
    }
}
END_TEST

static struct kit_dir dir;
static char path[300];

static void setup(void)
{
    kit_dir_open(&dir);
    kit_dir_file(&dir, "out.ndjson", path, sizeof(path));
}

static void teardown(void)
{
    kit_dir_close(&dir);
}

static void assert_file(const char *name, const char *want)
{
    struct slice got = kit_read(name);
    kit_assert_slice(got, slice_str(want));
    free((void *)(uintptr_t)got.p);
}

START_TEST(a_torn_line_is_cut_off)
{
    struct ndjson_file f;
    struct err err = {0};
    static const struct {
        const char *before, *after;
    } rows[] = {{"{1}\n{2}\n{3", "{1}\n{2}\n"}, {"{1}\n", "{1}\n"}, {"", ""}, {"{1", ""}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kit_dir_write(&dir, "out.ndjson", slice_str(rows[i].before));
        ck_assert_msg(ndjson_open(&f, path, 0, &err) == 0, "%s", err.text);
        ndjson_close(&f);
        assert_file(path, rows[i].after);
    }
}
END_TEST

START_TEST(a_torn_line_longer_than_one_look_back)
{
    struct ndjson_file f;
    struct err err = {0};
    size_t n = 200 * 1024;
    char *text = malloc(n);
    memset(text, 'x', n);
    memcpy(text, "{1}\n", 4);
    kit_dir_write(&dir, "out.ndjson", slice_make(text, n));
    ck_assert_int_eq(ndjson_open(&f, path, 0, &err), 0);
    ck_assert_int_eq(ndjson_append(&f, SLICE("{2}\n"), &err), 0);
    ndjson_close(&f);
    assert_file(path, "{1}\n{2}\n");
    free(text);
}
END_TEST

START_TEST(rotation_keeps_whole_lines)
{
    struct ndjson_file f;
    struct err err = {0};
    char pattern[320];
    glob_t g;
    ck_assert_int_eq(ndjson_open(&f, path, 10, &err), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ndjson_append(&f, SLICE("{12345}\n"), &err), 0);
    ndjson_close(&f);
    assert_file(path, "{12345}\n");
    snprintf(pattern, sizeof(pattern), "%s.*", path);
    ck_assert_int_eq(glob(pattern, 0, NULL, &g), 0);
    ck_assert_uint_eq(g.gl_pathc, 2);
    assert_file(g.gl_pathv[0], "{12345}\n");
    globfree(&g);
}
END_TEST

START_TEST(a_failed_append_leaves_nothing)
{
    struct ndjson_file f;
    struct err err = {0};
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(ndjson_open(&f, path, 0, &err), 0);
    ck_assert_int_eq(ndjson_append(&f, SLICE("{1}\n"), &err), 0);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 6; /* two bytes more fit */
    setrlimit(RLIMIT_FSIZE, &small);
    int rc = ndjson_append(&f, SLICE("{22222222}\n"), &err);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_int_eq(rc, -1);
    assert_file(path, "{1}\n");
    ck_assert_int_eq(ndjson_append(&f, SLICE("{2}\n"), &err), 0);
    ndjson_close(&f);
    assert_file(path, "{1}\n{2}\n");
}
END_TEST

START_TEST(no_plain_file_is_refused)
{
    struct ndjson_file f;
    struct err err = {0};
    ck_assert_int_eq(ndjson_open(&f, "/dev/null", 0, &err), -1);
    ck_assert_int_eq(err.code, ERR_CONF);
}
END_TEST

Suite *consumer_suite(void)
{
    Suite *s = suite_create("consumer");
    TCase *c = tcase_create("http");
    tcase_add_loop_test(c, what_a_status_means, 0, sizeof(answers) / sizeof(answers[0]));
    tcase_add_test(c, what_no_answer_means);
    suite_add_tcase(s, c);
    TCase *f = tcase_create("file");
    tcase_add_checked_fixture(f, setup, teardown);
    tcase_add_test(f, a_torn_line_is_cut_off);
    tcase_add_test(f, a_torn_line_longer_than_one_look_back);
    tcase_add_test(f, rotation_keeps_whole_lines);
    tcase_add_test(f, a_failed_append_leaves_nothing);
    tcase_add_test(f, no_plain_file_is_refused);
    suite_add_tcase(s, f);
    return s;
}
