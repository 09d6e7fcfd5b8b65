#include "message_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "write_all.h"

enum { FLUSH_AT = 256 * 1024, BYTES_MAX = 16 * 1024 * 1024 };

static int open_folder(const char *path, struct err *reterr)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno)) : fd;
}

int message_out_open(const char *path, struct message_out *ret, struct err *reterr)
{
    struct stat st;
    struct message_out o = {.fd = STDOUT_FILENO, .standard = path == NULL};
    if (path) {
        o.folder = slice_ends(slice_str(path), SLICE("/")) ||
                   (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
        o.fd = o.folder ? open_folder(path, reterr)
                        : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (o.fd < 0 && o.folder)
            return -1;
        if (o.fd < 0)
            return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    }
    buf_init(&o.bytes, BYTES_MAX);
    *ret = o;
    return 0;
}

static int write_out(int fd, struct slice bytes, struct err *reterr)
{
    return write_all(fd, bytes) < 0 ? err_set(reterr, ERR_IO, "write: %s", strerror(errno)) : 0;
}

static int write_one(struct message_out *o, struct err *reterr)
{
    char name[32], half[40];
    snprintf(name, sizeof(name), "%06u.%s", ++o->no, o->ends ? o->ends : "hl7");
    snprintf(half, sizeof(half), ".%s", name);
    int fd = openat(o->fd, half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s: %s", half, strerror(errno));
    int result = write_out(fd, buf_slice(&o->bytes), reterr);
    close(fd);
    if (result == 0 && renameat(o->fd, half, o->fd, name) < 0)
        result = err_set(reterr, ERR_IO, "%s: %s", name, strerror(errno));
    buf_reset(&o->bytes);
    return result;
}

int message_out_flush(struct message_out *o, struct err *reterr)
{
    if (o->folder)
        return 0;
    int result = write_out(o->fd, buf_slice(&o->bytes), reterr);
    buf_reset(&o->bytes);
    return result;
}

int message_out_end(struct message_out *o, struct err *reterr)
{
    if (!buf_ok(&o->bytes))
        return err_set(reterr, ERR_NOMEM, "no memory for a message");
    if (o->folder)
        return write_one(o, reterr);
    return o->bytes.n >= FLUSH_AT ? message_out_flush(o, reterr) : 0;
}

int message_out_close(struct message_out *o, struct err *reterr)
{
    int result = message_out_flush(o, reterr);
    if (!o->standard && close(o->fd) < 0 && result == 0)
        result = err_set(reterr, ERR_IO, "close: %s", strerror(errno));
    buf_fini(&o->bytes);
    return result;
}
