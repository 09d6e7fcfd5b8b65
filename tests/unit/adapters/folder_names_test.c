/* The names of a folder, the oldest first, a bounded number of each scan kept. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "adapters_bed.h"
#include "folder_names.h"

enum { FILES = 2 * FOLDER_NAMES_MAX + 10, STARTED = 1000000 };

struct place {
    struct kit_dir dir;
    struct folder_names names;
    int fd;
};

static void place_open(struct place *p)
{
    kit_dir_open(&p->dir);
    p->fd = open(p->dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ck_assert_int_ge(p->fd, 0);
    folder_names_init(&p->names);
}

static void place_close(struct place *p)
{
    folder_names_fini(&p->names);
    close(p->fd);
    kit_dir_close(&p->dir);
}

static void put(const struct place *p, const char *name, long changed)
{
    struct timespec times[] = {{changed, 0}, {changed, 0}};
    int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(futimens(fd, times), 0);
    close(fd);
}

/* file 0 is the oldest; two each are of one second. */
static void put_files(const struct place *p, unsigned n)
{
    char name[20];
    for (unsigned i = 0; i < n; i++) {
        unsigned shuffled = (i * 7) % n;
        snprintf(name, sizeof(name), "f%04u", shuffled);
        put(p, name, STARTED + shuffled / 2);
    }
}

static bool not_odd(void *arg, const char *name, const struct stat *st)
{
    (void)arg;
    (void)st;
    return strcmp(name, "odd") != 0;
}

/* The next name, or NULL; scans go on as they do turn by turn. */
static const char *next(struct place *p)
{
    const struct folder_name *found;
    enum folder_names_step step;
    do
        step = folder_names_next(&p->names, p->fd, not_odd, NULL, &found);
    while (step == FOLDER_NAMES_GOES_ON);
    return step == FOLDER_NAMES_FOUND ? found->name : NULL;
}

static void assert_next(struct place *p, unsigned n)
{
    char want[20];
    const char *got = next(p);
    snprintf(want, sizeof(want), "f%04u", n);
    ck_assert_msg(got != NULL, "no name where %s is wanted", want);
    ck_assert_str_eq(got, want);
}

/* It is gone from the folder. */
static void take(struct place *p, unsigned n)
{
    char name[20];
    snprintf(name, sizeof(name), "f%04u", n);
    assert_next(p, n);
    ck_assert_int_eq(unlinkat(p->fd, name, 0), 0);
    folder_names_taken(&p->names);
}

START_TEST(all_are_given_oldest_first)
{
    struct place p;
    place_open(&p);
    ck_assert_ptr_null(next(&p));
    put(&p, "odd", 1);
    put(&p, ".hidden", 1);
    ck_assert_int_eq(mkdirat(p.fd, "folder", 0700), 0);
    ck_assert_int_eq(symlinkat("odd", p.fd, "link"), 0);
    put_files(&p, FILES);
    for (unsigned i = 0; i < FILES; i++)
        take(&p, i);
    ck_assert_ptr_null(next(&p));
    put(&p, "f0003", 7);
    take(&p, 3);
    place_close(&p);
}
END_TEST

START_TEST(a_scan_goes_in_slices)
{
    struct place p;
    const struct folder_name *found;
    unsigned turns = 0;
    place_open(&p);
    put_files(&p, 1100);
    while (folder_names_next(&p.names, p.fd, not_odd, NULL, &found) == FOLDER_NAMES_GOES_ON)
        turns++;
    ck_assert_uint_ge(turns, 1);
    ck_assert_str_eq(found->name, "f0000");
    place_close(&p);
}
END_TEST

/* Two whole lists of names that nobody can take: what is behind them is given all the same, then
 * the folder is left alone for a while, and looked at from its beginning again. */
START_TEST(what_cannot_be_taken_hides_no_other)
{
    struct place p;
    place_open(&p);
    put_files(&p, FILES);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < FILES; i++)
            assert_next(&p, i);
        ck_assert_ptr_null(next(&p));
    }
    /* Once one behind them was taken, the older ones are tried again first. */
    for (unsigned i = 0; i < FILES - 1; i++)
        assert_next(&p, i);
    take(&p, FILES - 1);
    assert_next(&p, 0);
    place_close(&p);
}
END_TEST

Suite *folder_names_suite(void)
{
    Suite *s = suite_create("folder_names");
    TCase *t = tcase_create("names");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, all_are_given_oldest_first);
    tcase_add_test(t, a_scan_goes_in_slices);
    tcase_add_test(t, what_cannot_be_taken_hides_no_other);
    suite_add_tcase(s, t);
    return s;
}
