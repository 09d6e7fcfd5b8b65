#include "stream_embedded_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int refuse(int fd, const char *path, struct err *reterr)
{
    char holder[100];
    ssize_t n = pread(fd, holder, sizeof(holder) - 1, 0);
    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return err_set(reterr, ERR_REFUSED,
                   "%s: held by %s: one process writes this file; stop that one first", path,
                   holder[0] ? holder : "another process");
}

/* Only tells: a full disk must not keep the writer from starting. */
static void write_holder(int fd)
{
    char holder[100];
    int n = snprintf(holder, sizeof(holder), "%.60s (pid %ld)\n", program_invocation_short_name,
                     (long)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, holder, (size_t)n, 0) < n)
        return;
}

int embedded_lock_take(const char *path, struct err *reterr)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    int rc = 0;
    if (flock(fd, LOCK_EX | LOCK_NB))
        rc = errno == EWOULDBLOCK ? refuse(fd, path, reterr)
                                  : err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
    else
        write_holder(fd);
    if (rc) {
        close(fd);
        return -1;
    }
    return fd;
}
