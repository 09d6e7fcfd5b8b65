#include "mllp_port.h"

#include "log.h"
#include "site_change.h"

enum { TICK_MS = 250, OUT_MAX = 1024 * 1024, IN_MAX = 256 * 1024, HEAD = 64 * 1024 };

void mllp_port_session(struct mllp_port *p, int fd, const struct address *peer,
                       struct tls_link *tls, const struct site_tls_peer *who)
{
    struct err err = {0};
    struct session *s = session_open(p, fd, peer, tls, who, &err);
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

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    if (p->tls.port.tls)
        port_tls_accept(&p->tls.port, fd, peer);
    else
        mllp_port_session(p, fd, peer, NULL, NULL);
}

static void on_refused(enum listen_refusal why, const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    source_turned_away(&p->source, listen_refusal_name(why), peer);
}

static void on_tick(void *arg)
{
    struct mllp_port *p = arg;
    int64_t now = loop_now(p->loop);
    for (struct session *s = p->sessions, *next; s && !p->paused; s = next) {
        next = s->next;
        session_tick(s, now);
    }
    session_answer_all(p->intake);
    port_tls_tick(&p->tls.port, now);
    loop_timer_start(p->timer, TICK_MS);
}

static int read_listen(const struct site_mllp *m, struct listen_options *ret,
                       struct address_net nets[LISTEN_ALLOW_MAX], struct err *reterr)
{
    *ret = (struct listen_options){.allow = nets,
                                   .max = (unsigned)m->connections,
                                   .per_peer = (unsigned)m->per_peer,
                                   .shared = m->shared_port};
    if (m->allow.n > LISTEN_ALLOW_MAX)
        return err_set(reterr, ERR_CONF, "more than %d entries in allow", LISTEN_ALLOW_MAX);
    for (unsigned i = 0; i < m->allow.n; i++)
        if (address_net_parse(m->allow.at[i], &nets[i], reterr) < 0)
            return -1;
    ret->nallow = m->allow.n;
    return address_parse(m->listen, &ret->at, reterr);
}

static int begin_listening(struct mllp_port *p, const struct listen_options *o,
                           const struct site_source *source, struct listener **ret,
                           struct err *reterr)
{
    static const struct listen_hooks hooks = {.accepted = on_accepted, .refused = on_refused};
    char text[ADDRESS_TEXT];
    if (listener_open(p->loop, o, &hooks, p, ret, reterr) < 0)
        return -1;
    log_line(LOG_INFO, "source.listening", "source=%.*s address=%.*s%s", SLICE_ARG(source->name),
             SLICE_ARG(address_text(listener_address(*ret), text)),
             source->mllp.tls.node ? " tls=yes" : "");
    return 0;
}

/* At each start, and with each configuration that is taken. */
static void warn_of_plain(const struct mllp_port *p)
{
    if (!p->listener || !p->source.conf->mllp.plaintext ||
        address_is_loopback(listener_address(p->listener)))
        return;
    log_line(LOG_WARN, "source.plain_text",
             "source=%.*s takes patient data without encryption (plaintext: true): keep it on a "
             "closed network",
             SLICE_ARG(p->source.conf->name));
}

static void set_rules(struct mllp_port *p)
{
    const struct site_mllp *m = &p->source.conf->mllp;
    p->rules = (struct session_rules){
        .frames = {.max = m->frame_max,
                   .head = m->frame_max < HEAD ? m->frame_max : HEAD,
                   .require_end_cr = m->require_end_cr},
        .conn = {.in_max = IN_MAX, .out_max = OUT_MAX},
        .pipeline = m->pipeline,
        .frame_time = m->frame_time,
        .idle_time = m->idle_time,
    };
}

