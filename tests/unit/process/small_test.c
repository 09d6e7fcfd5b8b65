#include <stdio.h>
#include <unistd.h>
#include "disk_space.h"
#include "kit.h"
#include "lock.h"
#include "process_suites.h"

static uint64_t free_now;
static unsigned looks;
static bool look_fails;

static bool look(const char *dir, uint64_t *ret_free)
{
    (void)dir;
    looks++;
    *ret_free = free_now;
    return !look_fails;
}

START_TEST(test_disk_space)
{
    struct disk_space d;
    disk_space_init(&d, "/", 800);
    d.look = look;
    free_now = 800;
    ck_assert(!disk_space_low(&d, 1000));
    free_now = 799;
    ck_assert(!disk_space_low(&d, 1199)); /* not looked at again yet */
    ck_assert_uint_eq(looks, 1);
    ck_assert(disk_space_low(&d, 1200));
    free_now = 899; /* an eighth more than the mark is asked for */
    ck_assert(disk_space_low(&d, 1400));
    free_now = 900;
    ck_assert(!disk_space_low(&d, 1600));
    look_fails = true;
    ck_assert(disk_space_low(&d, 1800));
    struct disk_space real;
    disk_space_init(&real, "/", 1);
    ck_assert(!disk_space_low(&real, 0));
    disk_space_init(&real, "/", UINT64_MAX / 2);
    ck_assert(disk_space_low(&real, 0));
}
END_TEST

START_TEST(test_lock)
{
    struct kit_dir dir;
    char path[300], pid[24];
    struct err e;
    kit_dir_open(&dir);
    kit_dir_file(&dir, "a.lock", path, sizeof(path));
    int fd = lock_take(path, &e);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(lock_take(path, &e), -1);
    ck_assert_int_eq(e.code, ERR_REFUSED);
    snprintf(pid, sizeof(pid), "process %ld ", (long)getpid());
    ck_assert_msg(strstr(e.text, pid) != NULL, "%s", e.text);
    close(fd);
    fd = lock_take(path, &e);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(lock_take("/nowhere/at/all", &e), -1);
    ck_assert_int_eq(e.code, ERR_IO);
    kit_dir_close(&dir);
}
END_TEST

TCase *small_tests(void)
{
    TCase *t = tcase_create("small");
    tcase_add_test(t, test_disk_space);
    tcase_add_test(t, test_lock);
    return t;
}
