#include "folder_drop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>
#include "write_all.h"

/* Names that begin with a dot are never taken. */
int folder_drop_put(int dir, const char *name, struct slice bytes, struct err *reterr)
{
    char hidden[NAME_MAX + 2];
    snprintf(hidden, sizeof(hidden), ".%s", name);
    int fd = openat(dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    int result = fd < 0 || write_all(fd, bytes) < 0 || fsync(fd) < 0 ? -1 : 0;
    if (result == 0)
        result = renameat2(dir, hidden, dir, name, RENAME_NOREPLACE);
    if (result == 0)
        result = fsync(dir);
    if (result < 0) {
        err_set(reterr, ERR_IO, "%s: %s", name, strerror(errno));
        unlinkat(dir, hidden, 0);
    }
    if (fd >= 0)
        close(fd);
    return result;
}

static bool read_report(int dir, const char *name, const char *part, struct buf *ret)
{
    char path[NAME_MAX + 32];
    snprintf(path, sizeof(path), "%s/%s.report.json", part, name);
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    char piece[16 * 1024];
    buf_reset(ret);
    while (fd >= 0 && (n = read(fd, piece, sizeof(piece))) > 0)
        buf_put(ret, slice_make(piece, (size_t)n));
    if (fd >= 0)
        close(fd);
    return fd >= 0 && n == 0;
}

bool folder_drop_report(int dir, const char *name, struct buf *ret)
{
    return read_report(dir, name, "done", ret) || read_report(dir, name, "bad", ret);
}
