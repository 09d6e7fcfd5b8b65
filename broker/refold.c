#include "refold.h"

#include <stdlib.h>
#include "log.h"

enum { AGAIN_MS = 1000 };

struct refold {
    struct refold_options o;
    struct parked *all;
    struct loop_fd *watch;
    struct loop_timer *timer;
};

enum turn { TURN_FAILED = -1, TURN_WAIT, TURN_MORE, TURN_END };

static enum turn turn(struct refold *r, struct err *reterr)
{
    int more = parked_read(r->all, r->o.fn, r->o.arg, reterr);
    if (more == 0 && parked_caught_up(r->all))
        return TURN_END;
    loop_fd_set(r->watch, more < 0 ? 0 : LOOP_READ);
    if (more != 0)
        loop_timer_start(r->timer, more > 0 ? 0 : AGAIN_MS);
    return more < 0 ? TURN_FAILED : more > 0 ? TURN_MORE : TURN_WAIT;
}

static void on_turn(void *arg)
{
    struct refold *r = arg;
    struct err err = {0};
    enum turn got = turn(r, &err);
    if (got == TURN_FAILED)
        log_line(LOG_ERROR, "parked.read", "tried again: %s", err.text);
    else if (got == TURN_END)
        r->o.ended(r->o.arg);
}

static void on_readable(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    on_turn(arg);
}

int refold_open(const struct refold_options *o, struct refold **ret, struct err *reterr)
{
    struct refold *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for flow.parked");
    r->o = *o;
    if (parked_open(o->stream, &r->all, reterr) < 0 ||
        loop_timer_add(o->loop, on_turn, r, &r->timer, reterr) < 0 ||
        loop_fd_add(o->loop, parked_fd(r->all), LOOP_READ, on_readable, r, &r->watch, reterr) < 0) {
        refold_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void refold_close(struct refold *r)
{
    if (!r)
        return;
    loop_fd_remove(r->watch);
    loop_timer_remove(r->timer);
    parked_close(r->all);
    free(r);
}

int refold_now(struct refold *r, struct err *reterr)
{
    enum turn got;
    do
        got = turn(r, reterr);
    while (got == TURN_MORE);
    return got == TURN_FAILED ? -1 : got == TURN_END;
}
