#include "mllp_tls.h"

#include "clock.h"
#include "log.h"
#include "mllp_port.h"

enum { QUIET_MS = 1000 };

static const struct site_tls *conf_of(const struct source *source)
{
    return &source->conf->mllp.tls;
}

static void on_ready(int fd, struct tls_link *link, const struct address *peer,
                     const struct site_tls_peer *who, void *arg)
{
    mllp_port_session(arg, fd, peer, link, who);
}

static void on_released(const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    if (p->listener)
        listener_release(p->listener, peer);
}

int mllp_tls_open(struct mllp_port *p, struct err *reterr)
{
    static const struct port_tls_hooks hooks = {
        .conf = conf_of, .ready = on_ready, .released = on_released};
    return port_tls_open(&p->tls.port, p->loop, &p->source, &hooks, p, reterr);
}

void mllp_tls_take(struct mllp_port *p, struct tls *fresh)
{
    port_tls_take(&p->tls.port, fresh);
    for (struct session *s = p->sessions, *next; s; s = next) {
        const struct tls_link *link = conn_tls(s->conn);
        next = s->next;
        if (port_tls_welcome(&p->tls.port, link, &s->who))
            continue;
        port_tls_log_ended(&p->tls.port, link, &s->peer);
        session_drain(s);
    }
}

void mllp_tls_log_foreign(struct mllp_port *p, const struct site_tls_peer *who,
                          const struct tls_link *link)
{
    int64_t now = clock_mono_ms();
    if (now < p->tls.foreign_quiet_until) {
        p->tls.foreign_unsaid++;
        return;
    }
    log_line(LOG_WARN, "tls.foreign_sender",
             "source=%.*s as=%.*s subject=\"%s\" why=\"MSH-3/MSH-4 of a message are not among the "
             "peer's sending\" not_logged_before=%llu",
             SLICE_ARG(p->source.conf->name), SLICE_ARG(who->name), tls_link_subject(link),
             (unsigned long long)p->tls.foreign_unsaid);
    p->tls.foreign_quiet_until = now + QUIET_MS;
    p->tls.foreign_unsaid = 0;
}
