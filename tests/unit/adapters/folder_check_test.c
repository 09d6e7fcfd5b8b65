/* What weir check says of a drop folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "adapters_bed.h"
#include "folder_check.h"

static int rename_fails; /* errno of a file system that has no RENAME_NOREPLACE; 0: it has */

/* In place of the one of libc. */
int renameat2(int from, const char *name, int to, const char *other, unsigned flags)
{
    if (rename_fails && flags) {
        errno = rename_fails;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from, name, to, other, flags);
}

/* A site with one drop folder of that name in dir; what the check says of it, "" = fine. */
static const char *said(const struct kit_dir *dir, const char *name, struct err *err)
{
    struct site *site;
    char text[1024];
    snprintf(text, sizeof(text),
             "data: /nowhere\n"
             "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
             "sources:\n"
             "  pas: {adapter: acute, ods: RZZ, system: pas, folder: {path: %s/%s}}\n",
             dir->path, name);
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    ck_assert_msg(site_read(slice_str(text), "u.yaml", SITE_PSEUDONYM, &site, err) == 0, "%s",
                  err->text);
    *err = (struct err){0};
    int result = folder_check(&site->sources[0], err);
    ck_assert(result == 0 || err->code == ERR_CONF);
    ck_assert(result == 0 || strncmp(err->text, "u.yaml:4:", 9) == 0);
    site_close(site);
    return err->text;
}

static void make(const struct kit_dir *dir, const char *name, unsigned mode)
{
    char path[300];
    kit_dir_file(dir, name, path, sizeof(path));
    ck_assert_int_eq(mkdir(path, mode), 0);
}

static void assert_says(const char *got, const char *want)
{
    ck_assert_msg(strstr(got, want) != NULL, "said: %s\nwanted: %s", got, want);
}

START_TEST(a_folder_that_can_be_used_is_fine)
{
    struct kit_dir dir;
    struct err err = {0};
    kit_dir_open(&dir);
    make(&dir, "drop", 0700);
    ck_assert_str_eq(said(&dir, "drop", &err), "");
    make(&dir, "drop/work", 0700);
    make(&dir, "drop/done", 0700);
    make(&dir, "drop/bad", 0700);
    ck_assert_str_eq(said(&dir, "drop", &err), "");
    kit_dir_close(&dir);
}
END_TEST

START_TEST(a_folder_that_is_not_there_or_is_none)
{
    struct kit_dir dir;
    struct err err = {0};
    kit_dir_open(&dir);
    assert_says(said(&dir, "gone", &err), "there is no folder ");
    kit_dir_write(&dir, "file", SLICE("x"));
    assert_says(said(&dir, "file", &err), "/file is no folder");
    make(&dir, "drop", 0700);
    kit_dir_write(&dir, "drop/done", SLICE("x"));
    assert_says(said(&dir, "drop", &err), "done is no folder");
    kit_dir_close(&dir);
}
END_TEST

/* Another file system than that of the folder, wherever the folder is. */
static bool elsewhere(const struct kit_dir *dir, const char **ret)
{
    static const char *const others[] = {"/dev/shm", "/tmp", "/run"};
    struct stat here, there;
    ck_assert_int_eq(stat(dir->path, &here), 0);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (stat(others[i], &there) == 0 && there.st_dev != here.st_dev) {
            *ret = others[i];
            return true;
        }
    return false;
}

START_TEST(a_part_on_another_file_system)
{
    struct kit_dir dir;
    struct err err = {0};
    const char *other;
    char path[300];
    kit_dir_open(&dir);
    make(&dir, "drop", 0700);
    if (elsewhere(&dir, &other)) {
        kit_dir_file(&dir, "drop/bad", path, sizeof(path));
        ck_assert_int_eq(symlink(other, path), 0);
        assert_says(said(&dir, "drop", &err), "bad/ in it is on another file system");
    }
    kit_dir_close(&dir);
}
END_TEST

static unsigned entries_of(const struct kit_dir *dir, const char *name)
{
    char path[300];
    unsigned n = 0;
    kit_dir_file(dir, name, path, sizeof(path));
    DIR *d = opendir(path);
    ck_assert_ptr_nonnull(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2; /* . and .. */
}

START_TEST(a_file_system_that_cannot_rename_without_replacing)
{
    struct kit_dir dir;
    struct err err = {0};
    kit_dir_open(&dir);
    make(&dir, "drop", 0700);
    rename_fails = EINVAL;
    assert_says(said(&dir, "drop", &err), "cannot rename a file without replacing another");
    rename_fails = EIO;
    assert_says(said(&dir, "drop", &err), "no file can be renamed in ");
    rename_fails = 0;
    ck_assert_str_eq(said(&dir, "drop", &err), "");
    ck_assert_uint_eq(entries_of(&dir, "drop"), 0);
    kit_dir_close(&dir);
}
END_TEST

START_TEST(a_folder_of_somebody_else)
{
    struct kit_dir dir;
    struct err err = {0};
    kit_dir_open(&dir);
    make(&dir, "drop", 0555);
    make(&dir, "free", 0700);
    make(&dir, "free/work", 0555);
    if (geteuid() == 0) { /* who may write everywhere */
        ck_assert_int_eq(chmod(dir.path, 0755), 0);
        ck_assert_int_eq(chown(dir.path, 65534, 65534), 0);
        char path[300];
        kit_dir_file(&dir, "free", path, sizeof(path));
        ck_assert_int_eq(chown(path, 65534, 65534), 0);
        ck_assert_int_eq(seteuid(65534), 0);
    }
    assert_says(said(&dir, "drop", &err), "may not take files out of ");
    assert_says(said(&dir, "free", &err), "may not take files out of work");
    ck_assert_int_eq(seteuid(getuid()), 0);
    kit_dir_close(&dir);
}
END_TEST

Suite *folder_check_suite(void)
{
    Suite *s = suite_create("folder_check");
    TCase *t = tcase_create("folder_check");
    tcase_add_test(t, a_folder_that_can_be_used_is_fine);
    tcase_add_test(t, a_folder_that_is_not_there_or_is_none);
    tcase_add_test(t, a_part_on_another_file_system);
    tcase_add_test(t, a_folder_of_somebody_else);
    tcase_add_test(t, a_file_system_that_cannot_rename_without_replacing);
    suite_add_tcase(s, t);
    return s;
}
