#include "site_parts.h"

#include "num.h"

#define ROW(member) offsetof(struct kafka_nodes, k.member)
#define NODE(member) offsetof(struct kafka_nodes, member)
#define USER(member) offsetof(struct site_kafka_user, member)
#define SASL(member) offsetof(struct sasl_rows, member)
#define TLS(member) offsetof(struct tls_rows, member)

/* The section while it is read. */
struct kafka_nodes {
    struct site_kafka k;
    const struct yaml *sasl, *tls, *users, *properties;
};
struct sasl_rows {
    struct slice mechanism, username;
    const struct yaml *password;
};
struct tls_rows {
    struct slice ca_file, cert_file, key_file;
    const struct yaml *key_password;
};

static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", NULL};
static const char *const user_names[] = {
    [SITE_USER_ADAPTER] = "adapter",
    [SITE_USER_BROKER] = "broker",
    [SITE_USER_OPERATOR] = "operator",
    [SITE_USER_ADMIN] = "admin",
};

static const struct conf_option kafka_options[] = {
    {"nodes", CONF_TEXTS, ROW(nodes), .required = true,
     .help = "Nodes to begin with, as HOST:PORT; the others are learnt from them."},
    {"prefix", CONF_TEXT, ROW(prefix),
     .help = "Stands before every topic, group and transactional id, so that regions can share "
             "nodes: `north.`; up to 48 of a-z, A-Z, 0-9, `.` and `-`."},
    {"partitions", CONF_INT, ROW(partitions), "12", 1, 10000,
     .help = "Partitions of a topic that `weir topics create` makes. Never changed later: it "
             "decides where a patient's events go."},
    {"replicas", CONF_INT, ROW(replicas), "3", 1, 100,
     .help = "Copies of each partition, for topics that are made."},
    {"min_insync", CONF_INT, ROW(min_insync), "2", 1, 100,
     .help = "Copies that must hold a record before it is acknowledged "
             "(`min.insync.replicas` of the topics)."},
    {"allow_unsafe", CONF_BOOL, ROW(allow_unsafe), "false",
     .help = "`true`: fewer than two copies are enough, so that one broken disk loses what was "
             "acknowledged; each start warns. Else a `min_insync` of 1 is refused, here and on "
             "the nodes."},
    {"plaintext", CONF_BOOL, ROW(plaintext), "false",
     .help = "`true`: no `tls`, although a node is another machine, and whoever listens on the way "
             "reads patient data; each start warns."},
    {"instance", CONF_TEXT, ROW(instance),
     .help = "Static membership: a restart within the session's time moves no partition. "
             "Different on each machine, such as `${HOSTNAME}`; each process adds a dot and its "
             "name (`group.instance.id`). Not given: dynamic membership."},
    {"append_timeout", CONF_DURATION, ROW(append_timeout), "20s", 0, 86400000,
     .help = "What the nodes have not acknowledged after so long is answered \"try later\"; 0 = "
             "never."},
    {"trusted", CONF_TEXTS, ROW(trusted),
     .help = "Users or principals that look after the nodes, copy or back them up: `weir topics` "
             "takes their rights on the topics as meant."},
    {"sasl", CONF_NODE, NODE(sasl), .help = "Who logs in: see below."},
    {"tls", CONF_NODE, NODE(tls), .help = "Encrypted connections: see below; `tls: {}` is enough."},
    {"users", CONF_NODE, NODE(users),
     .help = "Users of `adapter`, `broker`, `operator` (the reading verbs of `weir`) and `admin` "
             "(`weir topics`) of their own: see below."},
    {"properties", CONF_NODE, NODE(properties),
     .help = "Any setting of librdkafka, name to value. One that is a password or a key is named "
             "as `file:` or `env:`."},
};

static const struct conf_option sasl_options[] = {
    {"mechanism", CONF_TEXT, SASL(mechanism), .choices = mechanisms, .required = true,
     .help = "How."},
    {"username", CONF_TEXT, SASL(username), .help = "Of all that have none under `users`."},
    {"password", CONF_SECRET, SASL(password), .help = "The same."},
};

