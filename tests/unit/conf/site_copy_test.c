#include "conf_suites.h"
#include "kit.h"
#include "site_copy.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define KEYS "keys: {pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}\n"

static const struct {
    const char *text, *data; /* under the folder of the file, or absolute */
} broken[] = {
    {"data: /srv/weir\nlog_levl: info\n", "/srv/weir"},
    {"data: store  # of the stream\n: [", "store"},
    {"log: [\ndata: \"a # b\"  # c\n", "a # b"},
    {"data: 'quoted'\n", "quoted"},
    {"data: ${WEIR_TEST_DATA:-preset}/x\n", "preset/x"},
    {"  data: inner\n", "data"},
    {"data:\nlog_level: x\n", "data"},
    {"data: a#b", "a#b"},
    {"", "data"},
};

START_TEST(data_of_a_broken_file)
{
    struct kit_dir dir;
    struct arena arena;
    char file[4096], wanted[8192];
    unsetenv("WEIR_TEST_DATA");
    kit_dir_open(&dir);
    kit_dir_file(&dir, "weir.yaml", file, sizeof(file));
    arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        bool absolute = broken[i].data[0] == '/';
        kit_dir_write(&dir, "weir.yaml", slice_str(broken[i].text));
        snprintf(wanted, sizeof(wanted), "%s%s%s", absolute ? "" : dir.path, absolute ? "" : "/",
                 broken[i].data);
        kit_assert_slice(site_copy_data(file, &arena), slice_str(wanted));
    }
    kit_dir_write(&dir, "weir.yaml", SLICE("data: ${WEIR_TEST_DATA}\n"));
    ck_assert(!slice_present(site_copy_data(file, &arena)));
    arena_fini(&arena);
    kit_dir_close(&dir);
}
END_TEST

/* As if it had been written so many seconds ago. */
static void age(const struct kit_dir *dir, const char *name, time_t s)
{
    char path[4096];
    struct timespec times[2] = {{.tv_sec = time(NULL) - s}, {.tv_sec = time(NULL) - s}};
    kit_dir_file(dir, name, path, sizeof(path));
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void write_copy(const struct kit_dir *dir, const char *file, const char *process,
                       const char *level)
{
    char text[4096];
    struct site *s;
    struct err err = {0};
    setenv("WEIR_TEST_P", "x", 1);
    setenv("WEIR_TEST_A", "x", 1);
    snprintf(text, sizeof(text), "data: %s\n" KEYS "log_level: %s\n", dir->path, level);
    ck_assert_msg(site_read(slice_str(text), file, 0, &s, &err) == 0, "%s", err.text);
    ck_assert_msg(site_copy_write(s, process, &err) == 0, "%s", err.text);
    site_close(s);
}

START_TEST(newest_copy_counts)
{
    struct kit_dir dir;
    struct site *s;
    const char *copy;
    char run[4096];
    struct err err = {0};
    kit_dir_open(&dir);
    kit_dir_file(&dir, "run", run, sizeof(run));
    ck_assert_int_eq(site_copy_open(dir.path, 0, &s, &copy, &err), -1);
    ck_assert_int_eq(err.code, ERR_INPUT);
    ck_assert_int_eq(mkdir(run, 0700), 0);
    write_copy(&dir, "/etc/weir/old.yaml", "acute", "warn");
    write_copy(&dir, "/etc/weir/weir.yaml", "broker", "debug");
    age(&dir, "run/acute.yaml", 10);
    ck_assert_msg(site_copy_open(dir.path, 0, &s, &copy, &err) == 0, "%s", err.text);
    ck_assert_str_eq(s->file, "/etc/weir/weir.yaml");
    ck_assert(slice_ends(slice_str(copy), SLICE("/run/broker.yaml")));
    ck_assert_int_eq(yaml_get(s->root, "log_level")->line, 3); /* as in the file */
    site_close(s);
    kit_dir_write(&dir, "run/broker.yaml", SLICE("# torn"));
    ck_assert_int_eq(site_copy_open(dir.path, 0, &s, &copy, &err), -1);
    ck_assert(strstr(err.text, "run/broker.yaml") != NULL);
    kit_dir_close(&dir);
}
END_TEST

Suite *site_copy_suite(void)
{
    Suite *s = suite_create("site copy");
    TCase *t = tcase_create("site copy");
    tcase_add_test(t, data_of_a_broken_file);
    tcase_add_test(t, newest_copy_counts);
    suite_add_tcase(s, t);
    return s;
}
