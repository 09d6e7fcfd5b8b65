#include "tls_accept.h"

#include <stdlib.h>
#include <unistd.h>
#include "tls_handshake.h"

enum { A_WHILE_MS = 1000 };

struct guest {
    struct tls_accept *owner;
    struct tls_handshake *handshake;
    int fd;
    int64_t since;
    struct address peer;
    struct guest *prev, *next; /* in order of coming */
};

struct tls_accept {
    struct loop *loop;
    struct tls_accept_rules rules;
    struct tls_accept_hooks hooks;
    void *arg;
    struct guest *first, *last;
    unsigned n;
};

int tls_accept_open(struct loop *l, const struct tls_accept_rules *rules,
                    const struct tls_accept_hooks *hooks, void *arg, struct tls_accept **ret,
                    struct err *reterr)
{
    struct tls_accept *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for TLS");
    *a = (struct tls_accept){.loop = l, .rules = *rules, .hooks = *hooks, .arg = arg};
    *ret = a;
    return 0;
}

static void take_out(struct guest *g)
{
    struct tls_accept *a = g->owner;
    *(g->prev ? &g->prev->next : &a->first) = g->next;
    *(g->next ? &g->next->prev : &a->last) = g->prev;
    a->n--;
}

static void put_in(struct tls_accept *a, struct guest *g)
{
    g->prev = a->last;
    *(a->last ? &a->last->next : &a->first) = g;
    a->last = g;
    a->n++;
}

void tls_accept_close(struct tls_accept *a)
{
    if (!a)
        return;
    while (a->first) {
        struct guest *g = a->first;
        take_out(g);
        tls_handshake_cancel(g->handshake);
        close(g->fd);
        free(g);
    }
    free(a);
}

void tls_accept_set(struct tls_accept *a, const struct tls_accept_rules *rules)
{
    a->rules = *rules;
}

unsigned tls_accept_under_way(const struct tls_accept *a)
{
    return a->n;
}

static void refuse(struct tls_accept *a, enum tls_fault fault, const char *subject, const char *why,
                   const struct address *peer)
{
    a->hooks.refused(fault, subject, why, peer, a->arg);
}

static void on_over(struct tls_link *link, enum tls_fault fault, const char *why, void *arg)
{
    struct guest *g = arg, was = *g;
    struct tls_accept *a = g->owner;
    take_out(g);
    free(g);
    if (fault == TLS_NO_FAULT) {
        a->hooks.ready(was.fd, link, &was.peer, a->arg);
        return;
    }
    close(was.fd);
    refuse(a, fault, tls_link_subject(link), why, &was.peer);
}

/* Ends the oldest, where it has had its time. */
static bool make_room(struct tls_accept *a)
{
    struct guest *g = a->first;
    if (a->n < a->rules.max)
        return true;
    if (!g || loop_now(a->loop) - g->since < A_WHILE_MS)
        return false;
    struct address peer = g->peer;
    take_out(g);
    tls_handshake_cancel(g->handshake);
    close(g->fd);
    free(g);
    refuse(a, TLS_SLOW, "", "the handshake took long, and its place was wanted", &peer);
    return true;
}

void tls_accept_start(struct tls_accept *a, int fd, const struct address *peer)
{
    struct err err = {0};
    if (!make_room(a)) {
        close(fd);
        refuse(a, TLS_TOO_MANY, "", "too many handshakes are under way", peer);
        return;
    }
    struct guest *g = calloc(1, sizeof(*g));
    if (g)
        *g = (struct guest){.owner = a, .fd = fd, .since = loop_now(a->loop), .peer = *peer};
    if (!g || tls_handshake_start(a->loop, a->rules.tls, fd, NULL, a->rules.time_ms, on_over, g,
                                  &g->handshake, &err) < 0) {
        free(g);
        close(fd);
        refuse(a, TLS_BROKEN, "", g ? err.text : "no memory for TLS", peer);
        return;
    }
    put_in(a, g);
}
