#include "site_parts.h"

#include "digest.h"

#define ROW(member) offsetof(struct site_route, member)

static const struct conf_option route_options[] = {
    {"when", CONF_TEXT, ROW(when),
     .help = "The rule (docs/rules.md) that lets an event through; not given: every event."},
    {"keep", CONF_TEXTS, ROW(keep),
     .help = "Fields or groups of fields that the readers get beyond what everybody gets; `all` = "
             "the whole event. Not given: nothing that tells who the patient is."},
    {"identifiers", CONF_BOOL, ROW(identifiers), "false",
     .help = "Must be `true` where `keep` names a field that tells who the patient is."},
    {"restricted", CONF_BOOL, ROW(restricted), "false",
     .help = "Places and contacts of restricted patients are let through; else they are removed."},
    {"key", CONF_SECRET, ROW(key_node),
     .help = "Key from which record keys of this route are made, so that two routes cannot be "
             "joined by them; not given: made from the pseudonym key and the route's name."},
    {"readers", CONF_TEXTS, ROW(readers),
     .help = "Only for Kafka: users (`analyst`) or principals (`User:CN=analyst`) that may read "
             "the route's topic with a client of their own, in consumer groups that begin with "
             "the user's name and a dot; `weir topics create` lets them."},
};

enum { ROUTE_OPTIONS = sizeof(route_options) / sizeof(*route_options), KEY_MIN = 32 };

static int read_route(struct site *s, struct site_route *r, const struct yaml *node,
                      struct err *reterr)
{
    r->name = node->name;
    r->node = node;
    r->when_node = yaml_get(node, "when");
    if (site_check_name(node, "route", reterr) < 0 ||
        conf_read(node, route_options, ROUTE_OPTIONS, s->arena, r, reterr) < 0)
        return -1;
    /* A rule whose variable is not set must not let everything through. */
    if (r->when_node && !slice_present(r->when))
        return yaml_err(r->when_node, reterr,
                        "when: is empty: leave it out where every event is meant");
    const struct yaml *readers = yaml_get(node, "readers");
    if (readers && !slice_eq_str(s->stream.kind, "kafka"))
        return site_name_err(readers, reterr, "\"readers\" is of no use with kind %s of the stream",
                             s->stream.kind.p);
    for (unsigned i = 0; i < r->readers.n; i++)
        if (!r->readers.at[i].n)
            return yaml_err(readers, reterr, "readers: a user has a name");
        else if (slice_ends(r->readers.at[i], SLICE("*")))
            return yaml_err(readers, reterr,
                            "readers: \"%.*s\" is not one user: name each that may read the topic",
                            SLICE_ARG(r->readers.at[i]));
    return 0;
}

int site_read_routes(struct site *s, const struct yaml *section, struct err *reterr)
{
    if (site_section(section, "routes", &section, reterr) < 0)
        return -1;
    unsigned n = section ? section->count : 0;
    s->routes = arena_zalloc(s->arena, n + 1, sizeof(*s->routes));
    if (!s->routes)
        return site_no_room(s, reterr);
    for (const struct yaml *c = section ? section->child : NULL; c; c = c->next, s->nroutes++)
        if (read_route(s, &s->routes[s->nroutes], c, reterr) < 0)
            return -1;
    return 0;
}

/* HMAC(pseudonym key, "weir route key" 0 name), in hex. */
static int derive(struct site *s, struct digest *d, struct site_route *r, struct err *reterr)
{
    unsigned char raw[DIGEST_SIZE];
    char hex[DIGEST_HEX];
    digest_begin(d);
    digest_add(d, slice_make("weir route key", sizeof("weir route key")));
    digest_add(d, r->name);
    digest_end(d, raw);
    r->key = arena_copy(s->arena, digest_hex(raw, sizeof(raw), hex));
    return slice_present(r->key) ? 0 : site_no_room(s, reterr);
}

static int route_key(struct site *s, struct digest *d, struct site_route *r, struct err *reterr)
{
    if (!r->key_node)
        return derive(s, d, r, reterr);
    if (conf_secret(r->key_node, s->arena, &r->key, reterr) < 0)
        return -1;
    if (r->key.n < KEY_MIN)
        return yaml_err(r->key_node, reterr, "key: holds %zu bytes; %d or more are needed",
                        r->key.n, KEY_MIN);
    return 0;
}

int site_route_keys(struct site *s, struct err *reterr)
{
    struct digest *d;
    if (digest_open(s->keys.pseudonym, &d, reterr) < 0)
        return -1;
    int rc = 0;
    for (unsigned i = 0; i < s->nroutes && rc == 0; i++)
        rc = route_key(s, d, &s->routes[i], reterr);
    digest_close(d);
    return rc;
}

const struct site_route *site_route_find(const struct site *s, struct slice name)
{
    for (unsigned i = 0; i < s->nroutes; i++)
        if (slice_eq(s->routes[i].name, name))
            return &s->routes[i];
    return NULL;
}

void site_print_routes(struct buf *out)
{
    buf_puts(out, "\n## routes: `<name>`\n\nWhat is let through to whom: each is a topic "
                  "`flow.route.<name>`. All routes whose rule matches get an event.\n\n");
    conf_print_options(route_options, ROUTE_OPTIONS, out);
}
