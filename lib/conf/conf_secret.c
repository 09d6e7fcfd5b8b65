#include "conf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 64 * 1024 };

/* The folder of file, absolute and without links, so that it holds when a process changes folder;
 * where it cannot be resolved it stays as given. */
static void folder_of(const char *file, char out[PATH_MAX])
{
    const char *slash = strrchr(file, '/');
    char given[PATH_MAX];
    if (slash && slash != file)
        snprintf(given, sizeof(given), "%.*s", (int)(slash - file), file);
    else
        snprintf(given, sizeof(given), "%s", slash ? "/" : ".");
    if (!realpath(given, out))
        snprintf(out, PATH_MAX, "%s", given);
}

struct slice conf_path(const char *file, struct slice name, struct arena *arena)
{
    char folder[PATH_MAX];
    if (name.n == 0 || name.p[0] == '/')
        return arena_copy(arena, name);
    folder_of(file, folder);
    size_t n = strlen(folder);
    while (folder[0] == '/' &&
           (slice_starts(name, SLICE("../")) || slice_starts(name, SLICE("./")))) {
        if (name.p[1] == '.')
            while (n && folder[--n] != '/')
                ;
        name = slice_sub(name, name.p[1] == '.' ? 3 : 2, name.n);
    }
    while (n && folder[n - 1] == '/')
        n--;
    return arena_printf(arena, "%.*s/%.*s", (int)n, folder, SLICE_ARG(name));
}

/* What somebody else gives out, so that making it up does not help. */
static bool is_given(struct slice option)
{
    return slice_ends(option, SLICE("password")) || slice_ends(option, SLICE("secret")) ||
           slice_eq_str(option, "bearer");
}

static int refuse_file(const struct yaml *at, const char *path, struct err *reterr)
{
    int why = errno;
    if (why != ENOENT && why != ENOTDIR) {
        yaml_err(at, reterr, "%s: %s", path, strerror(why));
        return -1;
    }
    if (is_given(at->name))
        return yaml_err(at, reterr,
                        "%s does not exist; it is to hold this secret and nothing else; then: "
                        "chmod 600 %s",
                        path, path);
    return yaml_err(at, reterr,
                    "%s does not exist; a key is made by: head -c 32 /dev/urandom | base64 > %s; "
                    "chmod 600 %s",
                    path, path, path);
}

static int check_mode(const struct yaml *at, int fd, const char *path, struct err *reterr)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return yaml_err(at, reterr, "%s: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return yaml_err(at, reterr, "%s is not a file", path);
    if (st.st_mode & (S_IRWXO | S_IWGRP))
        return yaml_err(at, reterr, "%s may be read or changed by others; do: chmod 600 %s", path,
                        path);
    return 0;
}

static int read_fd(const struct yaml *at, int fd, const char *path, struct arena *arena,
                   struct slice *ret, struct err *reterr)
{
    char *p = arena_alloc(arena, SECRET_MAX + 1);
    size_t n = 0;
    ssize_t got = 1;
    if (!p)
        return yaml_err(at, reterr, "more than fits the memory set aside");
    while (n <= SECRET_MAX && (got = read(fd, p + n, SECRET_MAX + 1 - n)) > 0)
        n += (size_t)got;
    if (got < 0)
        return yaml_err(at, reterr, "%s: %s", path, strerror(errno));
    if (n > SECRET_MAX)
        return yaml_err(at, reterr, "%s is too long for a secret (64 KiB)", path);
    if (n && p[n - 1] == '\n')
        n--;
    if (n && p[n - 1] == '\r')
        n--;
    if (n == 0)
        return yaml_err(at, reterr, "%s holds nothing", path);
    if (memchr(p, 0, n))
        return yaml_err(at, reterr, "%s holds a NUL byte; a secret is text (base64)", path);
    p[n] = 0;
    *ret = slice_make(p, n);
    return 0;
}

static int from_file(const struct yaml *at, struct slice name, struct arena *arena,
                     struct slice *ret, struct err *reterr)
{
    struct slice path = conf_path(at->file, name, arena);
    if (!slice_present(path))
        return yaml_err(at, reterr, "more than fits the memory set aside");
    int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refuse_file(at, path.p, reterr);
    int rc = check_mode(at, fd, path.p, reterr);
    if (rc == 0)
        rc = read_fd(at, fd, path.p, arena, ret, reterr);
    close(fd);
    return rc;
}

int conf_secret(const struct yaml *at, struct arena *arena, struct slice *ret, struct err *reterr)
{
    if (slice_starts(at->text, SLICE("file:")))
        return from_file(at, slice_sub(at->text, 5, at->text.n), arena, ret, reterr);
    const char *name = at->text.p + 4;
    const char *value = getenv(name);
    if (!value || !*value)
        return yaml_err(at, reterr, "the variable %s, which is to hold this secret, is not set",
                        name);
    struct slice copy = arena_copy(arena, slice_str(value));
    if (!slice_present(copy))
        return yaml_err(at, reterr, "more than fits the memory set aside");
    *ret = copy;
    return 0;
}
