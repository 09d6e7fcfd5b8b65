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
    source_turned_away(d->o.source, listen_refusal_name(why), peer);
}

/* What has one value is said once (RFC 9110 §5.3): of two, others may take the one we do not. */
static bool reads_two_ways(const struct http_exchange *x)
{
    static const char *const names[] = {"authorization",
                                        "content-type",
                                        "content-encoding",
                                        "x-request-id",
                                        "x-correlation-id",
                                        "nhsd-target-identifier",
                                        "nhsd-end-user-organisation",
                                        "nhsd-requesting-software",
                                        "nhsd-requesting-practitioner"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (http_field_repeats(x, names[i]))
            return true;
    return false;
}

/* RFC 6750 §3: what is wrong is told only to those who showed a token. */
static void on_head(struct http_exchange *x, void *arg)
{
    struct http_door *d = arg;
    struct err err = {0};
    struct slice shown = http_field(x, "authorization");
    if (reads_two_ways(x)) {
        d->o.keep_out(x, 400, "a header that has one value is there more than once", d->o.arg);
        return;
    }
    if (!d->bearer.keys || (d->o.open_to_all && d->o.open_to_all(x, d->o.arg)))
        return;
    enum jwt_verdict v = bearer_check(&d->bearer, shown, &err);
    if (v == JWT_GOOD)
        return;
    source_turned_away(d->o.source, v == JWT_BAD ? "bearer_no_good_token" : "bearer_scope",
                       http_peer(x));
    http_reply_field(x, "WWW-Authenticate",
                     v != JWT_BAD           ? "Bearer error=\"insufficient_scope\""
                     : slice_present(shown) ? "Bearer error=\"invalid_token\""
                                            : "Bearer");
    d->o.keep_out(x, v == JWT_BAD ? 401 : 403, err.text, d->o.arg);
}

int http_door_unpack(struct http_exchange *x, struct err *reterr)
{
    if (http_unpack(x, reterr) == 0)
        return 0;
    return reterr->code == ERR_LIMIT ? 413 : reterr->code == ERR_NOMEM ? 503 : 400;
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
    bearer_tick(&d->bearer, now);
    loop_timer_start(d->timer, TICK_MS);
}

static int open_server(struct http_door *d, struct err *reterr)
{
    static const struct http_server_hooks plain = {.accepted = on_accepted,
                                                   .turned_away = on_turned_away,
                                                   .head = on_head},
                                          told = {.accepted = on_accepted,
                                                  .turned_away = on_turned_away,
                                                  .head = on_head,
                                                  .refusal = on_refusal};
    const struct site_door *c = d->o.conf(d->o.source);
    struct address_net nets[LISTEN_ALLOW_MAX];
    struct http_server_options o = {.connections = (unsigned)c->connections,
                                    .per_peer = (unsigned)c->per_peer,
                                    .body_max = c->message_max,
                                    .answer_max = d->o.answer_max,
                                    .bodies_max = c->bodies_max,
                                    .head_ms = c->head_time,
                                    .body_ms = c->body_time,
                                    .idle_ms = c->idle_time,
                                    .allow = nets,
                                    .nallow = c->allow.n,
                                    .hooks = d->o.refusal ? &told : &plain};
    if (c->allow.n > LISTEN_ALLOW_MAX)
        return err_set(reterr, ERR_CONF, "more than %d entries in allow", LISTEN_ALLOW_MAX);
    for (unsigned i = 0; i < c->allow.n; i++)
        if (address_net_parse(c->allow.at[i], &nets[i], reterr) < 0)
            return -1;
    if (address_parse(c->listen, &o.at, reterr) < 0)
        return -1;
    return http_server_open(d->o.loop, &o, on_request, d, &d->server, reterr);
}

int http_door_open(struct http_door *d, const struct http_door_options *o, struct err *reterr)
{
    *d = (struct http_door){.o = *o};
    if (bearer_open(&d->bearer, o->source, o->conf, reterr) < 0 ||
        port_tls_open(&d->tls, o->loop, o->source, o->tls, d, reterr) < 0 ||
        loop_timer_add(o->loop, on_tick, d, &d->timer, reterr) < 0 || open_server(d, reterr) < 0)
        return -1;
    loop_timer_start(d->timer, TICK_MS);
    return 0;
}

void http_door_close(struct http_door *d)
{
    port_tls_close(&d->tls);
    bearer_close(&d->bearer);
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

bool http_door_quiet(const struct http_door *d)
{
    return http_server_quiet(d->server);
}

void http_door_tell(const struct http_door *d, const char *what, struct slice path)
{
    char text[ADDRESS_TEXT];
    const struct address *at = http_server_address(d->server);
    struct slice name = d->o.source->conf->name;
    log_line(LOG_INFO, "source.listening", "source=%.*s %s=%.*s%.*s%s%s", SLICE_ARG(name), what,
             SLICE_ARG(address_text(at, text)), SLICE_ARG(path), d->tls.tls ? " tls=yes" : "",
             d->bearer.keys ? " bearer=yes" : "");
    if (!d->tls.tls && !address_is_loopback(at))
        log_line(LOG_WARN, "source.plain_text",
                 "source=%.*s takes patient data without encryption (%s: plaintext: true): keep it "
                 "on a closed network",
                 SLICE_ARG(name), what);
}
