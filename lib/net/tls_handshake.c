#include "tls_handshake.h"

#include <stdlib.h>

struct tls_handshake {
    struct tls_link *link;
    struct loop_fd *watch;
    struct loop_timer *deadline;
    tls_handshake_fn fn;
    void *arg;
};

void tls_handshake_cancel(struct tls_handshake *h)
{
    if (!h)
        return;
    loop_fd_remove(h->watch);
    loop_timer_remove(h->deadline);
    tls_link_close(h->link);
    free(h);
}

static void over(struct tls_handshake *h, enum tls_fault fault, const char *why)
{
    struct tls_link *link = h->link;
    tls_handshake_fn fn = h->fn;
    void *arg = h->arg;
    h->link = NULL;
    tls_handshake_cancel(h);
    fn(link, fault, why, arg);
    if (fault != TLS_NO_FAULT)
        tls_link_close(link);
}

static void on_deadline(void *arg)
{
    over(arg, TLS_SLOW, "the handshake took too long");
}

static void on_ready(int fd, unsigned what, void *arg)
{
    struct tls_handshake *h = arg;
    (void)fd;
    (void)what;
    enum tls_step step = tls_link_step(h->link);
    if (step == TLS_DONE)
        over(h, TLS_NO_FAULT, "");
    else if (step == TLS_FAILED)
        over(h, tls_link_fault(h->link), tls_link_why(h->link));
    else if (!loop_fd_set(h->watch, step == TLS_WANT_READ ? LOOP_READ : LOOP_WRITE))
        over(h, TLS_BROKEN, "the system watches no more descriptors");
}

int tls_handshake_start(struct loop *l, const struct tls *t, int fd, const char *host,
                        int64_t time_ms, tls_handshake_fn fn, void *arg, struct tls_handshake **ret,
                        struct err *reterr)
{
    struct tls_handshake *h = calloc(1, sizeof(*h));
    if (!h)
        return err_set(reterr, ERR_NOMEM, "no memory for TLS");
    h->fn = fn;
    h->arg = arg;
    /* A client begins, which it may as soon as it can write; a server hears what comes. */
    unsigned first = tls_serves(t) ? LOOP_READ : LOOP_WRITE;
    if (tls_link_open(t, fd, host, &h->link, reterr) < 0 ||
        loop_timer_add(l, on_deadline, h, &h->deadline, reterr) < 0 ||
        loop_fd_add(l, fd, first, on_ready, h, &h->watch, reterr) < 0) {
        tls_handshake_cancel(h);
        return -1;
    }
    loop_timer_start(h->deadline, time_ms);
    *ret = h;
    return 0;
}
