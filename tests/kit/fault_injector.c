/* fault_injector.c - an LD_PRELOAD library that lets the machine fail at a chosen moment (a plain
 * build only: sanitizers wrap the same calls).
 *
 * WEIR_FAULT="WHAT PATH NTH COUNT ACTION": from the NTH call on, COUNT times.
 *   WHAT    sync (fsync, fdatasync), write (write, pwrite) of files whose path ends in PATH; alloc
 * (malloc, calloc, realloc; PATH is "-"); request (sendmsg) to Kafka whose API key is PATH; answer
 * (writev) over MLLP (PATH is "-")
 *   ACTION  kill-before, kill-after: kill -9 of this process before or after the call; eio, enospc:
 * the call fails; fail: no memory; slow=MS: it takes that much longer
 *   WEIR_CLOCK=FILE: eight bytes, nanoseconds that the wall clock is off by, read at each call. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum what { NOTHING, SYNC, WRITE, ALLOC, REQUEST, ANSWER };

static struct {
    enum what what;
    char path[100], action[40];
    long nth, count;
    atomic_long seen;
    const volatile int64_t *clock_off;
} fault;

__attribute__((constructor)) static void read_fault(void)
{
    const char *text = getenv("WEIR_FAULT"), *clock = getenv("WEIR_CLOCK");
    char what[20] = "";
    long nth, count;
    if (clock) {
        int fd = open(clock, O_RDONLY | O_CLOEXEC);
        void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
        fault.clock_off = p == MAP_FAILED ? NULL : p;
        close(fd);
    }
    if (!text ||
        sscanf(text, "%19s %99s %ld %ld %39s", what, fault.path, &nth, &count, fault.action) != 5)
        return;
    fault.nth = nth;
    fault.count = count;
    static const char *const names[] = {"", "sync", "write", "alloc", "request", "answer"};
    for (unsigned i = SYNC; i <= ANSWER; i++)
        if (strcmp(what, names[i]) == 0)
            fault.what = (enum what)i;
}

static bool is_path(int fd)
{
    char link[40], path[4096];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof(path) - 1);
    size_t end = strlen(fault.path);
    return n >= (ssize_t)end && memcmp(path + n - end, fault.path, end) == 0;
}

static bool due(enum what what, int fd)
{
    if (fault.what != what || (fd >= 0 && !is_path(fd)))
        return false;
    long n = atomic_fetch_add(&fault.seen, 1) + 1;
    return n >= fault.nth && n < fault.nth + fault.count;
}

/* -1 with errno: the call fails; 1: kill after it. */
static int act(void)
{
    if (strcmp(fault.action, "kill-before") == 0)
        kill(getpid(), SIGKILL);
    if (strncmp(fault.action, "slow=", 5) == 0) {
        long ms = atol(fault.action + 5);
        struct timespec t = {ms / 1000, ms % 1000 * 1000000};
        nanosleep(&t, NULL);
        return 0;
    }
    errno = strcmp(fault.action, "enospc") == 0 ? ENOSPC : EIO;
    return strcmp(fault.action, "kill-after") == 0 ? 1 : -1;
}

static int synced(int fd, const char *name)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    int then = due(SYNC, fd) ? act() : 0;
    if (then < 0)
        return -1;
    int rc = real(fd);
    if (then > 0)
        kill(getpid(), SIGKILL);
    return rc;
}

EXPORT int fsync(int fd)
{
    return synced(fd, "fsync");
}

EXPORT int fdatasync(int fd)
{
    return synced(fd, "fdatasync");
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off_t);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pwrite64");
    return due(WRITE, fd) && act() < 0 ? -1 : real(fd, p, n, at);
}

EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return pwrite64(fd, p, n, at);
}

/* The first bytes that go out are the size and the API key of a request. */
static bool is_request(const struct iovec *v, size_t n)
{
    unsigned char head[8];
    size_t have = 0;
    for (size_t i = 0; i < n && have < sizeof(head); i++) {
        size_t some = sizeof(head) - have < v[i].iov_len ? sizeof(head) - have : v[i].iov_len;
        memcpy(head + have, v[i].iov_base, some);
        have += some;
    }
    return have == sizeof(head) && head[4] == 0 && head[5] == (unsigned char)atoi(fault.path) &&
           head[6] == 0;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    static ssize_t (*real)(int, const struct msghdr *, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "sendmsg");
    bool is = fault.what == REQUEST && is_request(m->msg_iov, m->msg_iovlen) && due(REQUEST, -1);
    int then = is ? act() : 0;
    ssize_t rc = then < 0 ? -1 : real(fd, m, flags);
    if (then > 0)
        kill(getpid(), SIGKILL);
    return rc;
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "writev");
    bool is = fault.what == ANSWER && n > 0 && v->iov_len &&
              *(const unsigned char *)v->iov_base == 0x0b && due(ANSWER, -1);
    int then = is ? act() : 0;
    ssize_t rc = then < 0 ? -1 : real(fd, v, n);
    if (then > 0)
        kill(getpid(), SIGKILL);
    return rc;
}

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static bool no_memory(void)
{
    if (!due(ALLOC, -1))
        return false;
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t n)
{
    return no_memory() ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *p, size_t n)
{
    return no_memory() ? NULL : __libc_realloc(p, n);
}

EXPORT int clock_gettime(clockid_t id, struct timespec *t)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int rc = real(id, t);
    if (rc || !fault.clock_off || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return rc;
    int64_t ns = (int64_t)t->tv_sec * 1000000000 + t->tv_nsec + *fault.clock_off;
    t->tv_sec = ns / 1000000000;
    t->tv_nsec = ns % 1000000000;
    return 0;
}
