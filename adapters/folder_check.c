#include "folder_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* *ret_fd is to be closed; -1: there is none of that name, which is told where it has to be. */
static int open_dir(const struct yaml *node, int at, const char *name, int *ret_fd,
                    struct err *reterr)
{
    *ret_fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*ret_fd >= 0)
        return 0;
    if (errno == ENOENT)
        return at == AT_FDCWD ? yaml_err(node, reterr,
                                         "there is no folder %s: make it, and give it to the user "
                                         "that weir runs as",
                                         name)
                              : 0;
    if (errno == ENOTDIR || errno == ELOOP)
        return yaml_err(node, reterr, "%s is no folder", name);
    return yaml_err(node, reterr, "%s cannot be read: %s", name, strerror(errno));
}

static int check_rights(const struct yaml *node, int fd, const char *name, struct err *reterr)
{
    if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) == 0)
        return 0;
    return yaml_err(node, reterr, "user %u may not take files out of %s: %s", (unsigned)geteuid(),
                    name, strerror(errno));
}

/* A file is claimed by a rename into work/ and moved on by another. */
static int check_part(const struct yaml *node, int in, dev_t device, const char *name,
                      struct err *reterr)
{
    struct stat st;
    int fd, result;
    if (open_dir(node, in, name, &fd, reterr) < 0)
        return -1;
    if (fd < 0)
        return 0;
    if (fstat(fd, &st) < 0)
        result = yaml_err(node, reterr, "%s: %s", name, strerror(errno));
    else if (st.st_dev != device)
        result =
            yaml_err(node, reterr,
                     "%s/ in it is on another file system: a file cannot be renamed into it", name);
    else
        result = check_rights(node, fd, name, reterr);
    close(fd);
    return result;
}

/* What claims a file must never replace another: NFS and some others cannot promise it. Tried with
 * a name that no adapter takes. */
static int check_rename(const struct yaml *node, int in, const char *path, struct err *reterr)
{
    char from[64], to[80];
    snprintf(from, sizeof(from), ".weir-check-%ld", (long)getpid());
    snprintf(to, sizeof(to), "%s-renamed", from);
    int fd = openat(in, from, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return yaml_err(node, reterr, "nothing can be written in %s: %s", path, strerror(errno));
    close(fd);
    unlinkat(in, to, 0);
    int why = renameat2(in, from, in, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
    unlinkat(in, why ? from : to, 0);
    if (why == EINVAL || why == ENOSYS)
        return yaml_err(node, reterr,
                        "the file system of %s cannot rename a file without replacing another "
                        "(NFS cannot): use a folder on a local disk",
                        path);
    return why ? yaml_err(node, reterr, "no file can be renamed in %s: %s", path, strerror(why))
               : 0;
}

int folder_check(const struct site_source *source, struct err *reterr)
{
    static const char *const parts[] = {"work", "done", "bad"};
    const struct yaml *node = yaml_get(source->folder_node, "path");
    const char *path = source->folder.path.p;
    struct stat st;
    int in, result;
    if (open_dir(node, AT_FDCWD, path, &in, reterr) < 0)
        return -1;
    result = check_rights(node, in, path, reterr);
    if (result == 0 && fstat(in, &st) < 0)
        result = yaml_err(node, reterr, "%s: %s", path, strerror(errno));
    for (unsigned i = 0; result == 0 && i < sizeof(parts) / sizeof(parts[0]); i++)
        result = check_part(node, in, st.st_dev, parts[i], reterr);
    if (result == 0)
        result = check_rename(node, in, path, reterr);
    close(in);
    return result;
}
