#include "http_door.h"

#include "log.h"

enum { TICK_MS = 500 };

void http_door_ready(int fd, struct tls_link *link, const struct address *peer,
                     const struct site_tls_peer *who, void *door)
{
    struct http_door *d = door;
    (void)who;
    http_server_take(d->server, fd, peer, link);
}

void http_door_released(const struct address *peer, void *door)
{
    struct http_door *d = door;
    http_server_forget(d->server, peer);
}

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    struct http_door *d = arg;
    if (d->tls.tls)
        port_tls_accept(&d->tls, fd, peer);
    else
        http_server_take(d->server, fd, peer, NULL);
}

static void on_turned_away(enum listen_refusal why, const struct address *peer, void *arg)
{
    struct http_door *d = arg;
    char text[ADDRESS_TEXT];
    struct slice name = d->o.source->conf->name;
    struct slice labels[] = {name, slice_str(listen_refusal_name(why))};
    series_add(metric_series(d->o.source->families->refused, labels), 1);
    log_line(LOG_WARN, "session.refused", "source=%.*s peer=%.*s why=%s", SLICE_ARG(name),
             SLICE_ARG(address_ip_text(peer, text)), listen_refusal_name(why));
}

static struct slice on_refusal(int status, const char **ret_type, void *arg)
{
    struct http_door *d = arg;
    return d->o.refusal(status, ret_type, d->o.arg);
}

static void on_request(struct http_exchange *x, void *arg)
{
    struct http_door *d = arg;
    d->o.serve(x, d->o.arg);
}

static void on_tick(void *arg)
{
    struct http_door *d = arg;
    int64_t now = loop_now(d->o.loop);
    port_tls_tick(&d->tls, now);
    if (d->o.tick)
        d->o.tick(d->o.arg, now);
    loop_timer_start(d->timer, TICK_MS);
}

static int open_server(struct http_door *d, struct err *reterr)
{
    static const struct http_server_hooks plain = {.accepted = on_accepted,
                                                   .turned_away = on_turned_away},
                                          told = {.accepted = on_accepted,
                                                  .turned_away = on_turned_away,
                                                  .refusal = on_refusal};
    struct address_net nets[LISTEN_ALLOW_MAX];
    struct http_server_options o = d->o.limits;
    if (d->o.allow->n > LISTEN_ALLOW_MAX)
        return err_set(reterr, ERR_CONF, "more than %d entries in allow", LISTEN_ALLOW_MAX);
    for (unsigned i = 0; i < d->o.allow->n; i++)
        if (address_net_parse(d->o.allow->at[i], &nets[i], reterr) < 0)
            return -1;
    o.allow = nets;
    o.nallow = d->o.allow->n;
    o.hooks = d->o.refusal ? &told : &plain;
    if (address_parse(d->o.listen, &o.at, reterr) < 0)
        return -1;
    return http_server_open(d->o.loop, &o, on_request, d, &d->server, reterr);
}

int http_door_open(struct http_door *d, const struct http_door_options *o, struct err *reterr)
{
    *d = (struct http_door){.o = *o};
    if (port_tls_open(&d->tls, o->loop, o->source, o->tls, d, reterr) < 0 ||
        loop_timer_add(o->loop, on_tick, d, &d->timer, reterr) < 0 || open_server(d, reterr) < 0)
        return -1;
    loop_timer_start(d->timer, TICK_MS);
    return 0;
}

void http_door_close(struct http_door *d)
{
    port_tls_close(&d->tls);
    http_server_close(d->server);
    loop_timer_remove(d->timer);
    d->server = NULL;
    d->timer = NULL;
}

void http_door_drain(struct http_door *d)
{
    port_tls_stop(&d->tls);
    http_server_drain(d->server);
}

void http_door_tell(const struct http_door *d, const char *what, struct slice path,
                    const char *more)
{
    char text[ADDRESS_TEXT];
    const struct address *at = http_server_address(d->server);
    struct slice name = d->o.source->conf->name;
    log_line(LOG_INFO, "source.listening", "source=%.*s %s=%.*s%.*s%s%s", SLICE_ARG(name), what,
             SLICE_ARG(address_text(at, text)), SLICE_ARG(path), d->tls.tls ? " tls=yes" : "",
             more);
    if (!d->tls.tls && !address_is_loopback(at))
        log_line(LOG_WARN, "source.plain_text",
                 "source=%.*s takes patient data without encryption (%s: plaintext: true): keep it "
                 "on a closed network",
                 SLICE_ARG(name), what);
}
