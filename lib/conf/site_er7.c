#include "conf_addr.h"
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
    {"plaintext", CONF_BOOL, ROW(plaintext), "false",
     .help = "Other machines may send without encryption: it is meant. Better is a proxy on this "
             "machine that speaks TLS and asks for client certificates."},
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

static int check_listen(const struct site_source *src, struct err *reterr)
{
    const struct site_er7 *h = &src->http;
    struct conf_addr addr, net;
    if (!conf_addr_port(h->listen, &addr))
        return yaml_err(src->http_node, reterr, "listen: must be ADDRESS:PORT: 127.0.0.1:8080");
    if (!addr.loopback && (h->allow.n == 0 || !h->plaintext))
        return yaml_err(src->http_node, reterr,
                        "listen: other machines reach %.*s: say in \"allow\" which of them may "
                        "send, and plaintext: true if that is meant",
                        SLICE_ARG(h->listen));
    for (unsigned i = 0; i < h->allow.n; i++)
        if (!conf_addr_net(h->allow.at[i], &net))
            return yaml_err(src->http_node, reterr,
                            "allow: \"%.*s\" must be an address or a network",
                            SLICE_ARG(h->allow.at[i]));
    return 0;
}

int site_read_er7(struct site *s, struct site_source *src, struct err *reterr)
{
    src->has_http = src->http_node != NULL;
    if (!src->has_http)
        return 0;
    if (conf_read(src->http_node, options, OPTIONS, s->arena, &src->http, reterr) < 0 ||
        check_listen(src, reterr) < 0)
        return -1;
    return site_check_fits(s, src->http_node, "message_max", src->http.message_max, reterr);
}

void site_print_er7(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: http\n\nHL7 v2 over HTTP (POST of "
                  "`application/hl7-v2+er7`): [acknowledgments.md](acknowledgments.md).\n\n");
    conf_print_options(options, OPTIONS, out);
}
