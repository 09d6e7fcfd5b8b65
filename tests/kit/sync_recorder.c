/* sync_recorder.c - an LD_PRELOAD library that writes down, in order, what a process writes and
 * syncs, so that tests/flow/check_sync_log.py can prove that no ACK left before the sync that
 * covers it had returned.
 *
 * The log is the file named by WEIR_SYNC_LOG; without it nothing is recorded. One line per call on
 * a file or a socket, written after the call returned:
 *
 *   begin_ns end_ns thread call result path [msh=ID …] [msa=CODE:ID …]
 *
 * Times are monotonic. The path is "socket" for sockets. Control ids are looked for where they
 * prove something: MSH-10 in writes to a WAL, MSA-1 and MSA-2 in what a socket is given (all of it,
 * also where the call takes less: what was offered may have left). An id is written with %XX for
 * what is no letter, digit, '.', '_' or '-'. An MSH segment that SQLite splits over two pages is
 * not seen; messages under 4000 bytes are not split. For plain builds: a sanitizer has wrappers of
 * its own. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { LINE = 64 << 10, IDS = 60 << 10, GATHER = 256 << 10, PATH_BYTES = 512 };

static int log_fd = -1;

__attribute__((constructor)) static void open_log(void)
{
    const char *path = getenv("WEIR_SYNC_LOG");
    if (path)
        log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* The functions behind this library. */
static struct {
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    ssize_t (*send)(int, const void *, size_t, int);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    int (*fsync)(int);
    int (*fdatasync)(int);
} real;

static void find_next(void *slot, const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    if (!f)
        abort();
    memcpy(slot, &f, sizeof(f));
}

/* Also from the first call, which may come before this library's constructor. */
__attribute__((constructor)) static void find_all(void)
{
    if (real.fdatasync)
        return;
    find_next(&real.write, "write");
    find_next(&real.pwrite, "pwrite64");
    find_next(&real.writev, "writev");
    find_next(&real.pwritev, "pwritev64");
    find_next(&real.send, "send");
    find_next(&real.sendmsg, "sendmsg");
    find_next(&real.fsync, "fsync");
    find_next(&real.fdatasync, "fdatasync");
}

struct note {
    uint64_t begin;
    const char *call;
    bool kept;
    char path[PATH_BYTES];
    char ids[IDS];
    size_t nids;
};

static void put_id(struct note *n, const char *what, const char *code, const char *id, size_t len)
{
    if (len > 200 || n->nids + 3 * len + 40 > sizeof(n->ids))
        return;
    n->nids += (size_t)sprintf(n->ids + n->nids, " %s=%s", what, code);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)id[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     c == '.' || c == '_' || c == '-';
        n->nids += (size_t)sprintf(n->ids + n->nids, plain ? "%c" : "%%%02X", c);
    }
}

/* Field `nth` of the segment at p (1: what follows the separator behind the name); its length, or
 * -1 where the bytes or the segment end before it does. */
static long field(const char *p, const char *end, int nth, const char **ret)
{
    char separator = p[3];
    for (p += 3; p < end; p++) {
        if (*p == '\r' || *p == '\0')
            return -1;
        if (*p != separator || --nth)
            continue;
        const char *from = ++p;
        while (p < end && *p != separator && *p != '\r')
            p++;
        *ret = from;
        return p < end ? p - from : -1;
    }
    return -1;
}

static void find_msh(struct note *n, const char *p, size_t size)
{
    const char *end = p + size, *id = p;
    while (size >= 8 && (p = memmem(p, size, "MSH", 3)) && end - p > 8) {
        long len = field(p, end, 9, &id); /* MSH-1 is the separator itself */
        if (len > 0)
            put_id(n, "msh", "", id, (size_t)len);
        p += 3;
        size = (size_t)(end - p);
    }
}

static void find_msa(struct note *n, const char *p, size_t size)
{
    const char *end = p + size, *code = p, *id = p;
    while (size >= 8 && (p = memmem(p, size, "\rMSA", 4)) && end - p > 8) {
        char text[8];
        p++;
        long code_len = field(p, end, 1, &code), len = field(p, end, 2, &id);
        if (code_len == 2 && len > 0) {
            snprintf(text, sizeof(text), "%.2s:", code);
            put_id(n, "msa", text, id, (size_t)len);
        }
        size = (size_t)(end - p);
    }
}

static bool is_wal(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, "-wal") == 0;
}

