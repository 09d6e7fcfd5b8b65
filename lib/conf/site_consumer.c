#include "site_parts.h"

#include "rfc3339.h"

#define ROW(member) offsetof(struct site_consumer, member)
#define HTTP(member) offsetof(struct site_http, member)
#define FILE_(member) offsetof(struct site_file, member)

/* What is read but has no place in struct site_consumer. */
struct consumer_nodes {
    struct site_consumer c;
    const struct yaml *http, *file, *mllp;
};

#define NODE(member) offsetof(struct consumer_nodes, member)

static const char *const formats[] = {"cloudevent", "hl7v2", "original", NULL};

static const struct conf_option consumer_options[] = {
    {"route", CONF_TEXT, ROW(route), .required = true, .help = "The route whose events it gets."},
    {"kind", CONF_TEXT, ROW(kind), .required = true,
     .help = "How events reach it: `http`, `file`, `mllp`, or `sink` (taken and thrown away, for "
             "measuring); the section of that name says where."},
    {"format", CONF_TEXT, ROW(format), .choices = formats,
     .help = "What an event is sent as: `cloudevent` (CloudEvents 1.0 JSON, structured mode; what "
             "all kinds but mllp send); for kind mllp `hl7v2`, its preset (an ADT message of HL7 "
             "2.4 made from the event), or `original` (the message as it was received)."},
    {"start", CONF_TEXT, ROW(start), "earliest",
     .help = "Where a consumer begins that has never read: `earliest`, `latest` or an RFC 3339 "
             "time. Later it goes on where it was."},
    {"in_flight", CONF_INT, ROW(in_flight), "16", 1, 10000,
     .help = "Deliveries under way at once; of one patient there is one at a time."},
    {"window", CONF_INT, ROW(window), "4096", 1, 1000000, .help = "Events read ahead."},
    {"window_bytes", CONF_SIZE, ROW(window_bytes), "64MiB", 1 << 20, 128 << 20,
     .help = "The same in bytes: at this size no more is read ahead."},
    {"parked_max", CONF_INT, ROW(parked_max), "100000", 1, 100000000,
     .help = "Open parked events; at this number reading stops and an alarm is raised."},
    {"backoff_min", CONF_DURATION, ROW(backoff_min), "500ms", 1, 86400000,
     .help = "First pause before a retry; each next one is longer, with jitter."},
    {"backoff_max", CONF_DURATION, ROW(backoff_max), "60s", 1, 86400000,
     .help = "Longest pause before a retry."},
    {"retry_after_max", CONF_DURATION, ROW(retry_after_max), "10m", 0, 86400000,
     .help = "A Retry-After beyond this is cut to it."},
    {"spill_after", CONF_DURATION, ROW(spill_after), "10s", 1, 86400000,
     .help = "A patient's events that fail for so long while others succeed wait in the parked "
             "ones, and are retried from there."},
    {"breaker_after", CONF_DURATION, ROW(breaker_after), "30s", 1, 86400000,
     .help = "Nothing succeeded for so long, over two patients or more: only a probe goes out."},
    {"merge_wait", CONF_DURATION, ROW(merge_wait), "30s", 1, 86400000,
     .help = "After a merge the surviving record waits at most so long for the retired one."},
    {"http", CONF_NODE, NODE(http), .help = "For kind http: see below."},
    {"file", CONF_NODE, NODE(file), .help = "For kind file: see below."},
    {"mllp", CONF_NODE, NODE(mllp), .help = "For kind mllp: see below."},
    {"options", CONF_NODE, ROW(options),
     .help = "For a kind that was added to weir: what it needs to know."},
};

static const struct conf_option http_options[] = {
    {"url", CONF_TEXT, HTTP(url), .required = true,
     .help = "Where each event is POSTed: `https://` or `http://`."},
    {"bearer", CONF_SECRET, HTTP(bearer_node),
     .help = "Token sent as `Authorization: Bearer`; only over https or to this machine."},
    {"ca_file", CONF_TEXT, HTTP(ca_file),
     .help = "Certificates (PEM) that the server's is checked against; not given: the system's."},
    {"timeout", CONF_DURATION, HTTP(timeout), "15s", 1, 86400000,
     .help = "Longest time for a whole request."},
    {"connect_timeout", CONF_DURATION, HTTP(connect_timeout), "5s", 1, 86400000,
     .help = "Longest time for the connection alone."},
    {"connections", CONF_INT, HTTP(connections), "8", 1, 1000, .help = "Connections held open."},
    {"allow_private", CONF_BOOL, HTTP(allow_private), "false",
     .help = "The server may stand on this machine or in a private network."},
};

