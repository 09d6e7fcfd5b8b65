#include "unix_sock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

static int make_name(const char *path, struct sockaddr_un *un, struct err *reterr)
{
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if (n >= sizeof(un->sun_path))
        return err_set(reterr, ERR_CONF,
                       "%s: %zu bytes are too long for a Unix socket (%zu); use a shorter data "
                       "directory",
                       path, n, sizeof(un->sun_path) - 1);
    memcpy(un->sun_path, path, n);
    return 0;
}

int unix_sock_listen(const char *path, struct err *reterr)
{
    struct sockaddr_un un;
    if (make_name(path, &un, reterr) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "no Unix socket: %s", strerror(errno));
    unlink(path);
    mode_t old = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)&un, sizeof(un));
    umask(old);
    if (bound == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err_set(reterr, ERR_IO, "cannot listen on %s: %s", path, strerror(errno));
    close(fd);
    return -1;
}

int unix_sock_connect(const char *path, int64_t timeout_ms, struct err *reterr)
{
    struct sockaddr_un un;
    if (make_name(path, &un, reterr) != 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "no Unix socket: %s", strerror(errno));
    struct timeval tv = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
    if (connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0)
        return fd;
    if (errno == EACCES)
        err_set(reterr, ERR_PEER, "%s belongs to the user that weir runs as: ask as that one",
                path);
    else
        err_set(reterr, ERR_PEER, "nobody answers at %s: %s", path, strerror(errno));
    close(fd);
    return -1;
}

bool unix_sock_peer(int fd, uint32_t *ret_uid)
{
    struct ucred who;
    socklen_t n = sizeof(who);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
        return false;
    *ret_uid = who.uid;
    return true;
}
