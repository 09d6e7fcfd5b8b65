#include "lookups.h"

#include <stdlib.h>

enum { POLL_MS = 1000 };

static struct lookup *take_first(struct lookups *q)
{
    struct lookup *one = q->first;
    q->first = one->next;
    if (!q->first)
        q->last = &q->first;
    return one;
}

static bool serve_first(struct lookups *q)
{
    struct slice value;
    struct err err = {0};
    struct lookup *one = q->first;
    int found = q->look(q->owner, one, &value, &err);
    one->begun = true;
    if (found == 0)
        return false;
    take_first(q);
    one->fn(one->arg, found > 0 ? value : SLICE_ABSENT, found > 0 ? NULL : &err);
    free(one);
    return true;
}

static void serve(struct lookups *q)
{
    if (q->serving)
        return;
    q->serving = true;
    while (q->first && serve_first(q))
        ;
    q->serving = false;
    if (q->watch)
        loop_fd_set(q->watch, q->first ? LOOP_READ : 0);
    if (!q->first)
        loop_timer_stop(q->timer);
    else if (!loop_timer_running(q->timer))
        loop_timer_start(q->timer, POLL_MS);
}

static void on_readable(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    serve(arg);
}

static void on_timer(void *arg)
{
    serve(arg);
}

int lookups_open(struct lookups *q, struct loop *l, lookups_look look, void *owner,
                 struct err *reterr)
{
    *q = (struct lookups){.loop = l, .look = look, .owner = owner};
    q->last = &q->first;
    return loop_timer_add(l, on_timer, q, &q->timer, reterr);
}

void lookups_close(struct lookups *q)
{
    while (q->first)
        free(take_first(q));
    loop_fd_remove(q->watch);
    loop_timer_remove(q->timer);
}

int lookups_watch(struct lookups *q, int fd, struct err *reterr)
{
    return loop_fd_add(q->loop, fd, 0, on_readable, q, &q->watch, reterr);
}

void lookups_add(struct lookups *q, struct lookup *one)
{
    one->next = NULL;
    *q->last = one;
    q->last = &one->next;
    serve(q);
}

void lookups_soon(struct lookups *q)
{
    loop_timer_start(q->timer, 0);
}

void lookups_forget(struct lookups *q, bool (*is)(const struct lookup *one, const void *what),
                    const void *what)
{
    struct lookup **at = &q->first;
    while (*at) {
        struct lookup *one = *at;
        if (!is(one, what)) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        free(one);
    }
    q->last = at;
}