static const struct conf_option tls_options[] = {
    {"ca_file", CONF_TEXT, TLS(ca_file),
     .help = "Certificates (PEM) that a node's is checked against; not given: the system's."},
    {"cert_file", CONF_TEXT, TLS(cert_file),
     .help = "Certificate (PEM) of all that have none under `users`; not given: none is shown."},
    {"key_file", CONF_TEXT, TLS(key_file), .help = "Its key (PEM)."},
    {"key_password", CONF_SECRET, TLS(key_password), .help = "Password of that key."},
};

static const struct conf_option user_options[] = {
    {"username", CONF_TEXT, USER(username), .help = "SASL."},
    {"password", CONF_SECRET, USER(password_node), .help = "SASL."},
    {"cert_file", CONF_TEXT, USER(cert_file), .help = "TLS certificate (PEM)."},
    {"key_file", CONF_TEXT, USER(key_file), .help = "Its key (PEM)."},
    {"key_password", CONF_SECRET, USER(key_password_node), .help = "Password of that key."},
    {"principal", CONF_TEXT, USER(principal),
     .help = "As the nodes' ACLs name it; not given: `User:` and the username. Needed for ACLs "
             "where a certificate says who it is: `User:CN=weir-adapter`."},
};

enum {
    KAFKA_OPTIONS = sizeof(kafka_options) / sizeof(*kafka_options),
    SASL_OPTIONS = sizeof(sasl_options) / sizeof(*sasl_options),
    TLS_OPTIONS = sizeof(tls_options) / sizeof(*tls_options),
    USER_OPTIONS = sizeof(user_options) / sizeof(*user_options),
    PREFIX_MAX = 48,
};

const char *site_user_name(enum site_user user)
{
    return user_names[user];
}

static bool is_loopback(struct slice node)
{
    return slice_starts(node, SLICE("localhost:")) || slice_starts(node, SLICE("127.")) ||
           slice_starts(node, SLICE("[::1]:"));
}

/* HOST:PORT: a name, an IPv4 address, or an IPv6 address in brackets. */
static bool node_ok(struct slice node)
{
    size_t colon = node.n;
    uint64_t port;
    while (colon && node.p[colon - 1] != ':')
        colon--;
    struct slice host = slice_sub(node, 0, colon ? colon - 1 : 0);
    if (!host.n || !num_u64(slice_sub(node, colon, node.n), &port) || !port || port > 65535)
        return false;
    bool six = host.p[0] == '[' && host.p[host.n - 1] == ']';
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-';
        if (!plain && !(six && (c == ':' || c == '[' || c == ']')))
            return false;
    }
    return true;
}

static int check_nodes(struct site *s, struct site_kafka *k, struct err *reterr)
{
    size_t n = 0;
    if (!k->nodes.n)
        return yaml_err(yaml_at(k->node, "nodes"), reterr, "nodes: one HOST:PORT is needed");
    for (unsigned i = 0; i < k->nodes.n; i++) {
        if (!node_ok(k->nodes.at[i]))
            return yaml_err(yaml_at(k->node, "nodes"), reterr,
                            "nodes: \"%.*s\" must be HOST:PORT, such as kafka1.example.nhs.uk:9093",
                            SLICE_ARG(k->nodes.at[i]));
        n += k->nodes.at[i].n + 1;
    }
    char *p = arena_alloc(s->arena, n);
    if (!p)
        return site_no_room(s, reterr);
    k->nodes_text = slice_make(p, n - 1);
    for (unsigned i = 0; i < k->nodes.n; i++) {
        memcpy(p, k->nodes.at[i].p, k->nodes.at[i].n);
        p += k->nodes.at[i].n;
        *p++ = i + 1 < k->nodes.n ? ',' : 0;
    }
    return 0;
}

