#include "relay_line_parts.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "proc.h"
#include "proc_stream.h"

enum { PAUSE_MS = 200, AWAY_MS = 2000, ARENA_MAX = 4 << 20 };

static const struct slice group = {"relay", 5};

static bool moves(const struct relay_line *l)
{
    return l->o.site->relay.state;
}

static void check_drained(struct relay_line *l)
{
    struct relay_stats st;
    if (!l->draining || l->drained)
        return;
    for (unsigned i = 0; i < PARTS; i++) {
        if (!l->parts[i].relay)
            continue;
        relay_stats(l->parts[i].relay, &st);
        bool away = st.failing || (st.waits && clock_mono_ms() - st.waits_ms > AWAY_MS);
        /* Nodes that do not answer are not waited for: the next start copies it again. */
        if (!relay_idle(l->parts[i].relay) && !away)
            return;
    }
    l->drained = true;
    l->o.drained(l->o.arg);
}

static void pause_part(struct part *p)
{
    if (!p->paused)
        loop_timer_start(p->timer, PAUSE_MS);
    p->paused = true;
}

static void look_after(struct part *p)
{
    struct relay_stats st;
    struct err err;
    struct relay_line *l = p->line;
    relay_stats(p->relay, &st);
    if (st.broken) {
        err_fill(&err, ERR_NOMEM, "no memory for what is copied");
        l->o.failed(l->o.arg, &err);
    }
    if (p == &l->parts[PART_STATE] && relay_ended(p->relay))
        loop_timer_start(l->next, 0);
    check_drained(l);
}

static void turn(struct part *p)
{
    p->paused = false;
    bool more = relay_step(p->relay, clock_mono_ms());
    loop_fd_set(p->reader_watch, relay_reads(p->relay) ? LOOP_READ : 0);
    if (relay_held(p->relay))
        pause_part(p);
    else if (more)
        loop_timer_start(p->timer, 0);
    look_after(p);
}

static void on_timer(void *arg)
{
    turn(arg);
}

static void on_readable(int fd, unsigned what, void *arg)
{
    struct part *p = arg;
    (void)fd;
    (void)what;
    if (relay_held(p->relay)) /* its pause is not cut short */
        loop_fd_set(p->reader_watch, 0);
    else
        turn(p);
}

static void dispatched(struct part *p)
{
    if (relay_held(p->relay))
        pause_part(p);
    else
        loop_timer_start(p->timer, 0);
    check_drained(p->line);
}

static void on_target(int fd, unsigned what, void *arg)
{
    struct part *p = arg;
    (void)fd;
    (void)what;
    stream_dispatch(p->target);
    dispatched(p);
}

void relay_line_dispatched(struct relay_line *l)
{
    for (unsigned i = 0; i < PARTS; i++)
        if (l->parts[i].timer)
            dispatched(&l->parts[i]);
}

/* ---- the parts ---- */

static void close_part(struct part *p)
{
    if (p->relay)
        relay_abandon(p->relay);
    loop_fd_remove(p->target_watch);
    loop_fd_remove(p->reader_watch);
    loop_timer_remove(p->timer);
    stream_close(p->target); /* calls back */
    while (p->relay && relay_under_way(p->relay)) {
        struct pollfd fd = {.fd = stream_fd(p->line->o.source), .events = POLLIN};
        poll(&fd, 1, PAUSE_MS);
        stream_dispatch(p->line->o.source);
    }
    relay_close(p->relay);
    *p = (struct part){0};
}

static int open_relay(struct relay_line *l, enum part_of of, struct relay **ret, struct err *reterr)
{
    const struct site_relay *conf = &l->o.site->relay;
    bool state = of == PART_STATE;
    struct relay_options o = {
        .source = l->o.source,
        .target = l->parts[of].target,
        .group = group,
        .topics = state ? l->state.topics : l->topics[of],
        .ntopics = state ? l->state.ntopics : l->ntopics[of],
        .start = state || conf->earliest ? STREAM_EARLIEST : STREAM_AT_TIME,
        .start_ms = l->start_ms,
        .floors = l->state.floors,
        .nfloors = state ? l->state.nfloors : 0,
        .timed = state ? SLICE("flow.ids") : SLICE_ABSENT,
        .record_max = conf->record_max,
        .sets = (unsigned)conf->sets,
        .set_records = (unsigned)conf->set_records,
        .set_bytes = conf->set_bytes,
        .metrics = l->o.metrics,
        .audit = l->o.audit,
    };
    return relay_open(&o, ret, reterr);
}

static int watch_part(struct part *p, struct err *reterr)
{
    struct loop *loop = p->line->o.loop;
    if (loop_timer_add(loop, on_timer, p, &p->timer, reterr) < 0 ||
        loop_fd_add(loop, stream_fd(p->target), LOOP_READ, on_target, p, &p->target_watch, reterr) <
            0 ||
        loop_fd_add(loop, relay_fd(p->relay), LOOP_READ, on_readable, p, &p->reader_watch, reterr) <
            0)
        return -1;
    loop_timer_start(p->timer, 0);
    return 0;
}

