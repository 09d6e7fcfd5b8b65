#include "test_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "conf.h"

enum { MEMORY = 64 << 20 };

void test_files_init(struct test_files *t)
{
    *t = (struct test_files){0};
    arena_init(&t->arena, MEMORY);
}

void test_files_fini(struct test_files *t)
{
    arena_fini(&t->arena);
}

static bool is_test(const char *path)
{
    return slice_ends(slice_str(path), SLICE(".test.yaml"));
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int add_file(struct test_files *t, const char *path, struct err *reterr)
{
    for (unsigned i = 0; i < t->n; i++)
        if (same_file(t->at[i], path))
            return 0;
    if (!t->at)
        t->at = arena_zalloc(&t->arena, TEST_FILES_MAX, sizeof(*t->at));
    struct slice kept = arena_copy(&t->arena, slice_str(path));
    if (!t->at || !slice_present(kept) || t->n == TEST_FILES_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d test files", TEST_FILES_MAX);
    t->at[t->n++] = kept.p;
    return 0;
}

/* Whether the test file names that configuration. One that cannot be read is taken, so that its
 * fault is told. */
static bool tests_of(struct test_files *t, const char *path, const char *config)
{
    struct yaml *root;
    struct err ignored = {0};
    if (yaml_read_file(path, NULL, NULL, &t->arena, &root, &ignored) < 0)
        return true;
    const struct yaml *named = yaml_get(root, "config");
    if (!named || !named->text.n)
        return false;
    struct slice file = conf_path(path, named->text, &t->arena);
    return slice_present(file) && same_file(file.p, config);
}

static int is_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && is_test(entry->d_name);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* config NULL: all of the folder. */
static int add_folder(struct test_files *t, const char *folder, const char *config,
                      struct err *reterr)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_entry, by_name), rc = 0;
    if (n < 0 && errno == ENOENT)
        return 0;
    if (n < 0)
        return err_set(reterr, ERR_IO, "%s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        struct slice path = arena_printf(&t->arena, "%s/%s", folder, entries[i]->d_name);
        if (rc == 0 && !slice_present(path))
            rc = err_set(reterr, ERR_LIMIT, "%s: too many files", folder);
        if (rc == 0 && (!config || tests_of(t, path.p, config)))
            rc = add_file(t, path.p, reterr);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int add_both(struct test_files *t, struct slice folder, const char *config,
                    struct err *reterr)
{
    struct slice own = arena_copy(&t->arena, folder);
    struct slice tests = arena_printf(&t->arena, "%.*s/tests", SLICE_ARG(folder));
    if (!slice_present(own) || !slice_present(tests))
        return err_set(reterr, ERR_LIMIT, "too many files");
    return add_folder(t, own.p, config, reterr) < 0 ? -1 : add_folder(t, tests.p, config, reterr);
}

int test_files_add(struct test_files *t, const char *path, struct err *reterr)
{
    struct stat st;
    if (stat(path, &st) < 0)
        return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    struct slice folder = slice_str(path);
    if (S_ISDIR(st.st_mode)) {
        while (folder.n > 1 && folder.p[folder.n - 1] == '/')
            folder.n--;
        return add_both(t, folder, NULL, reterr);
    }
    if (is_test(path))
        return add_file(t, path, reterr);
    const char *slash = strrchr(path, '/');
    folder = slash ? slice_make(path, (size_t)(slash - path)) : SLICE(".");
    return add_both(t, folder.n ? folder : SLICE("/"), path, reterr);
}
