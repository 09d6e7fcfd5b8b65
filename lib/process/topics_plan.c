#include "topics_plan.h"

#include <inttypes.h>

enum keeping {
    AGED, /* stream.retain */
    IDS,  /* two windows of repeats: as far as a start reads */
    FOR_GOOD,
    COMPACT, /* the newest of each key, for good */
};

enum rights {
    READ = 1,
    WRITE = 2,
    BOTH = READ | WRITE,
};

/* design: who may write what. Empty values of flow.control would be deletions in a compacted topic.
 */
static const struct row {
    const char *name;
    bool one; /* partition: read whole by one, or in one order */
    enum keeping keeping;
    unsigned rights[SITE_USER_ADMIN];
} rows[] = {
    {"flow.messages", false, AGED, {BOTH, 0, READ}},
    {"flow.reported", false, AGED, {BOTH, READ, READ}},
    {"flow.rejected", false, AGED, {BOTH, 0, READ}},
    {"flow.events", false, AGED, {0, BOTH, READ}},
    {"flow.parked", false, AGED, {0, BOTH, READ}},
    {"flow.state", true, COMPACT, {0, BOTH, READ}},
    {"flow.ids", true, IDS, {0, BOTH, READ}},
    {"flow.control", true, FOR_GOOD, {BOTH, BOTH, READ}},
    {"flow.audit", true, FOR_GOOD, {BOTH, BOTH, BOTH}},
    {"flow.lead", true, AGED, {0, READ, 0}},
};
static const struct row route_row = {"flow.route.", false, AGED, {0, BOTH, READ}};

enum {
    ROWS = sizeof(rows) / sizeof(rows[0]),
    /* of a topic and a user: read, write, configs */
    TOPIC_ACLS = 3,
    /* of a user: idempotent write, groups, transactional id */
    USER_ACLS = 8,
    NUMBER = 24,
};

static int no_room(const struct site *s, struct err *reterr)
{
    return err_set(reterr, ERR_LIMIT, "%s: more than fits the memory set aside", s->file);
}

static struct slice number(struct arena *arena, int64_t n)
{
    return arena_printf(arena, "%" PRId64, n);
}

static struct slice retention(const struct site *s, enum keeping k, struct arena *arena)
{
    int64_t ms = k == AGED ? s->stream.retain : k == IDS ? 2 * s->journey.window : 0;
    return ms ? number(arena, ms) : SLICE("-1");
}

static void set(struct stream_topic *t, const char *name, struct slice value)
{
    t->settings[t->nsettings++] =
        (struct stream_setting){.name = slice_str(name), .value = value, .own = true};
}

static void plan_topic(struct topics_plan *p, const struct row *row, struct slice name,
                       struct arena *arena)
{
    const struct site_kafka *k = &p->site->stream.kafka;
    uint64_t bytes = row->keeping == AGED ? p->site->stream.retain_bytes : 0;
    struct stream_topic *t = &p->topics[p->ntopics];
    *t = (struct stream_topic){
        .name = name,
        .partitions = row->one ? 1 : (unsigned)k->partitions,
        .replicas = (unsigned)k->replicas,
        .settings = arena_zalloc(arena, TOPICS_SETTINGS, sizeof(*t->settings)),
    };
    if (!t->settings)
        return;
    p->ntopics++;
    set(t, "cleanup.policy", row->keeping == COMPACT ? SLICE("compact") : SLICE("delete"));
    set(t, "retention.ms", retention(p->site, row->keeping, arena));
    set(t, "retention.bytes", bytes ? number(arena, (int64_t)bytes) : SLICE("-1"));
    set(t, "min.insync.replicas", number(arena, k->min_insync));
    set(t, "unclean.leader.election.enable", SLICE("false"));
    set(t, "max.message.bytes", number(arena, (int64_t)p->message_max));
}

static struct slice route_topic(const struct site_route *r, struct arena *arena)
{
    return arena_printf(arena, "%s%.*s", route_row.name, SLICE_ARG(r->name));
}

static void plan_topics(struct topics_plan *p, struct arena *arena)
{
    for (unsigned i = 0; i < ROWS; i++)
        plan_topic(p, &rows[i], slice_str(rows[i].name), arena);
    for (unsigned i = 0; i < p->site->nroutes; i++)
        plan_topic(p, &route_row, route_topic(&p->site->routes[i], arena), arena);
}

/* ---- rights ---- */

static bool same(const struct stream_acl *a, const struct stream_acl *b)
{
    return a->resource == b->resource && a->prefixed == b->prefixed && a->act == b->act &&
           slice_eq(a->name, b->name) && slice_eq(a->principal, b->principal);
}

/* Two programs may be one user. */
static void allow(struct topics_plan *p, struct stream_acl acl)
{
    acl.host = SLICE("*");
    for (unsigned i = 0; i < p->nacls; i++)
        if (same(&p->acls[i], &acl))
            return;
    p->acls[p->nacls++] = acl;
}

static void allow_topic(struct topics_plan *p, struct slice principal, struct slice topic,
                        unsigned rights)
{
    static const enum stream_act acts[] = {STREAM_ACL_READ, STREAM_ACL_WRITE};
    for (unsigned i = 0; i < 2; i++)
        if (rights & (1u << i))
            allow(p, (struct stream_acl){.resource = STREAM_ACL_TOPIC,
                                         .name = topic,
                                         .principal = principal,
                                         .act = acts[i]});
    if (rights & WRITE) /* to see at its start whether a topic keeps the promise */
        allow(p, (struct stream_acl){.resource = STREAM_ACL_TOPIC,
                                     .name = topic,
                                     .principal = principal,
                                     .act = STREAM_ACL_DESCRIBE_CONFIGS});
}