/* Before the call. Files and sockets are kept, the rest (pipes, terminals, counters) is not. */
static void note_begin(struct note *n, const char *call, int fd, const char *bytes, size_t size)
{
    struct stat st;
    n->kept = log_fd >= 0 && fd != log_fd && fstat(fd, &st) == 0 &&
              (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode));
    if (!n->kept)
        return;
    n->call = call;
    n->nids = 0;
    char link[40];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, n->path, sizeof(n->path) - 1);
    n->path[len > 0 ? len : 0] = '\0';
    for (char *p = n->path; *p; p++)
        if (*p == ' ')
            *p = '?';
    if (S_ISSOCK(st.st_mode)) {
        strcpy(n->path, "socket");
        find_msa(n, bytes, size);
    } else if (is_wal(n->path)) {
        find_msh(n, bytes, size);
    }
    n->begin = now_ns();
}

static void note_end(const struct note *n, long result)
{
    uint64_t end = now_ns();
    if (!n->kept)
        return;
    char line[LINE];
    int size = snprintf(line, sizeof(line), "%llu %llu %ld %s %ld %s%.*s\n",
                        (unsigned long long)n->begin, (unsigned long long)end, syscall(SYS_gettid),
                        n->call, result, n->path[0] ? n->path : "?", (int)n->nids, n->ids);
    syscall(SYS_write, log_fd, line, (size_t)size);
}

/* What is scattered, in one piece; only as much as fits. */
static size_t gather(const struct iovec *v, size_t count, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t take = v[i].iov_len < GATHER - n ? v[i].iov_len : GATHER - n;
        memcpy(out + n, v[i].iov_base, take);
        n += take;
    }
    return n;
}

static void note_vector(struct note *n, const char *call, int fd, const struct iovec *v,
                        size_t count)
{
    char *bytes = malloc(GATHER);
    if (!bytes)
        abort(); /* a log with holes proves nothing */
    note_begin(n, call, fd, bytes, gather(v, count, bytes));
    free(bytes);
}

EXPORT ssize_t write(int fd, const void *p, size_t size)
{
    find_all();
    struct note n;
    note_begin(&n, "write", fd, p, size);
    ssize_t done = real.write(fd, p, size);
    note_end(&n, done);
    return done;
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t size, off_t at)
{
    find_all();
    struct note n;
    note_begin(&n, "pwrite", fd, p, size);
    ssize_t done = real.pwrite(fd, p, size, at);
    note_end(&n, done);
    return done;
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int count)
{
    find_all();
    struct note n;
    note_vector(&n, "writev", fd, v, count > 0 ? (size_t)count : 0);
    ssize_t done = real.writev(fd, v, count);
    note_end(&n, done);
    return done;
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *v, int count, off_t at)
{
    find_all();
    struct note n;
    note_vector(&n, "pwritev", fd, v, count > 0 ? (size_t)count : 0);
    ssize_t done = real.pwritev(fd, v, count, at);
    note_end(&n, done);
    return done;
}

EXPORT ssize_t send(int fd, const void *p, size_t size, int flags)
{
    find_all();
    struct note n;
    note_begin(&n, "send", fd, p, size);
    ssize_t done = real.send(fd, p, size, flags);
    note_end(&n, done);
    return done;
}

EXPORT ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    find_all();
    struct note n;
    note_vector(&n, "sendmsg", fd, m->msg_iov, m->msg_iovlen);
    ssize_t done = real.sendmsg(fd, m, flags);
    note_end(&n, done);
    return done;
}

EXPORT int fsync(int fd)
{
    find_all();
    struct note n;
    note_begin(&n, "fsync", fd, "", 0);
    int rc = real.fsync(fd);
    note_end(&n, rc);
    return rc;
}

EXPORT int fdatasync(int fd)
{
    find_all();
    struct note n;
    note_begin(&n, "fdatasync", fd, "", 0);
    int rc = real.fdatasync(fd);
    note_end(&n, rc);
    return rc;
}

/* The same calls under the names that programs without 64-bit offsets use; off_t has 64 bits here.
 */
EXPORT ssize_t recorder_pwrite(int, const void *, size_t, off_t) __asm__("pwrite");
ssize_t recorder_pwrite(int fd, const void *p, size_t size, off_t at)
{
    return pwrite64(fd, p, size, at);
}

EXPORT ssize_t recorder_pwritev(int, const struct iovec *, int, off_t) __asm__("pwritev");
ssize_t recorder_pwritev(int fd, const struct iovec *v, int count, off_t at)
{
    return pwritev64(fd, v, count, at);
}
