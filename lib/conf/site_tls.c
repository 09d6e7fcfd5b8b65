#include "site_tls.h"

#include "site_parts.h"

#define TLS(member) offsetof(struct tls_nodes, t.member)
#define NODE(member) offsetof(struct tls_nodes, member)
#define PEER(member) offsetof(struct site_tls_peer, member)
#define CLIENT(member) offsetof(struct client_nodes, c.member)

/* The sections while they are read. */
struct tls_nodes {
    struct site_tls t;
    int client, version;
    const struct yaml *peers;
};
struct client_nodes {
    struct site_tls_client c;
    int version;
};

enum { REQUIRED, NONE };
static const char *const client_words[] = {[REQUIRED] = "required", [NONE] = "none", NULL};
static const char *const versions[] = {"1.2", "1.3", NULL};

#define KEY_FILE_HELP "Its key (PEM), which nobody but this user may read."
#define VERSION_HELP "Oldest version of TLS that is spoken."

static const struct conf_option tls_options[] = {
    {"cert_file", CONF_TEXT, TLS(cert_file), .required = true,
     .help = "Certificate of this listener (PEM), those of its authorities behind it. Files that "
             "change are taken within seconds, for connections that come from then on."},
    {"key_file", CONF_TEXT, TLS(key_file), .required = true, .help = KEY_FILE_HELP},
    {"key_password", CONF_SECRET, TLS(key_password_node), .help = "Password of that key."},
    {"client_certificate", CONF_CHOICE, NODE(client), "required", .choices = client_words,
     .help = "`none`: any client that `allow` lets in may send; the line is encrypted, but who is "
             "at its other end is not known."},
    {"ca_file", CONF_TEXT, TLS(ca_file),
     .help = "Authorities (PEM) that sign the certificates of those who may connect: of this "
             "source alone, the system's do not count."},
    {"crl_file", CONF_TEXT, TLS(crl_file),
     .help = "What these authorities have revoked (PEM lists, one of each). A list that is older "
             "than it says it may be lets nobody in."},
    {"peers", CONF_NODE, NODE(peers),
     .help = "Who may connect, name to certificate: see below. Needed, for an authority signs "
             "others, too."},
    {"min_version", CONF_CHOICE, NODE(version), "1.2", .choices = versions, .help = VERSION_HELP},
    {"handshake_time", CONF_DURATION, TLS(handshake_time), "10s", 100, 600000,
     .help = "Longest time from the connection to the end of the handshake."},
    {"handshakes", CONF_INT, TLS(handshakes), "256", 1, 100000,
     .help = "Handshakes under way at once. One more ends the oldest, if that has had a second; "
             "else it is turned away."},
    {"expiry_warning", CONF_DURATION, TLS(expiry_warning), "30d", 0, 0,
     .help = "So long before a certificate ends `weir check` and the log say so."},
};

static const struct conf_option peer_options[] = {
    {"subject", CONF_TEXT, PEER(subject),
     .help = "What the certificate's subject must hold, such as `CN=pas.rzz.nhs.uk,O=RZZ`: each "
             "letter for letter, and no second value of these types; what is not named may be "
             "anything. `\"*\"`: any certificate of `ca_file`."},
    {"san", CONF_TEXTS, PEER(san),
     .help = "Subject alternative names, one of which the certificate must bear: "
             "`DNS:pas.rzz.nhs.uk`, `IP:10.1.2.3`, `URI:urn:nhs:ods:RZZ`, `email:it@rzz.nhs.uk`. "
             "With `subject`: both."},
    {"sending", CONF_TEXTS, PEER(sending),
     .help = "`APPLICATION/FACILITY` (first component of MSH-3 and of MSH-4) that it may send as: "
             "a message of another is answered AR and kept in `flow.rejected`. Not given: any."},
};

static const struct conf_option client_options[] = {
    {"ca_file", CONF_TEXT, CLIENT(ca_file),
     .help = "Authorities (PEM) that the receiver's certificate is checked against; not given: "
             "the system's."},
    {"cert_file", CONF_TEXT, CLIENT(cert_file),
     .help = "Certificate (PEM) to show; not given: none."},
    {"key_file", CONF_TEXT, CLIENT(key_file), .help = KEY_FILE_HELP},
    {"key_password", CONF_SECRET, CLIENT(key_password_node), .help = "Password of that key."},
    {"server_name", CONF_TEXT, CLIENT(server_name),
     .help = "Name or address that the receiver's certificate must bear; not given: the host that "
             "is connected to."},
    {"min_version", CONF_CHOICE, offsetof(struct client_nodes, version), "1.2", .choices = versions,
     .help = VERSION_HELP},
    {"expiry_warning", CONF_DURATION, CLIENT(expiry_warning), "30d", 0, 0,
     .help = "So long before a file ends `weir check` says so."},
};

enum {
    TLS_OPTIONS = sizeof(tls_options) / sizeof(*tls_options),
    PEER_OPTIONS = sizeof(peer_options) / sizeof(*peer_options),
    CLIENT_OPTIONS = sizeof(client_options) / sizeof(*client_options),
};

int site_check_sending(const struct yaml *node, const struct conf_texts *sending,
                       struct err *reterr)
{
    const struct yaml *at = yaml_get(node, "sending");
    for (unsigned i = 0; i < sending->n; i++)
        if (slice_find(sending->at[i], '/') == sending->at[i].n)
            return yaml_err(at ? at : node, reterr,
                            "sending: \"%.*s\" must be APPLICATION/FACILITY, as in MSH-3 and MSH-4",
                            SLICE_ARG(sending->at[i]));
    return 0;
}

