#include "site_parts.h"

#define ROW(member) offsetof(struct site_er7, member)

static const struct conf_option options[] = {
    {"listen", CONF_TEXT, ROW(listen), .required = true,
     .help = "Address and port: `127.0.0.1:8080`, `[::1]:8080`."},
    {"path", CONF_TEXT, ROW(path), "/", .help = "Where messages are posted to."},
    {"allow", CONF_TEXTS, ROW(allow),
     .help = "Addresses and networks that may connect. Required unless `listen` is a loopback "
             "address."},
    {"message_max", CONF_SIZE, ROW(message_max), "8MiB", 1024, 1 << 30,
     .help = "Largest request; a longer one is refused with 413."},
    {"connections", CONF_INT, ROW(connections), "64", 1, 10000, .help = "Connections at once."},
    {"tls", CONF_NODE, ROW(tls_node),
     .help = "Encrypted, and only from those whose certificate is named: as for `mllp`."},
    {"plaintext", CONF_BOOL, ROW(plaintext), "false",
     .help = "`true`: no `tls`, although other machines reach `listen`, and whoever listens on the "
             "way reads patient data; each start warns."},
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

static int check_listen(const struct site_source *src, struct err *reterr)
{
    const struct site_listen l = {.node = src->http_node,
                                  .listen = src->http.listen,
                                  .allow = &src->http.allow,
                                  .port = "8080",
                                  .encrypt = "give \"tls\"",
                                  .tls = src->http.tls_node != NULL,
                                  .plaintext = src->http.plaintext};
    return site_check_listen(&l, reterr);
}

/* Only HL7 v2 says who sends. */
static int check_peers(const struct site_source *src, struct err *reterr)
{
    const struct site_tls *tls = &src->http.tls;
    for (unsigned i = 0; src->format != SITE_HL7V2 && i < tls->npeers; i++)
        if (tls->peers[i].sending.n)
            return yaml_err(tls->node, reterr,
                            "peers: \"sending\" is about MSH-3 and MSH-4, which JSON has not");
    return 0;
}

static int check_format(const struct site_source *src, struct err *reterr)
{
    if (src->format == SITE_HL7V2 || src->format == SITE_JSON)
        return 0;
    return yaml_err(src->http_node, reterr,
                    "http: HL7 v2 and JSON are posted there; FHIR has the section \"fhir\", CSV "
                    "comes in files (\"folder\")");
}

int site_read_er7(struct site *s, struct site_source *src, struct err *reterr)
{
    src->has_http = src->http_node != NULL;
    if (!src->has_http)
        return 0;
    if (conf_read(src->http_node, options, OPTIONS, s->arena, &src->http, reterr) < 0 ||
        check_format(src, reterr) < 0 || check_listen(src, reterr) < 0)
        return -1;
    if (src->http.tls_node && (site_read_tls(s, src->http.tls_node, &src->http.tls, reterr) < 0 ||
                               check_peers(src, reterr) < 0))
        return -1;
    return site_check_fits(s, yaml_at(src->http_node, "message_max"), "message_max",
                           src->http.message_max, reterr);
}

void site_print_er7(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: http\n\nHL7 v2 over HTTP (POST of "
                  "`application/hl7-v2+er7`): [acknowledgments.md](acknowledgments.md). With "
                  "`format: json` an object a request (POST of `application/json`): "
                  "[files.md](files.md#json-over-http).\n\n");
    conf_print_options(options, OPTIONS, out);
}
