#include "proc_stream.h"

#include "log.h"

int proc_stream_check(const struct site *site, struct err *reterr)
{
    const struct yaml *at = yaml_get(yaml_get(site->root, "stream"), "kind");
    const char *const *names = stream_engines();
    unsigned n = 0;
    if (stream_engine_keeps(site->stream.kind.p))
        return 0;
    while (names[n])
        n++;
    const char *near = yaml_nearest(site->stream.kind, names, n);
    return yaml_err(at, reterr,
                    "kind: \"%s\" is no stream that keeps what it takes; did you mean \"%s\"?",
                    site->stream.kind.p, near && stream_engine_keeps(near) ? near : "embedded");
}

/* For good: the ordering keys of people, what is paused, and the audit chain, which has to begin at
 * its first record. What waits for somebody goes by age, and the broker appends it again at half of
 * it; the ids by which repeats are known go when they are read no more (journey.c). */
static const struct stream_keep *keep_of(const struct site *site, unsigned *ret_n)
{
    uint64_t retain = (uint64_t)site->stream.retain;
    const struct stream_keep keep[] = {{SLICE("flow.state"), 0},
                                       {SLICE("flow.audit"), 0},
                                       {SLICE("flow.control"), 0},
                                       {SLICE("flow.parked"), retain},
                                       {SLICE("flow.ids"), 2 * (uint64_t)site->journey.window}};
    struct stream_keep *copy = arena_alloc(site->arena, sizeof(keep));
    if (copy)
        memcpy(copy, keep, sizeof(keep));
    *ret_n = sizeof(keep) / sizeof(keep[0]);
    return copy;
}

/* Properties of librdkafka while they are gathered; the array is large enough. */
struct properties {
    struct stream_property *at;
    unsigned n;
};

static void add(struct properties *p, const char *name, struct slice value)
{
    if (slice_present(value))
        p->at[p->n++] = (struct stream_property){slice_str(name), value};
}

static bool says(const struct site_kafka *k, const char *name)
{
    for (unsigned i = 0; i < k->nproperties; i++)
        if (slice_eq_str(k->properties[i].name, name))
            return true;
    return false;
}

static struct slice protocol(const struct site_kafka *k)
{
    bool sasl = slice_present(k->mechanism);
    if (says(k, "security.protocol"))
        return SLICE_ABSENT;
    if (k->tls)
        return sasl ? SLICE("sasl_ssl") : SLICE("ssl");
    return sasl ? SLICE("sasl_plaintext") : SLICE("plaintext");
}

static void gather(const struct site_kafka *k, const struct site_kafka_user *u, struct slice client,
                   struct slice member, struct properties *p)
{
    if (!says(k, "client.id"))
        add(p, "client.id", client);
    add(p, "security.protocol", protocol(k));
    add(p, "sasl.mechanism", k->mechanism);
    add(p, "sasl.username", u->username);
    add(p, "sasl.password", u->password);
    add(p, "ssl.ca.location", k->ca_file);
    add(p, "ssl.certificate.location", u->cert_file);
    add(p, "ssl.key.location", u->key_file);
    add(p, "ssl.key.password", u->key_password);
    add(p, "group.instance.id", member);
    for (unsigned i = 0; i < k->nproperties; i++)
        if (slice_present(k->properties[i].value))
            p->at[p->n++] = (struct stream_property){k->properties[i].name, k->properties[i].value};
}

static int add_kafka(const struct site *site, const struct site_kafka *k, enum site_user user,
                     const char *name, struct stream_options *ret, struct err *reterr)
{
    enum { OWN = 16 };
    struct properties p = {arena_zalloc(site->arena, k->nproperties + OWN, sizeof(*p.at)), 0};
    struct slice client = arena_printf(site->arena, "weir-%s", name);
    struct slice member = slice_present(k->instance)
                              ? arena_printf(site->arena, "%.*s.%s", SLICE_ARG(k->instance), name)
                              : SLICE_ABSENT;
    if (!p.at || !slice_present(client) || (slice_present(k->instance) && !slice_present(member)))
        return err_set(reterr, ERR_LIMIT, "%s: more than fits the memory set aside for a config",
                       site->file);
    gather(k, &k->users[user], client, member, &p);
    ret->dir = k->nodes_text;
    ret->prefix = k->prefix;
    ret->properties = p.at;
    ret->nproperties = p.n;
    ret->allow_unsafe = k->allow_unsafe;
    ret->append_timeout_ms = (uint32_t)k->append_timeout;
    return 0;
}

int proc_stream_options(const struct site *site, enum site_user user, const char *name,
                        struct stream_options *ret, struct err *reterr)
{
    struct stream_options o;
    stream_options_default(&o);
    o.kind = site->stream.kind;
    o.dir = site->data;
    o.record_max = site->stream.record_max;
    o.queue_records = (uint32_t)site->stream.queue_records;
    o.queue_bytes = site->stream.queue_bytes;
    o.retain_ms = (uint64_t)site->stream.retain;
    o.retain_bytes = site->stream.retain_bytes;
    o.disk_mark_bytes = site->stream.disk_mark;
    o.keep = keep_of(site, &o.nkeep);
    o.unsafe_no_sync = site->stream.unsafe_no_sync;
    if (!o.keep)
        return err_set(reterr, ERR_LIMIT, "%s: more than fits the memory set aside for a config",
                       site->file);
    if (site->stream.kafka.node && add_kafka(site, &site->stream.kafka, user, name, &o, reterr) < 0)
        return -1;
    *ret = o;
    return 0;
}

int proc_stream_relay(const struct site *site, enum site_user user, const char *name,
                      struct stream_options *ret, struct err *reterr)
{
    struct stream_options o;
    stream_options_default(&o);
    o.kind = SLICE("kafka");
    o.record_max = site->relay.record_max;
    o.queue_records = (uint32_t)site->stream.queue_records;
    o.queue_bytes = site->stream.queue_bytes;
    o.writer = slice_str(name);
    if (add_kafka(site, &site->relay.kafka, user, name, &o, reterr) < 0)
        return -1;
    *ret = o;
    return 0;
}

static void warn_nodes(const struct site_kafka *k, const char *section)
{
    if (k->allow_unsafe)
        log_line(LOG_WARN, "stream.unsafe",
                 "option=%s.kafka.allow_unsafe what=\"where one copy is enough, a broken disk "
                 "loses what was acknowledged\"",
                 section);
    if (k->plaintext)
        log_line(LOG_WARN, "stream.unsafe",
                 "option=%s.kafka.plaintext what=\"patient data can be read on the way\"", section);
}

void proc_stream_warn(const struct site *site)
{
    if (site->stream.unsafe_no_sync)
        log_line(LOG_WARN, "stream.unsafe",
                 "option=stream.unsafe_no_sync what=\"a power cut loses what was acknowledged\"");
    warn_nodes(&site->stream.kafka, "stream");
    warn_nodes(&site->relay.kafka, "relay");
}
