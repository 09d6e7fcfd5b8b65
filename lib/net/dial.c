#include "dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "dial_name.h"
#include "tcp_tune.h"

struct dial {
    struct loop *loop;
    dial_fn fn;
    void *arg;
    struct dial_name *name;
    struct loop_fd *watch;
    struct loop_timer *deadline;
    const struct addrinfo *next; /* to be tried; of name */
    int fd;                      /* being connected; -1 = none */
    char why[160];               /* of the last address that failed */
};

static void stop_trying(struct dial *d)
{
    loop_fd_remove(d->watch);
    d->watch = NULL;
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

void dial_cancel(struct dial *d)
{
    if (!d)
        return;
    stop_trying(d);
    loop_timer_remove(d->deadline);
    dial_name_drop(d->name);
    free(d);
}

static void failed(struct dial *d, const char *why)
{
    dial_fn fn = d->fn;
    void *arg = d->arg;
    char text[sizeof(d->why)];
    snprintf(text, sizeof(text), "%s", why);
    dial_cancel(d);
    fn(-1, text, arg);
}

static void on_deadline(void *arg)
{
    struct dial *d = arg;
    failed(d, d->why[0] ? d->why : "no connection within connect_timeout");
}

static void done(struct dial *d)
{
    dial_fn fn = d->fn;
    void *arg = d->arg;
    int fd = d->fd;
    loop_fd_remove(d->watch);
    d->watch = NULL;
    d->fd = -1;
    dial_cancel(d);
    tcp_tune(fd);
    fn(fd, NULL, arg);
}

static void try_next(struct dial *d);

static void on_connected(int fd, unsigned what, void *arg)
{
    struct dial *d = arg;
    int error = 0;
    socklen_t n = sizeof(error);
    (void)what;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
        error = errno;
    if (error == 0) {
        done(d);
        return;
    }
    snprintf(d->why, sizeof(d->why), "no connection: %s", strerror(error));
    stop_trying(d);
    try_next(d);
}

/* False where this address is of no use. */
static bool try_address(struct dial *d, const struct addrinfo *a)
{
    struct err err = {0};
    d->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0 || (connect(d->fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS)) {
        snprintf(d->why, sizeof(d->why), "no connection: %s", strerror(errno));
        return false;
    }
    if (loop_fd_add(d->loop, d->fd, LOOP_WRITE, on_connected, d, &d->watch, &err) == 0)
        return true;
    snprintf(d->why, sizeof(d->why), "%.150s", err.text);
    return false;
}

static void try_next(struct dial *d)
{
    while (d->next) {
        const struct addrinfo *a = d->next;
        d->next = a->ai_next;
        if (try_address(d, a))
            return;
        stop_trying(d);
    }
    failed(d, d->why);
}

static void on_name(int fd, unsigned what, void *arg)
{
    struct dial *d = arg;
    const char *why = "";
    (void)fd;
    (void)what;
    loop_fd_remove(d->watch);
    d->watch = NULL;
    d->next = dial_name_result(d->name, &why);
    snprintf(d->why, sizeof(d->why), "%s", why);
    try_next(d);
}

int dial_start(struct loop *l, const char *host, uint16_t port, int64_t time_ms, dial_fn fn,
               void *arg, struct dial **ret, struct err *reterr)
{
    struct dial *d = calloc(1, sizeof(*d));
    if (!d)
        return err_set(reterr, ERR_NOMEM, "no memory for a connection");
    *d = (struct dial){.loop = l, .fn = fn, .arg = arg, .fd = -1};
    if (dial_name_start(host, port, &d->name, reterr) < 0 ||
        loop_timer_add(l, on_deadline, d, &d->deadline, reterr) < 0 ||
        loop_fd_add(l, dial_name_fd(d->name), LOOP_READ, on_name, d, &d->watch, reterr) < 0) {
        dial_cancel(d);
        return -1;
    }
    loop_timer_start(d->deadline, time_ms);
    *ret = d;
    return 0;
}