static int open_part(struct relay_line *l, enum part_of of, struct err *reterr)
{
    struct part *p = &l->parts[of];
    struct stream_options so;
    enum site_user user = of == PART_ADAPTERS ? SITE_USER_ADAPTER : SITE_USER_BROKER;
    p->line = l;
    if (proc_stream_relay(l->o.site, user, l->o.name, &so, reterr) < 0 ||
        stream_open(&so, &p->target, reterr) < 0)
        return err_at(reterr, "relay");
    if (open_relay(l, of, &p->relay, reterr) < 0)
        return -1;
    return watch_part(p, reterr);
}

static void list_topics(struct relay_line *l)
{
    const struct conf_texts *t = &l->o.site->relay.topics;
    for (unsigned i = 0; i < t->n; i++) {
        bool made =
            slice_eq_str(t->at[i], "flow.events") || slice_starts(t->at[i], SLICE("flow.route."));
        enum part_of of = made ? PART_BROKER : PART_ADAPTERS;
        l->topics[of][l->ntopics[of]++] = t->at[i];
    }
}

static int open_rest(struct relay_line *l, struct err *reterr)
{
    if (l->ntopics[PART_ADAPTERS] && open_part(l, PART_ADAPTERS, reterr) < 0)
        return -1;
    return !moves(l) && l->ntopics[PART_BROKER] ? open_part(l, PART_BROKER, reterr) : 0;
}

/* The state is there, durable: now what refers to it. */
static void on_next(void *arg)
{
    struct relay_line *l = arg;
    struct err err = {0};
    if (l->draining)
        return;
    close_part(&l->parts[PART_STATE]);
    if (l->broker_lock >= 0)
        close(l->broker_lock);
    l->broker_lock = -1;
    log_line(LOG_INFO, "relay.state",
             "all that the broker here knew is copied: the broker of the "
             "other side may start");
    if (open_rest(l, &err) < 0)
        l->o.failed(l->o.arg, &err);
}

static int open_state(struct relay_line *l, struct err *reterr)
{
    if (relay_state_find(l->o.site, group, clock_wall_ms(), &l->arena, &l->state, reterr) < 0)
        return -1;
    l->start_ms = l->state.start_ms;
    if (!l->state.left)
        return open_rest(l, reterr);
    l->broker_lock = proc_lock(l->o.site, "broker", reterr);
    if (l->broker_lock < 0)
        return err_at(reterr, "relay: state: true copies what the broker here knows, which has to "
                              "be stopped first");
    if (relay_state_floors(l->o.site, &l->arena, &l->state, reterr) < 0)
        return -1;
    return open_part(l, PART_STATE, reterr);
}

static void open_metrics(struct relay_line *l)
{
    struct metrics *m = l->o.metrics;
    l->lag = metric_of(metrics_gauge(m, "weir_relay_lag_records",
                                     "Records that the other side has not called durable", NULL, 1),
                       SLICE_ABSENT);
    l->oldest = metric_of(
        metrics_gauge(m, "weir_relay_lag_oldest_seconds", "Age of the oldest of them", NULL, 1),
        SLICE_ABSENT);
    l->stopped =
        metric_of(metrics_gauge(m, "weir_relay_stopped_partitions",
                                "Partitions held up by a record that is too large", NULL, 1),
                  SLICE_ABSENT);
    l->moving = metric_of(metrics_gauge(m, "weir_relay_state_copying",
                                        "1 while the state of a broker is copied", NULL, 1),
                          SLICE_ABSENT);
}

int relay_line_open(const struct relay_line_options *o, struct relay_line **ret, struct err *reterr)
{
    struct relay_line *l = calloc(1, sizeof(*l));
    if (!l)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    l->o = *o;
    l->broker_lock = -1;
    l->start_ms = clock_wall_ms() - o->site->relay.back;
    arena_init(&l->arena, ARENA_MAX);
    open_metrics(l);
    list_topics(l);
    if (loop_timer_add(o->loop, on_next, l, &l->next, reterr) < 0 ||
        (moves(l) ? open_state(l, reterr) : open_rest(l, reterr)) < 0) {
        relay_line_close(l);
        return -1;
    }
    *ret = l;
    return 0;
}

void relay_line_close(struct relay_line *l)
{
    if (!l)
        return;
    for (unsigned i = 0; i < PARTS; i++)
        close_part(&l->parts[i]);
    loop_timer_remove(l->next);
    if (l->broker_lock >= 0)
        close(l->broker_lock);
    arena_fini(&l->arena);
    free(l);
}

void relay_line_drain(struct relay_line *l)
{
    l->draining = true;
    for (unsigned i = 0; i < PARTS; i++)
        if (l->parts[i].relay)
            relay_stop(l->parts[i].relay);
    check_drained(l);
}
