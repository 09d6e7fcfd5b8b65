#include "port_tls.h"

#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "rfc3339.h"

enum { QUIET_MS = 1000, LOOK_MS = 2000, WARN_MS = 24 * 3600 * 1000 };

static const struct site_tls *conf_of(const struct port_tls *p)
{
    return p->hooks->conf(p->source);
}

static void log_refused(struct port_tls *p, const char *reason, const char *subject,
                        const char *why, const struct address *peer)
{
    struct slice labels[] = {p->source->conf->name, slice_str(reason)};
    char text[ADDRESS_TEXT];
    int64_t now = clock_mono_ms();
    series_add(metric_series(p->source->families->refused, labels), 1);
    refused_peers_note(&p->refused, p->source->conf->name, peer, reason, subject, now);
    if (now < p->quiet_until) {
        p->unsaid++;
        return;
    }
    log_line(LOG_WARN, "tls.refused",
             "source=%.*s peer=%.*s reason=%s subject=\"%s\" why=\"%s\" not_logged_before=%llu",
             SLICE_ARG(p->source->conf->name), SLICE_ARG(address_ip_text(peer, text)), reason,
             subject, why, (unsigned long long)p->unsaid);
    p->quiet_until = now + QUIET_MS;
    p->unsaid = 0;
}

static void on_refused(enum tls_fault fault, const char *subject, const char *why,
                       const struct address *peer, void *arg)
{
    struct port_tls *p = arg;
    p->hooks->released(peer, p->arg);
    log_refused(p, tls_fault_name(fault), subject, why, peer);
}

static void on_ready(int fd, struct tls_link *link, const struct address *peer, void *arg)
{
    struct port_tls *p = arg;
    const struct site_tls_peer *who = proc_tls_peer(conf_of(p), link);
    char text[ADDRESS_TEXT], cipher[64];
    if (!who && conf_of(p)->client_certificate) {
        log_refused(p, "tls_not_a_peer", tls_link_subject(link),
                    "its certificate is none of tls.peers", peer);
        tls_link_close(link);
        close(fd);
        p->hooks->released(peer, p->arg);
        return;
    }
    tls_link_cipher(link, cipher);
    log_line(LOG_DEBUG, "tls.connected", "source=%.*s peer=%.*s as=%.*s subject=\"%s\" with=\"%s\"",
             SLICE_ARG(p->source->conf->name), SLICE_ARG(address_ip_text(peer, text)),
             SLICE_ARG(who ? who->name : SLICE("anybody")), tls_link_subject(link), cipher);
    p->hooks->ready(fd, link, peer, who, p->arg);
}

static struct tls_accept_rules rules_of(const struct port_tls *p)
{
    return (struct tls_accept_rules){.tls = p->tls,
                                     .time_ms = conf_of(p)->handshake_time,
                                     .max = (unsigned)conf_of(p)->handshakes};
}

/* Once a day, and whenever the files are new. */
static void warn_of_end(struct port_tls *p)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    char at[RFC3339_SIZE];
    int64_t now = clock_wall_ms();
    p->warned_at = loop_now(p->loop);
    proc_tls_ends(p->tls, ends);
    for (int i = 0; i < PROC_TLS_FILES; i++)
        if (ends[i].until && ends[i].until - now <= conf_of(p)->expiry_warning)
            log_line(ends[i].until <= now ? LOG_ERROR : LOG_WARN,
                     ends[i].until <= now ? "tls.expired" : "tls.expires_soon",
                     "source=%.*s option=%s ends=%s days=%lld", SLICE_ARG(p->source->conf->name),
                     ends[i].option, rfc3339_utc(ends[i].until, at).p,
                     (long long)proc_tls_days(ends[i].until, now));
    if (!conf_of(p)->client_certificate)
        log_line(LOG_WARN, "tls.anybody",
                 "source=%.*s asks for no client certificate: whoever `allow` lets in may send",
                 SLICE_ARG(p->source->conf->name));
}

int port_tls_open(struct port_tls *p, struct loop *loop, struct source *source,
                  const struct port_tls_hooks *hooks, void *arg, struct err *reterr)
{
    static const struct tls_accept_hooks accept = {.ready = on_ready, .refused = on_refused};
    struct tls_accept_rules rules;
    *p = (struct port_tls){.loop = loop, .source = source, .hooks = hooks, .arg = arg};
    refused_peers_init(&p->refused, source->audit);
    if (conf_of(p)->node && proc_tls_server(conf_of(p), &p->tls, reterr) < 0)
        return -1;
    rules = rules_of(p);
    if (tls_accept_open(p->loop, &rules, &accept, p, &p->accept, reterr) < 0)
        return -1;
    p->looked_at = loop_now(p->loop);
    if (p->tls)
        warn_of_end(p);
    return 0;
}

void port_tls_close(struct port_tls *p)
{
    port_tls_stop(p);
    tls_close(p->tls);
    p->tls = NULL;
}

void port_tls_stop(struct port_tls *p)
{
    tls_accept_close(p->accept);
    p->accept = NULL;
}

bool port_tls_welcome(const struct port_tls *p, const struct tls_link *link,
                      const struct site_tls_peer **ret_who)
{
    *ret_who = link ? proc_tls_peer(conf_of(p), link) : NULL;
    if (!conf_of(p)->node)
        return true;
    return link && (*ret_who || !conf_of(p)->client_certificate);
}

void port_tls_log_ended(struct port_tls *p, const struct tls_link *link, const struct address *peer)
{
    log_refused(p, link ? "tls_not_a_peer" : "tls_plain_text", link ? tls_link_subject(link) : "",
                "the configuration lets it in no longer", peer);
}

void port_tls_take(struct port_tls *p, struct tls *fresh)
{
    struct tls *old = p->tls;
    p->tls = fresh;
    struct tls_accept_rules rules = rules_of(p);
    if (p->accept)
        tls_accept_set(p->accept, &rules);
    tls_close(old);
    if (fresh)
        warn_of_end(p);
}

void port_tls_accept(struct port_tls *p, int fd, const struct address *peer)
{
    tls_accept_start(p->accept, fd, peer);
}

void port_tls_tick(struct port_tls *p, int64_t now)
{
    struct err err = {0};
    if (!p->tls || now - p->looked_at < LOOK_MS)
        return;
    p->looked_at = now;
    int renewed = tls_renew(p->tls, &err);
    if (renewed < 0)
        log_line(LOG_ERROR, "tls.not_renewed",
                 "source=%.*s why=\"%s\" the certificate read before is still shown",
                 SLICE_ARG(p->source->conf->name), err.text);
    if (renewed > 0)
        log_line(LOG_INFO, "tls.renewed", "source=%.*s subject=\"%s\"",
                 SLICE_ARG(p->source->conf->name), tls_subject(p->tls));
    if (renewed > 0 || now - p->warned_at >= WARN_MS)
        warn_of_end(p);
}

void port_tls_collect(const struct port_tls *p)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    int64_t now = clock_wall_ms();
    if (!p->tls)
        return;
    proc_tls_ends(p->tls, ends);
    for (int i = 0; i < PROC_TLS_FILES; i++) {
        struct slice labels[] = {p->source->conf->name, slice_str(ends[i].option)};
        if (ends[i].until)
            series_set(metric_series(p->source->families->certificate, labels),
                       (double)(ends[i].until - now) / 1000);
    }
}
