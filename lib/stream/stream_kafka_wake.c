#include "stream_kafka_wake.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

static bool watch(int epoll, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};
    return fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

int kafka_wake_open(struct kafka_wake *w, struct err *reterr)
{
    w->fd = epoll_create1(EPOLL_CLOEXEC);
    w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (w->fd >= 0 && watch(w->fd, w->event) && watch(w->fd, w->timer))
        return 0;
    err_set(reterr, ERR_IO, "no descriptor for the stream: %s", strerror(errno));
    kafka_wake_close(w);
    return -1;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void kafka_wake_close(struct kafka_wake *w)
{
    close_fd(&w->fd);
    close_fd(&w->event);
    close_fd(&w->timer);
}

void kafka_wake_ring(const struct kafka_wake *w)
{
    uint64_t one = 1;
    ssize_t n = write(w->event, &one, sizeof(one));
    (void)n; /* full means that it is readable already */
}

void kafka_wake_clear(const struct kafka_wake *w)
{
    uint64_t count;
    ssize_t n = read(w->event, &count, sizeof(count));
    n = read(w->timer, &count, sizeof(count));
    (void)n; /* nothing there is fine */
}

void kafka_wake_at(const struct kafka_wake *w, int64_t mono_ms)
{
    struct itimerspec at = {{0, 0}, {0, 0}};
    if (mono_ms != INT64_MAX) {
        at.it_value.tv_sec = mono_ms / 1000;
        at.it_value.tv_nsec = mono_ms % 1000 * 1000000 + 1; /* all zero would mean never */
    }
    timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

void kafka_wake_attach(const struct kafka_wake *w, rd_kafka_queue_t *queue)
{
    uint64_t one = 1;
    rd_kafka_queue_io_event_enable(queue, w->event, &one, sizeof(one));
}

void kafka_wake_detach(rd_kafka_queue_t *queue)
{
    rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
}