int mllp_port_open(struct mllp_port *p, const struct mllp_port_options *o, struct err *reterr)
{
    struct listen_options lo;
    struct address_net nets[LISTEN_ALLOW_MAX];
    *p = (struct mllp_port){.intake = o->intake, .loop = o->loop, .shared = o->shared};
    p->site = site_hold(o->site);
    if (source_open(o->site, o->conf, o->families, &p->source, reterr) < 0)
        return -1;
    p->source.audit = o->audit;
    set_rules(p);
    if (mllp_tls_open(p, reterr) < 0)
        return -1;
    if (o->conf->has_folder && folder_open(p->loop, p->intake, &p->source, &p->folder, reterr) < 0)
        return -1;
    if (o->conf->has_http && er7_port_open(p->loop, p->intake, &p->source, &p->http, reterr) < 0)
        return err_at(reterr, "source %.*s: http", SLICE_ARG(o->conf->name));
    if (o->conf->has_fhir && fhir_port_open(p->loop, p->intake, &p->source, &p->fhir, reterr) < 0)
        return err_at(reterr, "source %.*s: fhir", SLICE_ARG(o->conf->name));
    if (o->conf->has_mllp && (read_listen(&o->conf->mllp, &lo, nets, reterr) < 0 ||
                              begin_listening(p, &lo, o->conf, &p->listener, reterr) < 0))
        return err_at(reterr, "source %.*s", SLICE_ARG(o->conf->name));
    warn_of_plain(p);
    if (loop_timer_add(p->loop, on_tick, p, &p->timer, reterr) < 0)
        return -1;
    loop_timer_start(p->timer, TICK_MS);
    return 0;
}

int mllp_port_prepare(struct mllp_port *p, const struct mllp_port_options *o,
                      struct mllp_change *ret, struct err *reterr)
{
    struct mllp_change *c = ret;
    const struct site_mllp *m = &o->conf->mllp;
    c->listener = NULL;
    c->tls = NULL;
    c->folder = NULL;
    c->fhir_tls = NULL;
    c->http_tls = NULL;
    c->site = site_hold(o->site);
    if (source_open(o->site, o->conf, o->families, &c->source, reterr) < 0) {
        site_close(c->site);
        return -1;
    }
    if (m->tls.node && proc_tls_server(&m->tls, &c->tls, reterr) < 0) {
        mllp_change_drop(c);
        return -1;
    }
    if (o->conf->has_folder && !p->folder &&
        folder_open(p->loop, p->intake, &p->source, &c->folder, reterr) < 0) {
        mllp_change_drop(c);
        return -1;
    }
    if (!yaml_same(p->source.conf->http_node, o->conf->http_node)) {
        mllp_change_drop(c);
        return site_change_refuse(o->site, o->conf->http_node, "http", reterr);
    }
    if (!yaml_same(p->source.conf->fhir_node, o->conf->fhir_node)) {
        mllp_change_drop(c);
        return site_change_refuse(o->site, o->conf->fhir_node, "fhir", reterr);
    }
    if (o->conf->http.door.tls.node &&
        proc_tls_server(&o->conf->http.door.tls, &c->http_tls, reterr) < 0) {
        mllp_change_drop(c);
        return -1;
    }
    if (o->conf->fhir.door.tls.node &&
        proc_tls_server(&o->conf->fhir.door.tls, &c->fhir_tls, reterr) < 0) {
        mllp_change_drop(c);
        return -1;
    }
    if (!o->conf->has_mllp)
        return 0;
    bool moves = !p->listener || !slice_eq(m->listen, p->source.conf->mllp.listen) ||
                 m->shared_port != p->source.conf->mllp.shared_port;
    if (read_listen(m, &c->listen, c->nets, reterr) < 0 ||
        (moves && begin_listening(p, &c->listen, o->conf, &c->listener, reterr) < 0)) {
        mllp_change_drop(c);
        return err_at(reterr, "source %.*s", SLICE_ARG(o->conf->name));
    }
    return 0;
}

void mllp_change_drop(struct mllp_change *c)
{
    listener_close(c->listener);
    tls_close(c->tls);
    tls_close(c->fhir_tls);
    tls_close(c->http_tls);
    folder_close(c->folder);
    source_close(&c->source);
    site_close(c->site);
}

