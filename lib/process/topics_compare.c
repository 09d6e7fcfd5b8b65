#include "topics_compare.h"

#include "num.h"

/* The list while it grows; large enough for one difference each (count_most). */
struct list {
    struct topics_difference *at;
    unsigned n;
    struct arena *arena;
};

static struct topics_difference *add(struct list *l, struct slice subject, struct slice what,
                                     struct slice is, struct slice should)
{
    l->at[l->n] = (struct topics_difference){
        .subject = subject, .what = what, .is = is, .should = should, .mend = TOPICS_ELSE};
    return &l->at[l->n++];
}

int topics_find(struct stream_admin *a, const struct topics_plan *p, struct arena *arena,
                struct topics_found *ret, struct err *reterr)
{
    struct topics_found f = {.topics = arena_zalloc(arena, p->ntopics + 1, sizeof(*f.topics))};
    if (!f.topics)
        return err_set(reterr, ERR_LIMIT, "more topics than fit the memory set aside");
    for (unsigned i = 0; i < p->ntopics; i++)
        f.topics[i].name = p->topics[i].name;
    if (stream_admin_describe(a, f.topics, p->ntopics, arena, reterr) < 0)
        return -1;
    if (p->nacls && stream_admin_acls(a, arena, &f.acls, &f.nacls, &f.acls_off, reterr) < 0)
        return -1;
    *ret = f;
    return 0;
}

struct slice topics_setting(const struct stream_topic *t, const char *name)
{
    for (unsigned i = 0; i < t->nsettings; i++)
        if (slice_eq_str(t->settings[i].name, name))
            return t->settings[i].value;
    return SLICE_ABSENT;
}

static bool read_number(struct slice text, int64_t *ret)
{
    return slice_present(text) && num_i64(text, ret);
}

/* Retention that is shortened deletes what is past it at once; -1 is for good. */
static bool shortens(const struct stream_setting *should, struct slice is)
{
    int64_t now, then;
    if (!slice_eq_str(should->name, "retention.ms") &&
        !slice_eq_str(should->name, "retention.bytes"))
        return false;
    return read_number(is, &now) && read_number(should->value, &then) && then >= 0 &&
           (now < 0 || then < now);
}

/* More than is needed is fine of the size of a message only. */
static bool fits(const struct stream_setting *should, struct slice is)
{
    int64_t now, then;
    if (slice_eq(should->value, is))
        return true;
    return slice_eq_str(should->name, "max.message.bytes") && read_number(is, &now) &&
           read_number(should->value, &then) && now >= then;
}

static void compare_settings(struct list *l, struct slice name, unsigned at,
                             const struct stream_topic *should, const struct stream_topic *is)
{
    for (unsigned i = 0; i < should->nsettings; i++) {
        const struct stream_setting *s = &should->settings[i];
        struct slice now = topics_setting(is, s->name.p);
        if (fits(s, now))
            continue;
        struct topics_difference *d =
            add(l, name, s->name, slice_present(now) ? now : SLICE("not told"), s->value);
        d->mend = TOPICS_SET;
        d->at = at;
        if (shortens(s, now)) {
            d->mend = TOPICS_ELSE;
            d->why = SLICE("it would delete records");
        }
    }
}

static struct slice count(struct list *l, unsigned n)
{
    return arena_printf(l->arena, "%u", n);
}

