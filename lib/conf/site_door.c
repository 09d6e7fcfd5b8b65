#include "site_door.h"

#include "site_parts.h"

#define ROW(member) offsetof(struct site_door, member)
#define BEARER(member) offsetof(struct site_bearer, member)

static const struct conf_option options[] = {
    {"listen", CONF_TEXT, ROW(listen), .required = true,
     .help = "Address and port: `127.0.0.1:8443`, `[::1]:8443`."},
    {"allow", CONF_TEXTS, ROW(allow),
     .help = "Addresses and networks that may connect. Required unless `listen` is a loopback "
             "address."},
    {"message_max", CONF_SIZE, ROW(message_max), "8MiB", 1024, 1 << 30,
     .help = "Largest request, also unpacked from gzip; a longer one is refused with 413."},
    {"bodies_max", CONF_SIZE, ROW(bodies_max), "128MiB", 1024, 1ULL << 40,
     .help =
         "Most bytes of all requests that are under way; what comes beside them is answered 503 "
         "with `Retry-After`. One alone may have `message_max`."},
    {"connections", CONF_INT, ROW(connections), "256", 1, 100000, .help = "Connections at once."},
    {"per_peer", CONF_INT, ROW(per_peer), "64", 1, 100000,
     .help = "Connections at once from one address."},
    {"head_time", CONF_DURATION, ROW(head_time), "10s", 100, 600000,
     .help = "Longest time from the first byte of a request to the end of its headers; then 408."},
    {"body_time", CONF_DURATION, ROW(body_time), "30s", 100, 3600000,
     .help = "Longest time for its body; then 408."},
    {"idle_time", CONF_DURATION, ROW(idle_time), "1m", 100, 86400000,
     .help = "A connection without a request is closed after it."},
    {"tls", CONF_NODE, ROW(tls_node),
     .help = "Encrypted, and only from those whose certificate is named: as for `mllp`."},
    {"bearer", CONF_NODE, ROW(bearer_node),
     .help = "Only with a bearer token (JWT): see [bearer](#bearer). With `tls`, both; who comes "
             "with tokens alone sets `client_certificate: none` there."},
    {"plaintext", CONF_BOOL, ROW(plaintext), "false",
     .help = "`true`: no `tls`, although other machines reach `listen`, and whoever listens on the "
             "way reads patient data; each start warns."},
};

static const struct conf_option bearer_options[] = {
    {"jwks_file", CONF_TEXT, BEARER(jwks_file), .required = true,
     .help =
         "Public keys (JWKS, RFC 7517) of who issues the tokens: RSA of 2048 bits and more, EC. "
         "A file that changes is taken within seconds."},
    {"issuer", CONF_TEXT, BEARER(issuer), .required = true, .help = "What `iss` must be."},
    {"audience", CONF_TEXT, BEARER(audience), .required = true,
     .help = "What `aud` must be or hold: the address of this server, most often."},
    {"scopes", CONF_TEXTS, BEARER(scopes),
     .help = "Scopes that a token must have, all of them, such as `system/*.write`; else 403."},
    {"algorithms", CONF_TEXTS, BEARER(algorithms),
     .help = "Signatures that are accepted, of RS256, RS384, RS512, PS256, PS384, PS512, ES256, "
             "ES384, ES512. Not given: all of these."},
    {"leeway", CONF_DURATION, BEARER(leeway), "30s", 0, 600000,
     .help = "What clocks may differ by."},
};

enum {
    OPTIONS = sizeof(options) / sizeof(*options),
    BEARER_OPTIONS = sizeof(bearer_options) / sizeof(*bearer_options),
    ALL_MAX = OPTIONS + SITE_DOOR_OWN_MAX,
};

static unsigned all_options(const struct site_door_own *own, struct conf_option all[ALL_MAX])
{
    memcpy(all, options, sizeof(options));
    memcpy(all + OPTIONS, own->options, own->n * sizeof(*own->options));
    return OPTIONS + own->n;
}

static bool one_of(struct slice word, const char *text)
{
    struct slice rest = slice_str(text);
    while (slice_present(rest))
        if (slice_eq(slice_split(&rest, ' '), word))
            return true;
    return false;
}

static int read_bearer(struct site *s, const struct yaml *node, struct site_bearer *b,
                       struct err *reterr)
{
    static const char all[] = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512";
    if (conf_read(node, bearer_options, BEARER_OPTIONS, s->arena, b, reterr) < 0 ||
        site_absolute(s, &b->jwks_file, reterr) < 0)
        return -1;
    b->node = node;
    for (unsigned i = 0; i < b->algorithms.n; i++)
        if (!one_of(b->algorithms.at[i], all))
            return yaml_err(yaml_at(node, "algorithms"), reterr,
                            "algorithms: \"%.*s\" is none of %s", SLICE_ARG(b->algorithms.at[i]),
                            all);
    return b->algorithms.n ? 0 : site_words(s, all, &b->algorithms, reterr);
}

static int check_listen(const struct yaml *node, const struct site_door *d, const char *port,
                        struct err *reterr)
{
    const struct site_listen l = {.node = node,
                                  .listen = d->listen,
                                  .allow = &d->allow,
                                  .port = port,
                                  .encrypt = "give \"tls\"",
                                  .tls = d->tls_node != NULL,
                                  .plaintext = d->plaintext};
    return site_check_listen(&l, reterr);
}

int site_read_door(struct site *s, const struct yaml *node, const struct site_door_own *own,
                   struct site_door *ret, struct err *reterr)
{
    struct conf_option all[ALL_MAX];
    if (conf_read(node, all, all_options(own, all), s->arena, ret, reterr) < 0 ||
        check_listen(node, ret, own->port, reterr) < 0)
        return -1;
    if (ret->tls_node && site_read_tls(s, ret->tls_node, &ret->tls, reterr) < 0)
        return -1;
    if (ret->bearer_node && read_bearer(s, ret->bearer_node, &ret->bearer, reterr) < 0)
        return -1;
    return site_check_fits(s, yaml_at(node, "message_max"), "message_max", ret->message_max,
                           reterr);
}

void site_print_door(const struct site_door_own *own, struct buf *out)
{
    struct conf_option all[ALL_MAX];
    conf_print_options(all, all_options(own, all), out);
}

void site_print_bearer(struct buf *out)
{
    buf_puts(out, "\n#### bearer\n\nOf `http` and `fhir`.\n\n");
    conf_print_options(bearer_options, BEARER_OPTIONS, out);
}
