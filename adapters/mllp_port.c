#include "mllp_port.h"

#include "log.h"

enum {
    TICK_MS = 250,
    NETS_MAX = 256,
    OUT_MAX = 1024 * 1024,
    IN_MAX = 256 * 1024,
    HEAD = 64 * 1024
};

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    struct err err = {0};
    struct session *s = session_open(p, fd, peer, &err);
    if (!s) {
        log_line(LOG_ERROR, "session.failed", "source=%.*s why=\"%s\"",
                 SLICE_ARG(p->source.conf->name), err.text);
        listener_release(p->listener, peer);
        return;
    }
    s->next = p->sessions;
    if (p->sessions)
        p->sessions->prev = s;
    p->sessions = s;
    p->nsessions++;
    series_set(p->source.connections, p->nsessions);
}

static void on_refused(enum listen_refusal why, const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    char text[ADDRESS_TEXT];
    struct slice labels[] = {p->source.conf->name, slice_str(listen_refusal_name(why))};
    series_add(metric_series(p->source.families->refused, labels), 1);
    log_line(LOG_WARN, "session.refused", "source=%.*s peer=%.*s why=%s",
             SLICE_ARG(p->source.conf->name), SLICE_ARG(address_ip_text(peer, text)),
             listen_refusal_name(why));
}

static void on_tick(void *arg)
{
    struct mllp_port *p = arg;
    int64_t now = loop_now(p->loop);
    for (struct session *s = p->sessions, *next; s; s = next) {
        next = s->next;
        session_tick(s, now);
    }
    session_answer_all(p->intake);
    loop_timer_start(p->timer, TICK_MS);
}

static int read_allow(const struct site_mllp *m, struct address_net *nets, unsigned *ret_n,
                      struct err *reterr)
{
    if (m->allow.n > NETS_MAX)
        return err_set(reterr, ERR_CONF, "more than %d entries in allow", NETS_MAX);
    for (unsigned i = 0; i < m->allow.n; i++)
        if (address_net_parse(m->allow.at[i], &nets[i], reterr) < 0)
            return -1;
    *ret_n = m->allow.n;
    return 0;
}

static int begin_listening(struct mllp_port *p, const struct site_mllp *m, struct err *reterr)
{
    static const struct listen_hooks hooks = {.accepted = on_accepted, .refused = on_refused};
    struct address_net nets[NETS_MAX];
    struct listen_options o = {
        .allow = nets, .max = (unsigned)m->connections, .per_peer = (unsigned)m->per_peer};
    char text[ADDRESS_TEXT];
    if (address_parse(m->listen, &o.at, reterr) < 0 || read_allow(m, nets, &o.nallow, reterr) < 0)
        return -1;
    if (listener_open(p->loop, &o, &hooks, p, &p->listener, reterr) < 0)
        return -1;
    log_line(LOG_INFO, "source.listening", "source=%.*s address=%.*s",
             SLICE_ARG(p->source.conf->name),
             SLICE_ARG(address_text(listener_address(p->listener), text)));
    if (!address_is_loopback(&o.at))
        log_line(LOG_WARN, "source.plain_text",
                 "source=%.*s takes patient data without encryption: keep it on a closed network",
                 SLICE_ARG(p->source.conf->name));
    return 0;
}

int mllp_port_open(struct mllp_port *p, const struct mllp_port_options *o, struct err *reterr)
{
    const struct site_mllp *m = &o->conf->mllp;
    *p = (struct mllp_port){.intake = o->intake, .loop = o->loop, .shared = o->shared};
    p->rules = (struct session_rules){
        .frames = {.max = m->frame_max,
                   .head = m->frame_max < HEAD ? m->frame_max : HEAD,
                   .require_end_cr = m->require_end_cr},
        .conn = {.in_max = IN_MAX, .out_max = OUT_MAX},
        .pipeline = m->pipeline,
        .frame_time = m->frame_time,
        .idle_time = m->idle_time,
    };
    if (source_open(o->site, o->conf, o->families, &p->source, reterr) < 0)
        return -1;
    if (begin_listening(p, m, reterr) < 0)
        return err_at(reterr, "source %.*s", SLICE_ARG(o->conf->name));
    if (loop_timer_add(p->loop, on_tick, p, &p->timer, reterr) < 0)
        return -1;
    loop_timer_start(p->timer, TICK_MS);
    return 0;
}

void mllp_port_close(struct mllp_port *p)
{
    while (p->sessions)
        session_close(p->sessions);
    listener_close(p->listener);
    loop_timer_remove(p->timer);
    source_close(&p->source);
    p->listener = NULL;
    p->timer = NULL;
}

void mllp_port_drain(struct mllp_port *p)
{
    listener_close(p->listener);
    p->listener = NULL;
    for (struct session *s = p->sessions, *next; s; s = next) {
        next = s->next;
        session_drain(s);
    }
}

void mllp_port_forget(struct mllp_port *p, struct session *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else if (p->sessions == s)
        p->sessions = s->next;
    if (s->next)
        s->next->prev = s->prev;
    if (p->listener)
        listener_release(p->listener, &s->peer);
    p->nsessions--;
    series_set(p->source.connections, p->nsessions);
}

void mllp_port_resume(struct mllp_port *p)
{
    for (struct session *s = p->sessions, *next; s; s = next) {
        next = s->next;
        session_try_resume(s);
    }
}