static void compare_topic(struct list *l, const struct stream_admin *a, const struct topics_plan *p,
                          unsigned at, const struct stream_topic *is)
{
    const struct stream_topic *should = &p->topics[at];
    struct slice name = stream_admin_name(a, should->name, l->arena);
    unsigned least = (unsigned)p->site->stream.kafka.min_insync;
    if (!is->exists) {
        struct topics_difference *d =
            add(l, name, SLICE("topic"), SLICE("missing"),
                arena_printf(l->arena, "there, with %u partitions and %u replicas",
                             should->partitions, should->replicas));
        d->mend = TOPICS_MAKE;
        d->at = at;
        return;
    }
    if (is->partitions != should->partitions)
        add(l, name, SLICE("partitions"), count(l, is->partitions), count(l, should->partitions))
            ->why = SLICE("it would send a patient's later events to another partition");
    if (is->replicas != should->replicas)
        add(l, name, SLICE("replicas"), count(l, is->replicas), count(l, should->replicas))->why =
            SLICE("it moves data between nodes: kafka-reassign-partitions.sh");
    else if (is->in_sync < least)
        add(l, name, SLICE("replicas in sync"), count(l, is->in_sync),
            arena_printf(l->arena, "%u or more", least))
            ->why = SLICE("a node is away or behind");
    compare_settings(l, name, at, should, is);
}

/* ---- rights ---- */

static bool names(const struct stream_acl *have, struct slice name, bool prefixed)
{
    if (have->prefixed)
        return slice_starts(name, have->name);
    return slice_eq_str(have->name, "*") || (!prefixed && slice_eq(have->name, name));
}

static bool about(const struct stream_acl *have, const struct stream_acl *need)
{
    bool resource =
        have->resource == need->resource ||
        (have->resource == STREAM_ACL_OTHER && need->resource == STREAM_ACL_TRANSACTIONAL);
    return resource && names(have, need->name, need->prefixed) &&
           (slice_eq(have->principal, need->principal) || slice_eq_str(have->principal, "User:*"));
}

/* Kafka: who may read or write may see (Describe). */
static bool gives(enum stream_act have, enum stream_act need)
{
    return have == need || have == STREAM_ACL_ALL ||
           (need == STREAM_ACL_DESCRIBE && (have == STREAM_ACL_READ || have == STREAM_ACL_WRITE));
}

bool topics_allowed(const struct stream_acl *need, const struct stream_acl *all, unsigned n)
{
    bool allowed = false;
    for (unsigned i = 0; i < n; i++) {
        if (!about(&all[i], need))
            continue;
        if (all[i].deny && (all[i].act == need->act || all[i].act == STREAM_ACL_ALL))
            return false;
        if (!all[i].deny && slice_eq_str(all[i].host, "*") && gives(all[i].act, need->act))
            allowed = true;
    }
    return allowed;
}

static struct slice right(struct list *l, const struct stream_acl *acl)
{
    return arena_printf(l->arena, "%.*s may %s", SLICE_ARG(acl->principal),
                        stream_act_name(acl->act));
}

static struct slice subject(struct list *l, const struct stream_acl *acl)
{
    if (acl->resource == STREAM_ACL_TOPIC && !acl->prefixed)
        return acl->name;
    return arena_printf(l->arena, "%s %.*s%s", stream_resource_name(acl->resource),
                        SLICE_ARG(acl->name), acl->prefixed ? "*" : "");
}

static bool denied(const struct stream_acl *need, const struct stream_acl *all, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if (all[i].deny && about(&all[i], need) &&
            (all[i].act == need->act || all[i].act == STREAM_ACL_ALL))
            return true;
    return false;
}

/* What the client library cannot ask for, Kafka's own tool can. */
static struct slice command(struct list *l, const struct stream_acl *need)
{
    return arena_printf(l->arena,
                        "this librdkafka cannot give it; kafka-acls.sh --add --allow-principal "
                        "%.*s --operation %s --transactional-id %.*s",
                        SLICE_ARG(need->principal), stream_act_name(need->act),
                        SLICE_ARG(need->name));
}

static void compare_needed(struct list *l, const struct topics_plan *p,
                           const struct topics_found *is)
{
    for (unsigned i = 0; i < p->nacls; i++) {
        const struct stream_acl *need = &p->acls[i];
        if (topics_allowed(need, is->acls, is->nacls))
            continue;
        struct topics_difference *d =
            add(l, subject(l, need), right(l, need), SLICE("no"), SLICE("yes"));
        d->mend = TOPICS_ALLOW;
        d->at = i;
        if (denied(need, is->acls, is->nacls)) {
            d->mend = TOPICS_ELSE;
            d->why = SLICE("an ACL denies it");
        } else if (!stream_admin_knows(need->resource)) {
            d->mend = TOPICS_ELSE;
            d->why = command(l, need);
        }
    }
}

