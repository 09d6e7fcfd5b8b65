#include "ndjson_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "write_all.h"

enum { LOOK_BACK = 64 * 1024, PATH_BYTES = 4096, SUFFIXES = 1000 };

static int fail(const struct ndjson_file *f, const char *what, struct err *reterr)
{
    int no = errno;
    return err_set(reterr, no == ENOSPC || no == EDQUOT ? ERR_FULL : ERR_IO, "%s: %s: %s", f->path,
                   what, strerror(no));
}

/* Size up to and with the last newline. */
static int whole_lines(const struct ndjson_file *f, uint64_t size, uint64_t *ret)
{
    char *back = malloc(LOOK_BACK);
    uint64_t end = size;
    int rc = back ? 0 : -1;
    while (rc == 0 && end) {
        size_t n = end < LOOK_BACK ? (size_t)end : LOOK_BACK;
        if (pread(f->fd, back, n, (off_t)(end - n)) != (ssize_t)n) {
            rc = -1;
            break;
        }
        const char *nl = memrchr(back, '\n', n);
        end = nl ? end - n + (uint64_t)(nl - back) + 1 : end - n;
        if (nl)
            break;
    }
    free(back);
    *ret = end;
    return rc;
}

static int sync_folder(const struct ndjson_file *f)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s", f->path);
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return rc;
}

int ndjson_open(struct ndjson_file *f, const char *path, uint64_t rotate_bytes, struct err *reterr)
{
    struct stat st;
    uint64_t whole;
    *f = (struct ndjson_file){.path = path, .rotate_bytes = rotate_bytes, .fd = -1};
    f->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (f->fd < 0)
        return fail(f, "cannot open", reterr);
    int rc = 0;
    if (fstat(f->fd, &st) < 0)
        rc = fail(f, "cannot ask its size", reterr);
    else if (!S_ISREG(st.st_mode))
        rc = err_set(reterr, ERR_CONF, "%s: is no plain file", path);
    else if (whole_lines(f, (uint64_t)st.st_size, &whole) < 0)
        rc = fail(f, "cannot read its end", reterr);
    else if (whole < (uint64_t)st.st_size && ftruncate(f->fd, (off_t)whole) < 0)
        rc = fail(f, "cannot cut off a torn line", reterr);
    else if (fsync(f->fd) < 0 || sync_folder(f) < 0)
        rc = fail(f, "cannot sync", reterr);
    else
        f->size = whole;
    if (rc < 0)
        ndjson_close(f);
    return rc;
}

void ndjson_close(struct ndjson_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

/* <path>.20260303T081200Z, with a count where that is taken. */
static int rotate(struct ndjson_file *f, struct err *reterr)
{
    char to[PATH_BYTES], at[32];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm);
    int n = snprintf(to, sizeof(to), "%s.%s", f->path, at);
    for (unsigned i = 1; i < SUFFIXES && access(to, F_OK) == 0; i++)
        n = snprintf(to, sizeof(to), "%s.%s-%03u", f->path, at, i);
    if (n < 0 || (size_t)n >= sizeof(to))
        return err_set(reterr, ERR_IO, "%s: its name is too long", f->path);
    if (rename(f->path, to) < 0)
        return fail(f, "cannot rename", reterr);
    ndjson_close(f);
    return ndjson_open(f, f->path, f->rotate_bytes, reterr);
}

int ndjson_append(struct ndjson_file *f, struct slice lines, struct err *reterr)
{
    /* After a failure the file is opened anew, which cuts off what was written in part. */
    if (f->fd < 0 && ndjson_open(f, f->path, f->rotate_bytes, reterr) < 0)
        return -1;
    if (f->rotate_bytes && f->size && f->size + lines.n > f->rotate_bytes && rotate(f, reterr) < 0)
        return -1;
    if (write_all(f->fd, lines) < 0 || fdatasync(f->fd) < 0) {
        int rc = fail(f, "cannot append", reterr);
        int cut = ftruncate(f->fd, (off_t)f->size);
        (void)cut; /* where it fails too, the next open sees to it */
        ndjson_close(f);
        return rc;
    }
    f->size += lines.n;
    return 0;
}
