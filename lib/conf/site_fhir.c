#include "site_fhir.h"

#include "site_parts.h"

#define ROW(member) offsetof(struct site_fhir, member)
#define BEARER(member) offsetof(struct site_bearer, member)

/* What flow is told with, in the order of the issue of events: visits, people, bookings, requests.
 */
#define RESOURCES                                                                                  \
    "Encounter Patient Appointment ServiceRequest Task Location DiagnosticReport EpisodeOfCare "   \
    "Flag SupplyRequest SupplyDelivery Bundle"

static const struct conf_option options[] = {
    {"listen", CONF_TEXT, ROW(listen), .required = true,
     .help = "Address and port: `127.0.0.1:8443`, `[::1]:8443`."},
    {"base", CONF_TEXT, ROW(base), "/fhir",
     .help = "Where the FHIR server begins: `/fhir` makes `/fhir/Encounter` and "
             "`/fhir/$process-message`; `/` is fine."},
    {"allow", CONF_TEXTS, ROW(allow),
     .help = "Addresses and networks that may connect. Required unless `listen` is a loopback "
             "address."},
    {"resources", CONF_TEXTS, ROW(resources),
     .help = "Resource types that are created, updated and deleted here; of others: 404. Not "
             "given: " RESOURCES "."},
    {"message_max", CONF_SIZE, ROW(message_max), "8MiB", 1024, 1 << 30,
     .help = "Largest request, also unpacked from gzip; a longer one is refused with 413."},
    {"entries", CONF_INT, ROW(entries), "1000", 1, 100000,
     .help = "Most entries of a batch; of one that has more: 413."},
    {"connections", CONF_INT, ROW(connections), "256", 1, 100000, .help = "Connections at once."},
    {"per_peer", CONF_INT, ROW(per_peer), "64", 1, 100000,
     .help = "Connections at once from one address."},
    {"head_time", CONF_DURATION, ROW(head_time), "10s", 100, 600000,
     .help = "Longest time from the first byte of a request to the end of its headers; then 408."},
    {"body_time", CONF_DURATION, ROW(body_time), "30s", 100, 3600000,
     .help = "Longest time for its body; then 408."},
    {"idle_time", CONF_DURATION, ROW(idle_time), "1m", 100, 86400000,
     .help = "A connection without a request is closed after it."},
    {"require_request_id", CONF_BOOL, ROW(request_id), "false",
     .help = "`true`: a request without an `X-Request-ID` that is a GUID is refused with 400."},
    {"tls", CONF_NODE, ROW(tls_node),
     .help = "Encrypted, and only from those whose certificate is named: as for `mllp`."},
    {"bearer", CONF_NODE, ROW(bearer_node),
     .help = "Only with a bearer token (JWT): see below. With `tls`, both; who comes with tokens "
             "alone sets `client_certificate: none` there."},
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
};

/* Words of a text as a list. */
static int words(struct site *s, const char *text, struct conf_texts *ret, struct err *reterr)
{
    struct slice rest = slice_str(text);
    unsigned n = 1;
    for (const char *p = text; *p; p++)
        n += *p == ' ';
    ret->at = arena_alloc(s->arena, n * sizeof(*ret->at));
    if (!ret->at)
        return site_no_room(s, reterr);
    for (ret->n = 0; slice_present(rest);)
        ret->at[ret->n++] = slice_split(&rest, ' ');
    return 0;
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
    return b->algorithms.n ? 0 : words(s, all, &b->algorithms, reterr);
}

static bool is_type(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= 'a' && s.p[i] <= 'z')))
            return false;
    return s.n && s.p[0] <= 'Z';
}

static int check_resources(struct site *s, const struct site_source *src, struct site_fhir *f,
                           struct err *reterr)
{
    for (unsigned i = 0; i < f->resources.n; i++)
        if (!is_type(f->resources.at[i]))
            return yaml_err(yaml_at(src->fhir_node, "resources"), reterr,
                            "resources: \"%.*s\" is no resource type: Encounter, Patient",
                            SLICE_ARG(f->resources.at[i]));
    return f->resources.n ? 0 : words(s, RESOURCES, &f->resources, reterr);
}

/* "/" is "" and "/fhir/" is "/fhir". */
static int check_base(const struct site_source *src, struct site_fhir *f, struct err *reterr)
{
    if (!slice_starts(f->base, SLICE("/")) || slice_find(f->base, '?') < f->base.n)
        return yaml_err(yaml_at(src->fhir_node, "base"), reterr,
                        "base: begins with a slash: /fhir, /bars/FHIR/R4");
    if (slice_ends(f->base, SLICE("/")))
        f->base = slice_sub(f->base, 0, f->base.n - 1);
    return 0;
}

static int check_listen(const struct site_source *src, struct err *reterr)
{
    const struct site_listen l = {.node = src->fhir_node,
                                  .listen = src->fhir.listen,
                                  .allow = &src->fhir.allow,
                                  .port = "8443",
                                  .encrypt = "give \"tls\"",
                                  .tls = src->fhir.tls_node != NULL,
                                  .plaintext = src->fhir.plaintext};
    return site_check_listen(&l, reterr);
}

static int check_format(const struct site_source *src, struct err *reterr)
{
    if (src->format == SITE_FHIR)
        return 0;
    return yaml_err(src->fhir_node, reterr,
                    "fhir: what comes in there is FHIR: say format: fhir for the source, and "
                    "leave fhir out of sources of other formats");
}

int site_read_fhir(struct site *s, struct site_source *src, struct err *reterr)
{
    struct site_fhir *f = &src->fhir;
    src->has_fhir = src->fhir_node != NULL;
    if (!src->has_fhir)
        return 0;
    if (conf_read(src->fhir_node, options, OPTIONS, s->arena, f, reterr) < 0 ||
        check_format(src, reterr) < 0 || check_base(src, f, reterr) < 0 ||
        check_resources(s, src, f, reterr) < 0 || check_listen(src, reterr) < 0)
        return -1;
    if (f->tls_node && site_read_tls(s, f->tls_node, &f->tls, reterr) < 0)
        return -1;
    if (f->bearer_node && read_bearer(s, f->bearer_node, &f->bearer, reterr) < 0)
        return -1;
    return site_check_fits(s, yaml_at(src->fhir_node, "message_max"), "message_max", f->message_max,
                           reterr);
}

void site_print_fhir(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: fhir\n\nFHIR over HTTP: [fhir.md](fhir.md). The source "
                  "says `format: fhir`.\n\n");
    conf_print_options(options, OPTIONS, out);
    buf_puts(out, "\n#### sources: `<name>`: fhir: bearer\n\n");
    conf_print_options(bearer_options, BEARER_OPTIONS, out);
}