static int read_peer(struct site *s, const struct yaml *node, struct site_tls_peer *p,
                     struct err *reterr)
{
    p->name = node->name;
    p->node = node;
    if (site_check_name(node, "peer", reterr) < 0 ||
        conf_read(node, peer_options, PEER_OPTIONS, s->arena, p, reterr) < 0 ||
        site_check_sending(node, &p->sending, reterr) < 0)
        return -1;
    if (!slice_present(p->subject) && !p->san.n)
        return yaml_err(node, reterr,
                        "which certificate is meant? give \"subject\" or \"san\"; subject: \"*\" "
                        "is any of ca_file");
    return 0;
}

static int read_peers(struct site *s, const struct yaml *section, struct site_tls *t,
                      struct err *reterr)
{
    if (site_section(section, "peers", &section, reterr) < 0)
        return -1;
    unsigned n = section ? section->count : 0;
    t->peers = arena_zalloc(s->arena, n + 1, sizeof(*t->peers));
    if (!t->peers)
        return site_no_room(s, reterr);
    for (const struct yaml *c = section ? section->child : NULL; c; c = c->next, t->npeers++)
        if (read_peer(s, c, &t->peers[t->npeers], reterr) < 0)
            return -1;
    return 0;
}

/* What belongs together: an authority and peers where a certificate is asked for, nothing of these
 * where none is. */
static int check_client(const struct site_tls *t, struct err *reterr)
{
    static const char *const of_clients[] = {"ca_file", "crl_file", "peers"};
    for (unsigned i = 0; i < 3 && !t->client_certificate; i++) {
        const struct yaml *at = yaml_get(t->node, of_clients[i]);
        if (at)
            return site_name_err(at, reterr, "\"%s\" is of no use with client_certificate: none",
                                 of_clients[i]);
    }
    if (t->client_certificate && !slice_present(t->ca_file))
        return yaml_err(t->node, reterr,
                        "\"ca_file\" is missing: who signs the certificates of those who may "
                        "connect?");
    if (t->client_certificate && !t->npeers)
        return yaml_err(t->node, reterr,
                        "\"peers\" is missing: whose certificates may connect? such as peers: "
                        "{pas: {subject: \"CN=pas.rzz.nhs.uk\"}}");
    return 0;
}

int site_read_tls(struct site *s, const struct yaml *node, struct site_tls *ret, struct err *reterr)
{
    struct tls_nodes n = {.t = {.node = node}};
    if (conf_read(node, tls_options, TLS_OPTIONS, s->arena, &n, reterr) < 0)
        return -1;
    n.t.client_certificate = n.client == REQUIRED;
    n.t.only_1_3 = n.version == 1;
    if (read_peers(s, n.peers, &n.t, reterr) < 0 || check_client(&n.t, reterr) < 0 ||
        site_absolute(s, &n.t.cert_file, reterr) < 0 ||
        site_absolute(s, &n.t.key_file, reterr) < 0 || site_absolute(s, &n.t.ca_file, reterr) < 0 ||
        site_absolute(s, &n.t.crl_file, reterr) < 0)
        return -1;
    *ret = n.t;
    return 0;
}

int site_source_secrets(struct site *s, struct err *reterr)
{
    for (unsigned i = 0; i < s->nsources; i++) {
        struct site_tls *all[] = {&s->sources[i].mllp.tls, &s->sources[i].http.door.tls,
                                  &s->sources[i].fhir.door.tls};
        for (unsigned k = 0; k < sizeof(all) / sizeof(all[0]); k++)
            if (all[k]->key_password_node &&
                conf_secret(all[k]->key_password_node, s->arena, &all[k]->key_password, reterr) < 0)
                return -1;
    }
    return 0;
}

static int absolute(const struct yaml *node, struct slice *name, struct arena *arena,
                    struct err *reterr)
{
    if (!slice_present(*name))
        return 0;
    *name = conf_path(node->file, *name, arena);
    return slice_present(*name) ? 0 : yaml_err(node, reterr, "more than fits the memory set aside");
}

int site_tls_client_read(const struct yaml *node, bool secrets, struct arena *arena,
                         struct site_tls_client *ret, struct err *reterr)
{
    struct client_nodes n = {.c = {.node = node}};
    struct site_tls_client *c = &n.c;
    if (conf_read(node, client_options, CLIENT_OPTIONS, arena, &n, reterr) < 0)
        return -1;
    c->only_1_3 = n.version == 1;
    if (slice_present(c->cert_file) != slice_present(c->key_file))
        return yaml_err(node, reterr, "\"cert_file\" needs its \"key_file\", and the other way");
    if (absolute(node, &c->ca_file, arena, reterr) < 0 ||
        absolute(node, &c->cert_file, arena, reterr) < 0 ||
        absolute(node, &c->key_file, arena, reterr) < 0)
        return -1;
    if (secrets && c->key_password_node &&
        conf_secret(c->key_password_node, arena, &c->key_password, reterr) < 0)
        return -1;
    *ret = *c;
    return 0;
}

void site_tls_client_print(struct buf *out)
{
    conf_print_options(client_options, CLIENT_OPTIONS, out);
}

void site_print_tls(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: mllp: tls\n\nHow to make the files, and what a refusal "
                  "means: docs/tls.md.\n\n");
    conf_print_options(tls_options, TLS_OPTIONS, out);
    buf_puts(out, "\n### sources: `<name>`: mllp: tls: peers: `<name>`\n\n");
    conf_print_options(peer_options, PEER_OPTIONS, out);
}