/* Who looks after the nodes, copies or backs them up. */
static bool trusted(const struct topics_plan *p, struct slice principal, struct arena *arena)
{
    const struct site_kafka *k = &p->site->stream.kafka;
    if (slice_eq(principal, k->users[SITE_USER_ADMIN].principal))
        return true;
    for (unsigned i = 0; i < k->trusted.n; i++)
        if (slice_eq(principal, topics_principal(k->trusted.at[i], arena)))
            return true;
    return false;
}

static bool planned(const struct topics_plan *p, const struct stream_acl *have, struct slice topic)
{
    for (unsigned i = 0; i < p->nacls; i++)
        if (p->acls[i].resource == STREAM_ACL_TOPIC && p->acls[i].act == have->act &&
            slice_eq(p->acls[i].principal, have->principal) && slice_eq(p->acls[i].name, topic))
            return true;
    return false;
}

/* Rights to see that there is a topic give nothing away. */
static bool harmless(const struct stream_acl *have)
{
    return have->deny || have->resource != STREAM_ACL_TOPIC ||
           (have->act != STREAM_ACL_READ && have->act != STREAM_ACL_WRITE &&
            have->act != STREAM_ACL_CHANGE && have->act != STREAM_ACL_ALL);
}

static void compare_others(struct list *l, const struct stream_admin *a,
                           const struct topics_plan *p, const struct topics_found *is)
{
    for (unsigned i = 0; i < is->nacls; i++) {
        const struct stream_acl *have = &is->acls[i];
        if (harmless(have) || trusted(p, have->principal, l->arena))
            continue;
        for (unsigned k = 0; k < p->ntopics; k++) {
            struct slice topic = stream_admin_name(a, p->topics[k].name, l->arena);
            if (!names(have, topic, false) || planned(p, have, topic))
                continue;
            add(l, topic, right(l, have), SLICE("yes"), SLICE("no"))->why =
                SLICE("whose right it is, weir does not know: kafka-acls.sh --remove, or "
                      "stream.kafka.trusted");
            break;
        }
    }
}

static void compare_rights(struct list *l, const struct stream_admin *a,
                           const struct topics_plan *p, const struct topics_found *is)
{
    if (p->nacls && is->acls_off) {
        add(l, SLICE("nodes"), SLICE("authorizer"), SLICE("none"),
            SLICE("one: whoever reaches the nodes reads and writes every topic"))
            ->why = SLICE("it is the nodes' own setting authorizer.class.name");
        return;
    }
    compare_needed(l, p, is);
    if (p->nacls)
        compare_others(l, a, p, is);
}

/* Partitions, replicas and each setting of a topic; each right, wanted or not; the authorizer. */
static unsigned count_most(const struct topics_plan *p, const struct topics_found *is)
{
    return p->ntopics * (TOPICS_SETTINGS + 2) + p->nacls + is->nacls + 1;
}

int topics_compare(const struct stream_admin *a, const struct topics_plan *p,
                   const struct topics_found *is, struct arena *arena,
                   struct topics_difference **ret, unsigned *ret_n, struct err *reterr)
{
    struct list l = {.arena = arena};
    l.at = arena_zalloc(arena, count_most(p, is), sizeof(*l.at));
    for (unsigned i = 0; l.at && i < p->ntopics; i++)
        compare_topic(&l, a, p, i, &is->topics[i]);
    if (l.at)
        compare_rights(&l, a, p, is);
    if (!l.at || arena->overflow)
        return err_set(reterr, ERR_LIMIT, "more differences than fit the memory set aside");
    *ret = l.at;
    *ret_n = l.n;
    return 0;
}
