#include "kit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void run_all(SRunner *runner, int argc, char **argv)
{
    if (argc < 2) {
        srunner_run_all(runner, CK_NORMAL);
        return;
    }
    for (int i = 1; i < argc; i++)
        srunner_run(runner, NULL, argv[i], CK_NORMAL);
}

int kit_main(int argc, char **argv, Suite *const suites[], size_t nsuites)
{
    SRunner *runner = srunner_create(NULL);

    for (size_t i = 0; i < nsuites; i++)
        srunner_add_suite(runner, suites[i]);
    run_all(runner, argc, argv);
    int run = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (run == 0)
        fprintf(stderr, "no test case ran: is the name right?\n");
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed == 0 && run > 0 ? 0 : 1;
}

void kit_guard_open(struct kit_guard *g, struct slice bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = bytes.n / page + 1;
    char *map =
        mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ck_assert_msg(map != MAP_FAILED, "no memory for a guard page: %s", strerror(errno));
    char *edge = map + pages * page;
    ck_assert_msg(mprotect(edge, page, PROT_NONE) == 0, "mprotect: %s", strerror(errno));
    if (bytes.n)
        memcpy(edge - bytes.n, bytes.p, bytes.n);
    *g = (struct kit_guard){slice_make(edge - bytes.n, bytes.n), map, (pages + 1) * page};
}

void kit_guard_close(struct kit_guard *g)
{
    if (g && g->map)
        munmap(g->map, g->map_size);
    if (g)
        *g = (struct kit_guard){.map = NULL};
}

void kit_dir_open(struct kit_dir *d)
{
    const char *base = getenv("TMPDIR");
    int n = snprintf(d->path, sizeof d->path, "%s/weir-test-XXXXXX", base && *base ? base : "/tmp");

    ck_assert_msg(n > 0 && (size_t)n < sizeof d->path, "TMPDIR is too long");
    ck_assert_msg(mkdtemp(d->path) != NULL, "cannot make %s: %s", d->path, strerror(errno));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void kit_dir_close(struct kit_dir *d)
{
    if (d && d->path[0])
        (void)nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (d)
        d->path[0] = '\0';
}

void kit_dir_file(const struct kit_dir *d, const char *name, char *ret, size_t size)
{
    int n = snprintf(ret, size, "%s/%s", d->path, name);

    ck_assert_msg(n > 0 && (size_t)n < size, "no room for the name of %s", name);
}

void kit_dir_write(const struct kit_dir *d, const char *name, struct slice bytes)
{
    char path[512];

    kit_dir_file(d, name, path, sizeof path);
    FILE *f = fopen(path, "wb");
    ck_assert_msg(f != NULL, "cannot write %s: %s", path, strerror(errno));
    size_t n = bytes.n ? fwrite(bytes.p, 1, bytes.n, f) : 0;
    ck_assert_msg(fclose(f) == 0 && n == bytes.n, "cannot write %s", path);
}

int kit_drip(struct slice bytes, size_t step, kit_drip_fn fn, void *arg)
{
    for (size_t at = 0; at < bytes.n; at += step) {
        struct slice piece = slice_sub(bytes, at, at + step);
        char *copy = malloc(piece.n);

        ck_assert_msg(copy != NULL, "no memory");
        memcpy(copy, piece.p, piece.n);
        int stop = fn(arg, slice_make(copy, piece.n));
        free(copy);
        if (stop)
            return stop;
    }
    return 0;
}

struct slice kit_read(const char *path)
{
    FILE *f = fopen(path, "rb");

    ck_assert_msg(f != NULL, "cannot read %s: %s", path, strerror(errno));
    ck_assert(fseek(f, 0, SEEK_END) == 0);
    long size = ftell(f);
    ck_assert(size >= 0);
    rewind(f);
    char *bytes = malloc((size_t)size + 1);
    ck_assert_msg(bytes != NULL, "no memory");
    ck_assert_msg(fread(bytes, 1, (size_t)size, f) == (size_t)size, "cannot read %s", path);
    bytes[size] = '\0';
    fclose(f);
    return slice_make(bytes, (size_t)size);
}

void kit_assert_slice_at(const char *file, int line, const char *what, struct slice got,
                         struct slice want)
{
    if (slice_present(got) == slice_present(want) && slice_eq(got, want)) {
        mark_point();
        return;
    }
    ck_abort_msg("%s:%d: %s is %s\"%.*s\", not %s\"%.*s\"", file, line, what,
                 slice_present(got) ? "" : "absent ", SLICE_ARG(got),
                 slice_present(want) ? "" : "absent ", SLICE_ARG(want));
}
