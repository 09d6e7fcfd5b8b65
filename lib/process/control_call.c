#include "control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "unix_sock.h"

enum { PIECE = 16384 };

static int send_line(int fd, struct slice request, struct err *reterr)
{
    struct slice parts[] = {request, SLICE("\n")};
    for (unsigned i = 0; i < 2; i++)
        while (parts[i].n) {
            ssize_t n = send(fd, parts[i].p, parts[i].n, MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                return err_set(reterr, ERR_PEER, "the request could not be sent: %s",
                               strerror(errno));
            parts[i] = slice_sub(parts[i], (size_t)n, parts[i].n);
        }
    return 0;
}

static int read_line(int fd, struct buf *ret, struct err *reterr)
{
    for (;;) {
        char *to = buf_reserve(ret, PIECE);
        if (!to)
            return err_set(reterr, ERR_LIMIT, "the answer is too long");
        ssize_t n = recv(fd, to, PIECE, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(reterr, ERR_PEER, "no answer: %s",
                           n == 0            ? "the process went away"
                           : errno == EAGAIN ? "none came in time; it may still do what was asked"
                                             : strerror(errno));
        ret->n += (size_t)n;
        if (to[n - 1] == '\n') {
            ret->n--;
            return 0;
        }
    }
}

int control_call(const char *path, struct slice request, int64_t timeout_ms, struct buf *ret,
                 struct err *reterr)
{
    int fd = unix_sock_connect(path, timeout_ms, reterr);
    if (fd < 0)
        return -1;
    int r = send_line(fd, request, reterr);
    if (r == 0)
        r = read_line(fd, ret, reterr);
    close(fd);
    return r == 0 ? 0 : err_at(reterr, "%s", path);
}
