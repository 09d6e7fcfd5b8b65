#include "loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include "clock.h"

struct loop {
    struct event_base *base;
    int64_t now;
    bool stop;
};

struct loop_fd {
    struct event ev;
    struct loop *loop;
    loop_fd_fn fn;
    void *arg;
    int fd;
    unsigned what;
};

struct loop_timer {
    struct event ev;
    struct loop *loop;
    loop_fn fn;
    void *arg;
};

struct loop_signal {
    struct event ev;
    loop_fn fn;
    void *arg;
};

int loop_open(struct loop **ret, struct err *reterr)
{
    struct loop *l = calloc(1, sizeof(*l));
    struct event_config *c = event_config_new();
    if (!l || !c) {
        free(l);
        if (c)
            event_config_free(c);
        return err_set(reterr, ERR_NOMEM, "no memory for an event loop");
    }
    event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST |
                                 EVENT_BASE_FLAG_PRECISE_TIMER);
    l->base = event_base_new_with_config(c);
    event_config_free(c);
    if (!l->base) {
        free(l);
        return err_set(reterr, ERR_IO, "the system gives no event poller");
    }
    l->now = clock_mono_ms();
    *ret = l;
    return 0;
}

void loop_close(struct loop *l)
{
    if (!l)
        return;
    event_base_free(l->base);
    free(l);
}

void loop_run(struct loop *l)
{
    while (!l->stop)
        if (event_base_loop(l->base, EVLOOP_ONCE) != 0)
            break; /* nothing is watched any more: waiting would be for ever */
    l->stop = false;
}

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

void loop_turn(struct loop *l, int64_t wait_ms)
{
    struct event alarm;
    struct timeval tv = {wait_ms / 1000, (wait_ms % 1000) * 1000};
    event_assign(&alarm, l->base, -1, 0, nothing, NULL);
    event_add(&alarm, &tv);
    event_base_loop(l->base, EVLOOP_ONCE);
    event_del(&alarm);
}

void loop_stop(struct loop *l)
{
    l->stop = true;
    event_base_loopbreak(l->base);
}

int64_t loop_now(const struct loop *l)
{
    return l->now;
}

static short wanted(unsigned what)
{
    return (short)(EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) |
                   (what & LOOP_WRITE ? EV_WRITE : 0));
}

static void on_fd(evutil_socket_t fd, short what, void *arg)
{
    struct loop_fd *w = arg;
    w->loop->now = clock_mono_ms();
    w->fn((int)fd, (what & EV_READ ? LOOP_READ : 0u) | (what & EV_WRITE ? LOOP_WRITE : 0u), w->arg);
}

int loop_fd_add(struct loop *l, int fd, unsigned what, loop_fd_fn fn, void *arg,
                struct loop_fd **ret, struct err *reterr)
{
    struct loop_fd *w = calloc(1, sizeof(*w));
    if (!w)
        return err_set(reterr, ERR_NOMEM, "no memory to watch a descriptor");
    *w = (struct loop_fd){.loop = l, .fn = fn, .arg = arg, .fd = fd};
    if (!loop_fd_set(w, what)) {
        free(w);
        return err_set(reterr, ERR_IO, "descriptor %d cannot be watched", fd);
    }
    *ret = w;
    return 0;
}

bool loop_fd_set(struct loop_fd *w, unsigned what)
{
    if (w->what == what)
        return true;
    if (w->what)
        event_del(&w->ev);
    w->what = 0;
    if (!what)
        return true;
    if (event_assign(&w->ev, w->loop->base, w->fd, wanted(what), on_fd, w) != 0 ||
        event_add(&w->ev, NULL) != 0)
        return false;
    w->what = what;
    return true;
}

void loop_fd_remove(struct loop_fd *w)
{
    if (!w)
        return;
    loop_fd_set(w, 0);
    free(w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_timer *t = arg;
    t->loop->now = clock_mono_ms();
    t->fn(t->arg);
}

int loop_timer_add(struct loop *l, loop_fn fn, void *arg, struct loop_timer **ret,
                   struct err *reterr)
{
    struct loop_timer *t = calloc(1, sizeof(*t));
    if (!t)
        return err_set(reterr, ERR_NOMEM, "no memory for a timer");
    *t = (struct loop_timer){.loop = l, .fn = fn, .arg = arg};
    event_assign(&t->ev, l->base, -1, 0, on_timer, t);
    *ret = t;
    return 0;
}

void loop_timer_start(struct loop_timer *t, int64_t ms)
{
    if (ms < 0)
        ms = 0;
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
    event_add(&t->ev, &tv);
}

void loop_timer_stop(struct loop_timer *t)
{
    event_del(&t->ev);
}

bool loop_timer_running(const struct loop_timer *t)
{
    return event_pending(&t->ev, EV_TIMEOUT, NULL) != 0;
}

void loop_timer_remove(struct loop_timer *t)
{
    if (!t)
        return;
    event_del(&t->ev);
    free(t);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct loop_signal *s = arg;
    s->fn(s->arg);
}

int loop_signal_add(struct loop *l, int number, loop_fn fn, void *arg, struct loop_signal **ret,
                    struct err *reterr)
{
    struct loop_signal *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory to watch a signal");
    s->fn = fn;
    s->arg = arg;
    if (event_assign(&s->ev, l->base, number, EV_SIGNAL | EV_PERSIST, on_signal, s) != 0 ||
        event_add(&s->ev, NULL) != 0) {
        free(s);
        return err_set(reterr, ERR_IO, "signal %d cannot be watched", number);
    }
    *ret = s;
    return 0;
}

void loop_signal_remove(struct loop_signal *s)
{
    if (!s)
        return;
    event_del(&s->ev);
    free(s);
}