static void stop_listening(struct mllp_port *p)
{
    listener_close(p->listener);
    p->listener = NULL;
    for (struct session *s = p->sessions, *next; s; s = next) {
        next = s->next;
        session_drain(s);
    }
}

static bool same_texts(const struct conf_texts *a, const struct conf_texts *b)
{
    bool same = a->n == b->n;
    for (unsigned i = 0; same && i < a->n; i++)
        same = slice_eq(a->at[i], b->at[i]);
    return same;
}

static bool same_csv(const struct site_csv *a, const struct site_csv *b)
{
    return a->delimiter == b->delimiter && a->header == b->header &&
           a->on_other_header == b->on_other_header && same_texts(&a->columns, &b->columns);
}

static bool same_folder(const struct site_source *a, const struct site_source *b)
{
    return a->has_folder == b->has_folder && slice_eq(a->folder.path, b->folder.path) &&
           slice_eq(a->folder.pattern, b->folder.pattern) &&
           a->folder.message_max == b->folder.message_max &&
           a->folder.on_bad_row == b->folder.on_bad_row &&
           a->folder.remember == b->folder.remember && a->format == b->format &&
           same_csv(&a->csv, &b->csv);
}

static void take_folder(struct mllp_port *p, struct folder *fresh, bool differs)
{
    if (!p->source.conf->has_folder) {
        folder_close(p->folder);
        p->folder = NULL;
    } else if (fresh) {
        p->folder = fresh;
        folder_pause(fresh, p->paused);
    } else if (differs) {
        folder_take(p->folder);
    }
}

void mllp_port_take(struct mllp_port *p, struct mllp_change *c)
{
    const struct site *old = p->site;
    bool folder_differs = !same_folder(p->source.conf, c->source.conf);
    p->site = c->site;
    source_take(&p->source, &c->source);
    set_rules(p);
    take_folder(p, c->folder, folder_differs);
    if (c->listener && !p->listener) {
        p->listener = c->listener;
    } else if (c->listener) {
        listener_replace(c->listener, p->listener);
        p->listener = c->listener;
    } else if (!p->source.conf->has_mllp) {
        stop_listening(p);
    } else {
        listener_rules(p->listener, &c->listen);
    }
    mllp_tls_take(p, c->tls);
    if (p->fhir)
        port_tls_take(&p->fhir->door.tls, c->fhir_tls);
    er7_port_take_tls(p->http, c->http_tls);
    warn_of_plain(p);
    site_close(old);
}

void mllp_port_pause(struct mllp_port *p, bool paused)
{
    p->paused = paused;
    if (p->folder)
        folder_pause(p->folder, paused);
    if (p->http)
        er7_port_pause(p->http, paused);
    fhir_port_pause(p->fhir, paused);
    if (paused)
        return;
    /* The time for which nothing was read is ours, not the sender's. */
    for (struct session *s = p->sessions; s; s = s->next)
        if (s->frame_since)
            s->frame_since = loop_now(p->loop);
    loop_timer_start(p->timer, TICK_MS);
    mllp_port_resume(p);
}

void mllp_port_close(struct mllp_port *p)
{
    while (p->sessions)
        session_close(p->sessions);
    folder_close(p->folder);
    p->folder = NULL;
    er7_port_close(p->http);
    p->http = NULL;
    fhir_port_close(p->fhir);
    p->fhir = NULL;
    port_tls_close(&p->tls.port);
    listener_close(p->listener);
    loop_timer_remove(p->timer);
    source_close(&p->source);
    site_close(p->site);
    p->listener = NULL;
    p->timer = NULL;
    p->site = NULL;
}

void mllp_port_drain(struct mllp_port *p)
{
    port_tls_stop(&p->tls.port);
    if (p->folder)
        folder_pause(p->folder, true);
    er7_port_drain(p->http);
    fhir_port_drain(p->fhir);
    stop_listening(p);
}

bool mllp_port_quiet(const struct mllp_port *p)
{
    return p->nsessions == 0 && folder_quiet(p->folder) && er7_port_quiet(p->http) &&
           fhir_port_quiet(p->fhir) && p->source.replies == 0;
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