/* "_" is left out: Kafka takes "a.b" and "a_b" for one name in its metrics. */
static int check_prefix(const struct site_kafka *k, struct err *reterr)
{
    bool ok = k->prefix.n <= PREFIX_MAX && (!k->prefix.n || k->prefix.p[0] != '.');
    for (size_t i = 0; ok && i < k->prefix.n; i++) {
        char c = k->prefix.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-';
    }
    return ok ? 0
              : yaml_err(yaml_at(k->node, "prefix"), reterr,
                         "prefix: up to %d of a-z, A-Z, 0-9, \".\" and \"-\", and no dot in front",
                         PREFIX_MAX);
}

static int check_replicas(const struct site_kafka *k, struct err *reterr)
{
    if (k->min_insync > k->replicas)
        return yaml_err(
            yaml_at(k->node, yaml_get(k->node, "min_insync") ? "min_insync" : "replicas"), reterr,
            "min_insync: %lld of %lld replicas cannot be in sync", (long long)k->min_insync,
            (long long)k->replicas);
    if (k->min_insync < 2 && !k->allow_unsafe)
        return yaml_err(yaml_at(k->node, "min_insync"), reterr,
                        "min_insync: with one copy a broken disk loses what was acknowledged; "
                        "must be 2 or more, unless allow_unsafe: true says that this is meant");
    return 0;
}

bool site_kafka_is_plain(const struct site_kafka *k)
{
    for (unsigned i = 0; i < k->nproperties; i++)
        if (slice_eq_str(k->properties[i].name, "security.protocol"))
            return !slice_eq_str(k->properties[i].value, "ssl") &&
                   !slice_eq_str(k->properties[i].value, "sasl_ssl");
    return !k->tls;
}

static int check_plain(const struct site_kafka *k, struct err *reterr)
{
    if (k->plaintext && !site_kafka_is_plain(k))
        return yaml_err(yaml_at(k->node, "plaintext"), reterr,
                        "plaintext: there is tls; leave one of them out");
    for (unsigned i = 0; i < k->nodes.n && !k->plaintext && site_kafka_is_plain(k); i++)
        if (!is_loopback(k->nodes.at[i]))
            return yaml_err(yaml_at(k->node, "nodes"), reterr,
                            "nodes: %.*s is another machine and there is no tls: whoever listens "
                            "on the way reads patient data; give \"tls\", or plaintext: true if "
                            "that is meant",
                            SLICE_ARG(k->nodes.at[i]));
    return 0;
}

/* What a user's own section leaves out comes from `sasl` and `tls`: both or none of a pair. */
static int merge_user(struct site *s, struct site_kafka_user *u, const struct yaml *at,
                      const struct sasl_rows *sasl, const struct tls_rows *tls, struct err *reterr)
{
    if (!slice_present(u->username)) {
        if (u->password_node)
            return yaml_err(u->password_node, reterr, "password: of which username?");
        u->username = sasl->username;
        u->password_node = sasl->password;
    }
    if (!slice_present(u->cert_file)) {
        if (slice_present(u->key_file) || u->key_password_node)
            return yaml_err(at, reterr, "key_file: of which cert_file?");
        u->cert_file = tls->cert_file;
        u->key_file = tls->key_file;
        u->key_password_node = tls->key_password;
    }
    if (slice_present(u->cert_file) != slice_present(u->key_file))
        return yaml_err(at, reterr,
                        "cert_file: a certificate needs its key_file, and a key its "
                        "certificate");
    if (site_absolute(s, &u->cert_file, reterr) < 0 || site_absolute(s, &u->key_file, reterr) < 0)
        return -1;
    if (!slice_present(u->principal) && slice_present(u->username)) {
        u->principal = arena_printf(s->arena, "User:%.*s", SLICE_ARG(u->username));
        return slice_present(u->principal) ? 0 : site_no_room(s, reterr);
    }
    if (slice_present(u->principal) && !slice_starts(u->principal, SLICE("User:")))
        return yaml_err(yaml_at(at, "principal"), reterr,
                        "principal: begins with \"User:\", as in the nodes' ACLs");
    return 0;
}