static const struct conf_option file_options[] = {
    {"path", CONF_TEXT, FILE_(path), .required = true,
     .help = "File that gets one line of JSON per event, appended and synced."},
    {"rotate_bytes", CONF_SIZE, FILE_(rotate_bytes), "0", 0, 0,
     .help = "A file of this size is put aside and a new one begun; 0 = never."},
};

enum {
    CONSUMER_OPTIONS = sizeof(consumer_options) / sizeof(*consumer_options),
    HTTP_OPTIONS = sizeof(http_options) / sizeof(*http_options),
    FILE_OPTIONS = sizeof(file_options) / sizeof(*file_options),
};

static bool to_this_machine(struct slice host)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]"};
    for (unsigned i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
        struct slice h = slice_str(hosts[i]);
        if (slice_starts(host, h) && (host.n == h.n || host.p[h.n] == ':' || host.p[h.n] == '/'))
            return true;
    }
    return false;
}

static int check_url(const struct site_http *h, const struct yaml *node, struct err *reterr)
{
    bool tls = slice_starts(h->url, SLICE("https://"));
    bool plain = slice_starts(h->url, SLICE("http://"));
    struct slice host = slice_sub(h->url, tls ? 8 : 7, h->url.n);
    struct slice authority = slice_sub(host, 0, slice_find(host, '/'));
    const struct yaml *at = yaml_at(node, "url");
    if ((!tls && !plain) || authority.n == 0 || slice_find(host, ' ') < host.n)
        return yaml_err(at, reterr, "url: must be https://HOST/… or http://HOST/…");
    if (slice_find(authority, '@') < authority.n)
        return yaml_err(at, reterr, "url: a password does not stand in an address; use \"bearer\"");
    if (plain && h->bearer_node && !to_this_machine(host))
        return yaml_err(at, reterr,
                        "url: over http:// the bearer token could be read on the way; use "
                        "https://");
    return 0;
}

static int read_http(struct site *s, struct consumer_nodes *n, struct err *reterr)
{
    if (conf_read(n->http, http_options, HTTP_OPTIONS, s->arena, &n->c.http, reterr) < 0 ||
        check_url(&n->c.http, n->http, reterr) < 0)
        return -1;
    return site_absolute(s, &n->c.http.ca_file, reterr);
}

static int read_file(struct site *s, struct consumer_nodes *n, struct err *reterr)
{
    if (conf_read(n->file, file_options, FILE_OPTIONS, s->arena, &n->c.file, reterr) < 0)
        return -1;
    if (site_absolute(s, &n->c.file.path, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < s->nconsumers; i++)
        if (slice_eq(s->consumers[i].file.path, n->c.file.path))
            return yaml_err(yaml_at(n->file, "path"), reterr,
                            "path: consumer \"%s\" writes that file already",
                            s->consumers[i].name.p);
    return 0;
}

static int read_mllp(struct site *s, struct consumer_nodes *n, struct err *reterr)
{
    return site_read_mllp_to(s, n->mllp, &n->c.mllp, reterr);
}

static int refuse_section(const struct yaml *section, const struct site_consumer *c,
                          struct err *reterr)
{
    return section ? site_name_err(section, reterr, "\"%s\" is of no use with kind %s",
                                   section->name.p, c->kind.p)
                   : 0;
}

/* Which kinds there are is the broker's to say (consumer_kind.h). */
static int read_kind(struct site *s, struct consumer_nodes *n, struct err *reterr)
{
    const struct {
        const char *kind;
        const struct yaml *section;
        int (*read)(struct site *, struct consumer_nodes *, struct err *);
    } kinds[] = {
        {"http", n->http, read_http}, {"file", n->file, read_file}, {"mllp", n->mllp, read_mllp}};
    bool known = false;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        bool mine = slice_eq_str(n->c.kind, kinds[i].kind);
        known = known || mine;
        if (mine && !kinds[i].section)
            return yaml_err(n->c.node, reterr, "kind %s needs its section \"%s:\"", n->c.kind.p,
                            n->c.kind.p);
        if (!mine && refuse_section(kinds[i].section, &n->c, reterr) < 0)
            return -1;
        if (mine && kinds[i].read(s, n, reterr) < 0)
            return -1;
    }
    return refuse_section(known ? n->c.options : NULL, &n->c, reterr);
}

static bool keeps(const struct site_route *r, const char *what)
{
    for (unsigned i = 0; i < r->keep.n; i++)
        if (slice_eq_str(r->keep.at[i], what))
            return true;
    return false;
}

/* The message as it was received holds more than any event: the route has to say that its readers
 * may have all of it. */
