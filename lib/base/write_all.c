#include "write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, struct slice bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return -1;
        bytes = slice_sub(bytes, (size_t)n, bytes.n);
    }
    return 0;
}