static int check_user(const struct site_kafka *k, const struct site_kafka_user *u,
                      const struct yaml *at, enum site_user user, struct err *reterr)
{
    if (!slice_present(k->mechanism) && slice_present(u->username))
        return yaml_err(at, reterr, "username: of no use without \"sasl: {mechanism: …}\"");
    if (!k->tls && slice_present(u->cert_file))
        return yaml_err(at, reterr, "cert_file: of no use without \"tls\"");
    if (slice_present(k->mechanism) && (!slice_present(u->username) || !u->password_node))
        return yaml_err(at, reterr, "sasl: %s has no username and password, here or under users",
                        user_names[user]);
    return 0;
}

static int read_users(struct site *s, struct kafka_nodes *n, const struct sasl_rows *sasl,
                      const struct tls_rows *tls, struct err *reterr)
{
    struct conf_option rows[SITE_USERS];
    const struct yaml *own[SITE_USERS] = {0};
    for (unsigned i = 0; i < SITE_USERS; i++)
        rows[i] = (struct conf_option){.name = user_names[i],
                                       .type = CONF_NODE,
                                       .offset = i * sizeof(own[0]),
                                       .help = "a user"};
    if (conf_read(n->users, rows, SITE_USERS, s->arena, own, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < SITE_USERS; i++) {
        struct site_kafka_user *u = &n->k.users[i];
        const struct yaml *at = own[i] ? own[i] : n->sasl ? n->sasl : n->k.node;
        if (conf_read(own[i], user_options, USER_OPTIONS, s->arena, u, reterr) < 0 ||
            merge_user(s, u, at, sasl, tls, reterr) < 0 ||
            check_user(&n->k, u, at, (enum site_user)i, reterr) < 0)
            return -1;
    }
    return 0;
}

/* Settings that have a name of their own here: said twice, one of them would do nothing. */
static const char *own_option(const struct kafka_nodes *n, struct slice name)
{
    static const char *const always[][2] = {
        {"bootstrap.servers", "nodes"},    {"metadata.broker.list", "nodes"},
        {"transactional.id", "prefix"},    {"group.id", "prefix"},
        {"group.instance.id", "instance"}, {"message.max.bytes", "stream.record_max"},
    };
    for (unsigned i = 0; i < sizeof(always) / sizeof(*always); i++)
        if (slice_eq_str(name, always[i][0]))
            return always[i][1];
    if (n->sasl && (slice_starts(name, SLICE("sasl.mechanism")) ||
                    slice_eq_str(name, "sasl.username") || slice_eq_str(name, "sasl.password")))
        return "sasl";
    if (n->tls &&
        (slice_eq_str(name, "ssl.ca.location") || slice_starts(name, SLICE("ssl.certificate.")) ||
         slice_starts(name, SLICE("ssl.key."))))
        return "tls";
    return (n->sasl || n->tls) && slice_eq_str(name, "security.protocol") ? "sasl and tls" : NULL;
}

static bool is_secret(struct slice name)
{
    return slice_ends(name, SLICE("password")) || slice_ends(name, SLICE("secret")) ||
           slice_ends(name, SLICE("key.pem"));
}

static int read_property(struct kafka_nodes *n, const struct yaml *at, struct err *reterr)
{
    struct site_property *p = &n->k.properties[n->k.nproperties++];
    const char *own = own_option(n, at->name);
    if (own)
        return site_name_err(at, reterr, "\"%s\" is said by the option %s", at->name.p, own);
    if (at->kind != YAML_SCALAR)
        return yaml_err(at, reterr, "%s: must be one value", at->name.p);
    *p = (struct site_property){.name = at->name, .node = at};
    if (!is_secret(at->name))
        p->value = slice_present(at->text) ? at->text : SLICE("");
    else if (!slice_starts(at->text, SLICE("file:")) && !slice_starts(at->text, SLICE("env:")))
        return yaml_err(at, reterr,
                        "%s: a secret is never written here; name it as file:PATH or env:VARIABLE",
                        at->name.p);
    return 0;
}

static int read_properties(struct site *s, struct kafka_nodes *n, struct err *reterr)
{
    if (n->properties && n->properties->kind != YAML_MAP)
        return yaml_err(n->properties, reterr, "properties: must be a map of names to values");
    unsigned count = n->properties ? n->properties->count : 0;
    n->k.properties = arena_zalloc(s->arena, count + 1, sizeof(*n->k.properties));
    if (!n->k.properties)
        return site_no_room(s, reterr);
    for (const struct yaml *c = count ? n->properties->child : NULL; c; c = c->next)
        if (read_property(n, c, reterr) < 0)
            return -1;
    return 0;
}

int site_read_kafka(struct site *s, const struct yaml *node, struct site_kafka *ret,
                    struct err *reterr)
{
    struct kafka_nodes n = {.k = {.node = node}};
    struct sasl_rows sasl = {0};
    struct tls_rows tls = {0};
    if (conf_read(node, kafka_options, KAFKA_OPTIONS, s->arena, &n, reterr) < 0)
        return -1;
    n.k.tls = n.tls != NULL || yaml_get(node, "tls") != NULL;
    if ((n.sasl && conf_read(n.sasl, sasl_options, SASL_OPTIONS, s->arena, &sasl, reterr) < 0) ||
        conf_read(n.tls, tls_options, TLS_OPTIONS, s->arena, &tls, reterr) < 0 ||
        site_absolute(s, &tls.ca_file, reterr) < 0)
        return -1;
    n.k.mechanism = sasl.mechanism;
    n.k.ca_file = tls.ca_file;
    if (check_nodes(s, &n.k, reterr) < 0 || check_prefix(&n.k, reterr) < 0 ||
        check_replicas(&n.k, reterr) < 0 || read_users(s, &n, &sasl, &tls, reterr) < 0 ||
        read_properties(s, &n, reterr) < 0 || check_plain(&n.k, reterr) < 0)
        return -1;
    *ret = n.k;
    return 0;
}

static int read_secret(struct site *s, const struct yaml *at, struct slice *ret, struct err *reterr)
{
    return at ? conf_secret(at, s->arena, ret, reterr) : 0;
}

int site_kafka_secrets(struct site *s, struct site_kafka *k, unsigned users, struct err *reterr)
{
    for (unsigned i = 0; i < SITE_USERS; i++) {
        struct site_kafka_user *u = &k->users[i];
        if (users & (1u << i) &&
            (read_secret(s, u->password_node, &u->password, reterr) < 0 ||
             read_secret(s, u->key_password_node, &u->key_password, reterr) < 0))
            return -1;
    }
    for (unsigned i = 0; users && i < k->nproperties; i++)
        if (is_secret(k->properties[i].name) &&
            conf_secret(k->properties[i].node, s->arena, &k->properties[i].value, reterr) < 0)
            return -1;
    return 0;
}

void site_print_kafka(struct buf *out)
{
    buf_puts(out, "\n### stream: kafka\n\nFor kind kafka. Locks, control sockets and "
                  "generated keys stay in the data directory.\n\n");
    conf_print_options(kafka_options, KAFKA_OPTIONS, out);
    buf_puts(out, "\n### stream: kafka: sasl\n\n");
    conf_print_options(sasl_options, SASL_OPTIONS, out);
    buf_puts(out, "\n### stream: kafka: tls\n\n");
    conf_print_options(tls_options, TLS_OPTIONS, out);
    buf_puts(out, "\n### stream: kafka: users: `adapter`, `broker`, `operator`, `admin`\n\n"
                  "Each knows its own secrets only. What is not given here comes from `sasl` and "
                  "`tls`.\n\n");
    conf_print_options(user_options, USER_OPTIONS, out);
}