static void allow_group(struct topics_plan *p, struct slice principal, struct slice name,
                        bool prefixed)
{
    allow(p, (struct stream_acl){.resource = STREAM_ACL_GROUP,
                                 .name = name,
                                 .prefixed = prefixed,
                                 .principal = principal,
                                 .act = STREAM_ACL_READ});
}

/* The groups of the broker: journey, who leads it, and one a consumer. */
static void allow_groups(struct topics_plan *p, const struct stream_admin *a,
                         struct slice principal, struct arena *arena)
{
    static const enum stream_act acts[] = {STREAM_ACL_WRITE, STREAM_ACL_DESCRIBE};
    allow_group(p, principal, stream_admin_name(a, SLICE("journey"), arena), false);
    allow_group(p, principal, stream_admin_name(a, SLICE("lead.journey"), arena), false);
    allow_group(p, principal, stream_admin_name(a, SLICE("deliver."), arena), true);
    for (unsigned i = 0; i < 2; i++)
        allow(p, (struct stream_acl){.resource = STREAM_ACL_TRANSACTIONAL,
                                     .name = stream_admin_name(a, SLICE("journey"), arena),
                                     .principal = principal,
                                     .act = acts[i]});
}

/* The broker gets to see messages only where a consumer is sent them as they came. */
static bool sends_originals(const struct site *s)
{
    for (unsigned i = 0; i < s->nconsumers; i++)
        if (slice_eq_str(s->consumers[i].format, "original"))
            return true;
    return false;
}

static unsigned rights_of(const struct topics_plan *p, unsigned topic, enum site_user user)
{
    const struct row *row = topic < ROWS ? &rows[topic] : &route_row;
    bool message = strcmp(row->name, "flow.messages") == 0;
    bool also = message && user == SITE_USER_BROKER && sends_originals(p->site);
    return row->rights[user] | (also ? READ : 0);
}

static void allow_user(struct topics_plan *p, const struct stream_admin *a, enum site_user user,
                       struct arena *arena)
{
    struct slice principal = p->site->stream.kafka.users[user].principal;
    if (!slice_present(principal))
        return;
    for (unsigned i = 0; i < p->ntopics; i++)
        allow_topic(p, principal, stream_admin_name(a, p->topics[i].name, arena),
                    rights_of(p, i, user));
    allow(p, (struct stream_acl){.resource = STREAM_ACL_NODES,
                                 .name = SLICE("kafka-cluster"),
                                 .principal = principal,
                                 .act = STREAM_ACL_IDEMPOTENT_WRITE});
    if (user == SITE_USER_BROKER)
        allow_groups(p, a, principal, arena);
}

struct slice topics_principal(struct slice reader, struct arena *arena)
{
    return slice_starts(reader, SLICE("User:"))
               ? reader
               : arena_printf(arena, "User:%.*s", SLICE_ARG(reader));
}

struct slice topics_groups_of(struct slice principal, struct arena *arena)
{
    struct slice name = slice_sub(principal, strlen("User:"), principal.n);
    if (slice_starts(name, SLICE("CN=")))
        name = slice_sub(name, 3, slice_find(name, ','));
    return arena_printf(arena, "%.*s.", SLICE_ARG(name));
}

static void allow_readers(struct topics_plan *p, const struct stream_admin *a,
                          const struct site_route *r, struct arena *arena)
{
    struct slice topic = stream_admin_name(a, route_topic(r, arena), arena);
    for (unsigned i = 0; i < r->readers.n; i++) {
        struct slice principal = topics_principal(r->readers.at[i], arena);
        allow_topic(p, principal, topic, READ);
        allow_group(p, principal, topics_groups_of(principal, arena), true);
    }
}

static unsigned count_acls(const struct topics_plan *p)
{
    unsigned n = SITE_USER_ADMIN * (p->ntopics * TOPIC_ACLS + USER_ACLS);
    for (unsigned i = 0; i < p->site->nroutes; i++)
        n += 2 * p->site->routes[i].readers.n;
    return n;
}

int topics_plan(const struct site *site, const struct stream_admin *a, struct arena *arena,
                struct topics_plan *ret, struct err *reterr)
{
    struct topics_plan p = {.site = site,
                            .message_max = stream_admin_message_max(site->stream.record_max)};
    p.topics = arena_zalloc(arena, ROWS + site->nroutes, sizeof(*p.topics));
    if (p.topics)
        plan_topics(&p, arena);
    p.acls = arena_zalloc(arena, count_acls(&p) + 1, sizeof(*p.acls));
    if (!p.topics || !p.acls || arena->overflow)
        return no_room(site, reterr);
    for (unsigned i = 0; i < SITE_USER_ADMIN; i++)
        allow_user(&p, a, (enum site_user)i, arena);
    for (unsigned i = 0; i < site->nroutes; i++)
        allow_readers(&p, a, &site->routes[i], arena);
    if (arena->overflow)
        return no_room(site, reterr);
    *ret = p;
    return 0;
}

int topics_written(const struct site *site, enum site_user user, struct arena *arena,
                   struct stream_topic **ret, unsigned *ret_n, struct err *reterr)
{
    struct stream_topic *t = arena_zalloc(arena, ROWS + site->nroutes, sizeof(*t));
    unsigned n = 0;
    if (!t)
        return no_room(site, reterr);
    for (unsigned i = 0; i < ROWS; i++)
        if (rows[i].rights[user] & WRITE)
            t[n++].name = slice_str(rows[i].name);
    for (unsigned i = 0; i < site->nroutes && route_row.rights[user] & WRITE; i++)
        t[n++].name = route_topic(&site->routes[i], arena);
    if (arena->overflow)
        return no_room(site, reterr);
    *ret = t;
    *ret_n = n;
    return 0;
}