static int check_original(const struct site *s, const struct site_consumer *c, struct err *reterr)
{
    const struct site_route *r = site_route_find(s, c->route);
    if (!r ||
        (r->identifiers && r->restricted && keeps(r, "all") && keeps(r, "data.care.legal_status")))
        return 0;
    return yaml_err(yaml_at(c->node, "format"), reterr,
                    "format: original gives away the whole message, of restricted patients too: "
                    "route \"%s\" must say \"keep: [all, data.care.legal_status]\", "
                    "\"identifiers: true\" and \"restricted: true\"",
                    c->route.p);
}

static int check_format(const struct site *s, struct site_consumer *c, struct err *reterr)
{
    bool mllp = slice_eq_str(c->kind, "mllp");
    if (!slice_present(c->format))
        c->format = mllp ? SLICE("hl7v2") : SLICE("cloudevent");
    if (mllp == slice_eq_str(c->format, "cloudevent"))
        return yaml_err(yaml_at(c->node, "format"), reterr, "format: %s is not sent by kind %s",
                        c->format.p, c->kind.p);
    return slice_eq_str(c->format, "original") ? check_original(s, c, reterr) : 0;
}

static int check_start(const struct site_consumer *c, struct err *reterr)
{
    int64_t ms;
    int offset;
    if (slice_eq_str(c->start, "earliest") || slice_eq_str(c->start, "latest") ||
        rfc3339_read(c->start, &ms, &offset))
        return 0;
    return yaml_err(yaml_at(c->node, "start"), reterr,
                    "start: must be earliest, latest or a time as 2026-03-03T08:00:00+00:00");
}

static int check_consumer(const struct site *s, const struct site_consumer *c,
                          const struct yaml *routes, struct err *reterr)
{
    if (!site_route_find(s, c->route))
        return site_unknown(yaml_at(c->node, "route"), c->route, "route", routes, reterr);
    if (c->backoff_max < c->backoff_min)
        return yaml_err(yaml_at(c->node, "backoff_max"), reterr,
                        "backoff_max: is less than backoff_min");
    if (c->window < c->in_flight)
        return yaml_err(yaml_at(c->node, "window"), reterr, "window: is less than in_flight");
    return check_start(c, reterr);
}

static int read_consumer(struct site *s, const struct yaml *node, struct err *reterr)
{
    struct consumer_nodes n = {.c = {.name = node->name, .node = node}};
    if (site_check_name(node, "consumer", reterr) < 0 ||
        conf_read(node, consumer_options, CONSUMER_OPTIONS, s->arena, &n, reterr) < 0 ||
        read_kind(s, &n, reterr) < 0 ||
        check_consumer(s, &n.c, yaml_get(s->root, "routes"), reterr) < 0 ||
        check_format(s, &n.c, reterr) < 0)
        return -1;
    s->consumers[s->nconsumers++] = n.c;
    return 0;
}

int site_read_consumers(struct site *s, const struct yaml *section, struct err *reterr)
{
    if (site_section(section, "consumers", &section, reterr) < 0)
        return -1;
    unsigned n = section ? section->count : 0;
    s->consumers = arena_zalloc(s->arena, n + 1, sizeof(*s->consumers));
    if (!s->consumers)
        return site_no_room(s, reterr);
    for (const struct yaml *c = section ? section->child : NULL; c; c = c->next)
        if (read_consumer(s, c, reterr) < 0)
            return -1;
    return 0;
}

int site_consumer_secrets(struct site *s, struct err *reterr)
{
    for (unsigned i = 0; i < s->nconsumers; i++) {
        struct site_http *h = &s->consumers[i].http;
        if (site_mllp_to_secrets(s, &s->consumers[i].mllp, reterr) < 0)
            return -1;
        if (h->bearer_node && conf_secret(h->bearer_node, s->arena, &h->bearer, reterr) < 0)
            return -1;
        for (size_t k = 0; k < h->bearer.n; k++)
            if (h->bearer.p[k] <= ' ' || h->bearer.p[k] > '~')
                return yaml_err(h->bearer_node, reterr,
                                "bearer: a token is one word of visible characters");
    }
    return 0;
}

void site_print_consumers(struct buf *out)
{
    buf_puts(out, "\n## consumers: `<name>`\n\nWho gets the events of a route, and how.\n\n");
    conf_print_options(consumer_options, CONSUMER_OPTIONS, out);
    buf_puts(out, "\n### consumers: `<name>`: http\n\n");
    conf_print_options(http_options, HTTP_OPTIONS, out);
    buf_puts(out, "\n### consumers: `<name>`: file\n\n");
    conf_print_options(file_options, FILE_OPTIONS, out);
    site_print_mllp_to(out);
}
