#include "stream_embedded_bell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { SLOW_POLL_S = 1 };

int embedded_bell_open(const char *path, struct err *reterr)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
}

void embedded_bell_ring(int fd)
{
    ssize_t n = pwrite(fd, "!", 1, 0);
    (void)n; /* on a full disk the readers' timer finds what was committed */
}

int embedded_watch_open(struct embedded_watch *w, const char *dir, struct err *reterr)
{
    struct itimerspec slow = {{SLOW_POLL_S, 0}, {SLOW_POLL_S, 0}};
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (w->timer < 0 || timerfd_settime(w->timer, 0, &slow, NULL)) {
        err_set(reterr, ERR_IO, "no timer for the stream: %s", strerror(errno));
        if (w->timer >= 0)
            close(w->timer);
        return -1;
    }
    w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    w->dir = w->inotify < 0 ? -1 : inotify_add_watch(w->inotify, dir, IN_CREATE | IN_MOVED_TO);
    return 0;
}

void embedded_watch_close(struct embedded_watch *w)
{
    if (w->inotify >= 0)
        close(w->inotify);
    close(w->timer);
}

int embedded_watch_add(struct embedded_watch *w, const char *path)
{
    return w->inotify < 0 ? -1 : inotify_add_watch(w->inotify, path, IN_MODIFY);
}

static bool drain_events(struct embedded_watch *w, const char *bytes, size_t n,
                         void (*rang)(void *arg, int bell), void *arg)
{
    bool all = false;
    for (size_t at = 0; at < n;) {
        struct inotify_event e;
        memcpy(&e, bytes + at, sizeof(e));
        if (e.mask & IN_MODIFY)
            rang(arg, e.wd);
        else if (e.wd == w->dir || e.mask & IN_Q_OVERFLOW)
            all = true;
        at += sizeof(e) + e.len;
    }
    return all;
}

bool embedded_watch_drain(struct embedded_watch *w, void (*rang)(void *arg, int bell), void *arg)
{
    char bytes[4096];
    uint64_t ticks;
    bool all = read(w->timer, &ticks, sizeof(ticks)) > 0;
    ssize_t n;
    while (w->inotify >= 0 && (n = read(w->inotify, bytes, sizeof(bytes))) > 0)
        all |= drain_events(w, bytes, (size_t)n, rang, arg);
    return all;
}
