#include "mllp_tls.h"

#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "mllp_port.h"
#include "rfc3339.h"

enum { QUIET_MS = 1000, LOOK_MS = 2000, WARN_MS = 24 * 3600 * 1000 };

static const struct site_tls *conf_of(const struct mllp_port *p)
{
    return &p->source.conf->mllp.tls;
}

static void log_refused(struct mllp_port *p, const char *reason, const char *subject,
                        const char *why, const struct address *peer)
{
    struct slice labels[] = {p->source.conf->name, slice_str(reason)};
    char text[ADDRESS_TEXT];
    int64_t now = clock_mono_ms();
    series_add(metric_series(p->source.families->refused, labels), 1);
    if (now < p->tls.quiet_until) {
        p->tls.unsaid++;
        return;
    }
    log_line(LOG_WARN, "tls.refused",
             "source=%.*s peer=%.*s reason=%s subject=\"%s\" why=\"%s\" not_logged_before=%llu",
             SLICE_ARG(p->source.conf->name), SLICE_ARG(address_ip_text(peer, text)), reason,
             subject, why, (unsigned long long)p->tls.unsaid);
    p->tls.quiet_until = now + QUIET_MS;
    p->tls.unsaid = 0;
}

static void on_refused(enum tls_fault fault, const char *subject, const char *why,
                       const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    if (p->listener)
        listener_release(p->listener, peer);
    log_refused(p, tls_fault_name(fault), subject, why, peer);
}

static void on_ready(int fd, struct tls_link *link, const struct address *peer, void *arg)
{
    struct mllp_port *p = arg;
    const struct site_tls_peer *who = proc_tls_peer(conf_of(p), link);
    char text[ADDRESS_TEXT], cipher[64];
    if (!who && conf_of(p)->client_certificate) {
        log_refused(p, "tls_not_a_peer", tls_link_subject(link),
                    "its certificate is none of tls.peers", peer);
        tls_link_close(link);
        close(fd);
        listener_release(p->listener, peer);
        return;
    }
    tls_link_cipher(link, cipher);
    log_line(LOG_DEBUG, "tls.connected", "source=%.*s peer=%.*s as=%.*s subject=\"%s\" with=\"%s\"",
             SLICE_ARG(p->source.conf->name), SLICE_ARG(address_ip_text(peer, text)),
             SLICE_ARG(who ? who->name : SLICE("anybody")), tls_link_subject(link), cipher);
    mllp_port_session(p, fd, peer, link, who);
}

static struct tls_accept_rules rules_of(const struct mllp_port *p)
{
    return (struct tls_accept_rules){.tls = p->tls.tls,
                                     .time_ms = conf_of(p)->handshake_time,
                                     .max = (unsigned)conf_of(p)->handshakes};
}

/* Once a day, and whenever the files are new. */
static void warn_of_end(struct mllp_port *p)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    char at[RFC3339_SIZE];
    int64_t now = clock_wall_ms();
    p->tls.warned_at = loop_now(p->loop);
    proc_tls_ends(p->tls.tls, ends);
    for (int i = 0; i < PROC_TLS_FILES; i++)
        if (ends[i].until && ends[i].until - now <= conf_of(p)->expiry_warning)
            log_line(ends[i].until <= now ? LOG_ERROR : LOG_WARN,
                     ends[i].until <= now ? "tls.expired" : "tls.expires_soon",
                     "source=%.*s option=%s ends=%s days=%lld", SLICE_ARG(p->source.conf->name),
                     ends[i].option, rfc3339_utc(ends[i].until, at).p,
                     (long long)proc_tls_days(ends[i].until, now));
    if (!conf_of(p)->client_certificate)
        log_line(LOG_WARN, "tls.anybody",
                 "source=%.*s asks for no client certificate: whoever `allow` lets in may send",
                 SLICE_ARG(p->source.conf->name));
}

int mllp_tls_open(struct mllp_port *p, struct err *reterr)
{
    static const struct tls_accept_hooks hooks = {.ready = on_ready, .refused = on_refused};
    struct tls_accept_rules rules;
    if (conf_of(p)->node && proc_tls_server(conf_of(p), &p->tls.tls, reterr) < 0)
        return -1;
    rules = rules_of(p);
    if (tls_accept_open(p->loop, &rules, &hooks, p, &p->tls.accept, reterr) < 0)
        return -1;
    p->tls.looked_at = loop_now(p->loop);
    if (p->tls.tls)
        warn_of_end(p);
    return 0;
}

void mllp_tls_close(struct mllp_port *p)
{
    tls_accept_close(p->tls.accept);
    tls_close(p->tls.tls);
    p->tls.accept = NULL;
    p->tls.tls = NULL;
}

/* Whether the connection may go on under the port's configuration. */
static bool still_welcome(const struct mllp_port *p, struct session *s)
{
    const struct tls_link *link = conn_tls(s->conn);
    s->who = link ? proc_tls_peer(conf_of(p), link) : NULL;
    if (!conf_of(p)->node)
        return true;
    return link && (s->who || !conf_of(p)->client_certificate);
}

void mllp_tls_take(struct mllp_port *p, struct tls *fresh)
{
    struct tls *old = p->tls.tls;
    p->tls.tls = fresh;
    struct tls_accept_rules rules = rules_of(p);
    tls_accept_set(p->tls.accept, &rules);
    tls_close(old);
    for (struct session *s = p->sessions, *next; s; s = next) {
        next = s->next;
        if (still_welcome(p, s))
            continue;
        const struct tls_link *link = conn_tls(s->conn);
        log_refused(p, link ? "tls_not_a_peer" : "tls_plain_text",
                    link ? tls_link_subject(link) : "", "the configuration lets it in no longer",
                    &s->peer);
        session_drain(s);
    }
    if (fresh)
        warn_of_end(p);
}

void mllp_tls_accept(struct mllp_port *p, int fd, const struct address *peer)
{
    tls_accept_start(p->tls.accept, fd, peer);
}

void mllp_tls_tick(struct mllp_port *p, int64_t now)
{
    struct err err = {0};
    if (!p->tls.tls || now - p->tls.looked_at < LOOK_MS)
        return;
    p->tls.looked_at = now;
    int renewed = tls_renew(p->tls.tls, &err);
    if (renewed < 0)
        log_line(LOG_ERROR, "tls.not_renewed",
                 "source=%.*s why=\"%s\" the certificate read before is still shown",
                 SLICE_ARG(p->source.conf->name), err.text);
    if (renewed > 0)
        log_line(LOG_INFO, "tls.renewed", "source=%.*s subject=\"%s\"",
                 SLICE_ARG(p->source.conf->name), tls_subject(p->tls.tls));
    if (renewed > 0 || now - p->tls.warned_at >= WARN_MS)
        warn_of_end(p);
}

void mllp_tls_collect(struct mllp_port *p)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    int64_t now = clock_wall_ms();
    if (!p->tls.tls)
        return;
    proc_tls_ends(p->tls.tls, ends);
    for (int i = 0; i < PROC_TLS_FILES; i++) {
        struct slice labels[] = {p->source.conf->name, slice_str(ends[i].option)};
        if (ends[i].until)
            series_set(metric_series(p->source.families->certificate, labels),
                       (double)(ends[i].until - now) / 1000);
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
