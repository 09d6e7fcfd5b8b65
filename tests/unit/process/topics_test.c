#include "kit.h"
#include "proc_stream.h"
#include "process_suites.h"
#include "topics_compare.h"

#include <stdio.h>
#include <stdlib.h>

#define KAFKA(rest)                                                                                \
    "keys: {pseudonym: env:WEIR_TEST_A, audit: env:WEIR_TEST_A}\n"                                 \
    "stream: {kind: kafka, kafka: {nodes: 'localhost:1', prefix: n." rest "}}\n"
#define USERS                                                                                      \
    ", sasl: {mechanism: PLAIN, username: all, password: env:WEIR_TEST_A}"                         \
    ", users: {adapter: {username: ad, password: env:WEIR_TEST_A},"                                \
    " broker: {username: br, password: env:WEIR_TEST_A},"                                          \
    " operator: {username: op, password: env:WEIR_TEST_A}}"

enum { MEMORY = 64 << 20 };

struct bed {
    struct site *site;
    struct stream_admin *admin;
    struct arena arena;
    struct topics_plan plan;
    struct topics_found found;
    struct topics_difference *differences;
    unsigned n;
};

static struct site *read_site(const char *text)
{
    struct site *s;
    struct err e;
    setenv("WEIR_TEST_A", "0123456789012345678901234567890123456789", 1);
    ck_assert_msg(site_read(slice_str(text), "t.yaml", SITE_ADAPTER, &s, &e) == 0, "%s", e.text);
    return s;
}

/* What is found is what is planned; a test changes it. */
static void bed_open(struct bed *b, const char *text)
{
    struct stream_options so;
    struct err e;
    *b = (struct bed){.site = read_site(text)};
    arena_init(&b->arena, MEMORY);
    ck_assert_int_eq(proc_stream_options(b->site, SITE_USER_ADAPTER, "t", &so, &e), 0);
    ck_assert_msg(stream_admin_open(&so, 100, &b->admin, &e) == 0, "%s", e.text);
    ck_assert_msg(topics_plan(b->site, b->admin, &b->arena, &b->plan, &e) == 0, "%s", e.text);
    b->found.topics = arena_zalloc(&b->arena, b->plan.ntopics, sizeof(*b->found.topics));
    for (unsigned i = 0; i < b->plan.ntopics; i++) {
        struct stream_topic *t = &b->found.topics[i];
        *t = b->plan.topics[i];
        t->exists = true;
        t->in_sync = t->replicas;
        t->settings = arena_zalloc(&b->arena, t->nsettings, sizeof(*t->settings));
        memcpy(t->settings, b->plan.topics[i].settings, t->nsettings * sizeof(*t->settings));
    }
    b->found.acls = arena_zalloc(&b->arena, b->plan.nacls + 8, sizeof(*b->found.acls));
    memcpy(b->found.acls, b->plan.acls, b->plan.nacls * sizeof(*b->found.acls));
    b->found.nacls = b->plan.nacls;
}

static void bed_close(struct bed *b)
{
    stream_admin_close(b->admin);
    arena_fini(&b->arena);
    site_close(b->site);
}

static unsigned differ(struct bed *b)
{
    struct err e;
    ck_assert_int_eq(
        topics_compare(b->admin, &b->plan, &b->found, &b->arena, &b->differences, &b->n, &e), 0);
    return b->n;
}

static unsigned find_topic(const struct bed *b, const char *name)
{
    unsigned i = 0;
    while (i < b->plan.ntopics && !slice_eq_str(b->plan.topics[i].name, name))
        i++;
    ck_assert_msg(i < b->plan.ntopics, "%s is not planned", name);
    return i;
}

static struct stream_setting *setting(struct bed *b, const char *topic, const char *name)
{
    struct stream_topic *t = &b->found.topics[find_topic(b, topic)];
    unsigned i = 0;
    while (!slice_eq_str(t->settings[i].name, name))
        i++;
    return &t->settings[i];
}

static void assert_planned(struct bed *b, const char *topic, const char *name, const char *value)
{
    kit_assert_slice(setting(b, topic, name)->value, slice_str(value));
}

START_TEST(test_plan_of_topics)
{
    struct bed b;
    bed_open(&b, KAFKA("") "routes: {ana: {}, ward: {}}\n");
    static const char *const many[] = {"flow.messages",  "flow.reported", "flow.rejected",
                                       "flow.events",    "flow.parked",   "flow.route.ana",
                                       "flow.route.ward"};
    static const char *const one[] = {"flow.state", "flow.ids", "flow.control", "flow.audit",
                                      "flow.lead"};
    for (unsigned i = 0; i < 7; i++)
        ck_assert_uint_eq(b.plan.topics[find_topic(&b, many[i])].partitions, 12);
    for (unsigned i = 0; i < 5; i++)
        ck_assert_uint_eq(b.plan.topics[find_topic(&b, one[i])].partitions, 1);
    ck_assert_uint_eq(b.plan.ntopics, 12);
    assert_planned(&b, "flow.events", "retention.ms", "1209600000");
    assert_planned(&b, "flow.ids", "retention.ms", "518400000");
    assert_planned(&b, "flow.audit", "retention.ms", "-1");
    assert_planned(&b, "flow.state", "cleanup.policy", "compact");
    assert_planned(&b, "flow.control", "cleanup.policy", "delete");
    assert_planned(&b, "flow.parked", "min.insync.replicas", "2");
    assert_planned(&b, "flow.events", "max.message.bytes", "16781312");
    ck_assert_uint_eq(b.plan.nacls, 0); /* nobody has a name */
    ck_assert_uint_eq(differ(&b), 0);
    bed_close(&b);
}
END_TEST

START_TEST(test_settings_that_differ)
{
    static const struct {
        const char *name, *is;
        bool differs;
        enum topics_mend mend;
    } rows[] = {
        {"retention.ms", "1000", true, TOPICS_SET},
        {"retention.ms", "1209600001", true, TOPICS_ELSE}, /* shorter would delete */
        {"retention.ms", "-1", true, TOPICS_ELSE},
        {"retention.bytes", "1000", true, TOPICS_SET},
        {"min.insync.replicas", "1", true, TOPICS_SET},
        {"max.message.bytes", "1048588", true, TOPICS_SET},
        {"max.message.bytes", "99999999", false, TOPICS_SET},
        {"cleanup.policy", "compact", true, TOPICS_SET},
        {"unclean.leader.election.enable", "true", true, TOPICS_SET},
        {"retention.ms", NULL, true, TOPICS_SET},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        bed_open(&b, KAFKA(""));
        setting(&b, "flow.events", rows[i].name)->value = slice_str(rows[i].is);
        ck_assert_msg(differ(&b) == rows[i].differs, "%s %s", rows[i].name, rows[i].is);
        if (rows[i].differs) {
            const struct topics_difference *d = b.differences;
            kit_assert_slice(d->subject, SLICE("n.flow.events"));
            kit_assert_slice(d->what, slice_str(rows[i].name));
            ck_assert_int_eq(d->mend, rows[i].mend);
            ck_assert(slice_present(d->why) == (d->mend == TOPICS_ELSE));
        }
        bed_close(&b);
    }
}
END_TEST

START_TEST(test_topics_that_differ)
{
    struct bed b;
    bed_open(&b, KAFKA(""));
    b.found.topics[find_topic(&b, "flow.messages")] = (struct stream_topic){0};
    b.found.topics[find_topic(&b, "flow.reported")].partitions = 3;
    b.found.topics[find_topic(&b, "flow.rejected")].replicas = 1;
    b.found.topics[find_topic(&b, "flow.events")].in_sync = 1;
    ck_assert_uint_eq(differ(&b), 4);
    static const char *const whats[] = {"topic", "partitions", "replicas", "replicas in sync"};
    for (unsigned i = 0; i < 4; i++) {
        kit_assert_slice(b.differences[i].what, slice_str(whats[i]));
        ck_assert_int_eq(b.differences[i].mend, i ? TOPICS_ELSE : TOPICS_MAKE);
    }
    bed_close(&b);
}
END_TEST

static bool may(const struct bed *b, const char *who, const char *what, enum stream_act act)
{
    const struct stream_acl need = {.resource = STREAM_ACL_TOPIC,
                                    .name = slice_str(what),
                                    .principal = slice_str(who),
                                    .act = act};
    return topics_allowed(&need, b->plan.acls, b->plan.nacls);
}

START_TEST(test_plan_of_rights)
{
    struct bed b;
    bed_open(&b, KAFKA(USERS) "routes: {ana: {readers: [joe, 'User:CN=bi,O=x']}}\n");
    static const struct {
        const char *who, *what;
        bool reads, writes;
    } rows[] = {
        {"User:ad", "n.flow.messages", true, true},
        {"User:ad", "n.flow.reported", true, true},
        {"User:ad", "n.flow.rejected", true, true},
        {"User:ad", "n.flow.audit", true, true},
        {"User:ad", "n.flow.events", false, false},
        {"User:ad", "n.flow.route.ana", false, false},
        {"User:ad", "n.flow.state", false, false},
        {"User:ad", "n.flow.parked", false, false},
        {"User:br", "n.flow.messages", false, false},
        {"User:br", "n.flow.reported", true, false},
        {"User:br", "n.flow.events", true, true},
        {"User:br", "n.flow.route.ana", true, true},
        {"User:br", "n.flow.lead", true, false},
        {"User:op", "n.flow.events", true, false},
        {"User:op", "n.flow.audit", true, true},
        {"User:joe", "n.flow.route.ana", true, false},
        {"User:joe", "n.flow.events", false, false},
        {"User:CN=bi,O=x", "n.flow.route.ana", true, false},
        {"User:all", "n.flow.events", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(may(&b, rows[i].who, rows[i].what, STREAM_ACL_READ) == rows[i].reads, "%s %s",
                      rows[i].who, rows[i].what);
        ck_assert_msg(may(&b, rows[i].who, rows[i].what, STREAM_ACL_WRITE) == rows[i].writes,
                      "%s %s", rows[i].who, rows[i].what);
    }
    kit_assert_slice(topics_groups_of(SLICE("User:joe"), &b.arena), SLICE("joe."));
    kit_assert_slice(topics_groups_of(SLICE("User:CN=bi,O=x"), &b.arena), SLICE("bi."));
    bed_close(&b);
}
END_TEST

/* The broker reads messages only where a consumer is sent them as they came. */
START_TEST(test_rights_for_originals)
{
    struct bed b;
    bed_open(&b,
             KAFKA(USERS) "routes:\n  o: {keep: [all, data.care.legal_status], identifiers: true, "
                          "restricted: "
                          "true}\n"
                          "consumers:\n  c: {route: o, kind: mllp, format: original, mllp: {to: "
                          "'127.0.0.1:1'}}\n");
    ck_assert(may(&b, "User:br", "n.flow.messages", STREAM_ACL_READ));
    ck_assert(!may(&b, "User:br", "n.flow.messages", STREAM_ACL_WRITE));
    ck_assert(!may(&b, "User:br", "n.flow.rejected", STREAM_ACL_READ));
    bed_close(&b);
}
END_TEST

START_TEST(test_rights_that_give)
{
    const struct {
        struct stream_acl have;
        bool allowed;
    } rows[] = {
        {{.name = SLICE("n.t"), .act = STREAM_ACL_READ}, true},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_ALL}, true},
        {{.name = SLICE("*"), .act = STREAM_ACL_READ}, true},
        {{.name = SLICE("n."), .prefixed = true, .act = STREAM_ACL_READ}, true},
        {{.name = SLICE("n."), .act = STREAM_ACL_READ}, false},
        {{.name = SLICE("m."), .prefixed = true, .act = STREAM_ACL_READ}, false},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_WRITE}, false},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_READ, .host = SLICE("10.0.0.1")}, false},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_READ, .principal = SLICE("User:b")}, false},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_READ, .principal = SLICE("User:*")}, true},
        {{.name = SLICE("n.t"), .act = STREAM_ACL_READ, .resource = STREAM_ACL_GROUP}, false},
    };
    const struct stream_acl need = {
        .name = SLICE("n.t"), .principal = SLICE("User:a"), .act = STREAM_ACL_READ};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stream_acl have[2] = {rows[i].have};
        if (!have[0].host.p)
            have[0].host = SLICE("*");
        if (!have[0].principal.p)
            have[0].principal = SLICE("User:a");
        ck_assert_msg(topics_allowed(&need, have, 1) == rows[i].allowed, "row %zu", i);
        have[1] = (struct stream_acl){.name = SLICE("n."),
                                      .prefixed = true,
                                      .principal = SLICE("User:*"),
                                      .host = SLICE("*"),
                                      .act = STREAM_ACL_ALL,
                                      .deny = true};
        ck_assert(!topics_allowed(&need, have, 2));
    }
}
END_TEST

START_TEST(test_rights_that_differ)
{
    struct bed b;
    bed_open(&b, KAFKA(USERS ", trusted: [mirror]"));
    ck_assert_uint_eq(differ(&b), 0);
    b.found.nacls--; /* the operator's last */
    ck_assert_uint_eq(differ(&b), 1);
    ck_assert_int_eq(b.differences[0].mend, TOPICS_ALLOW);
    b.found.nacls++;
    struct stream_acl *more = &b.found.acls[b.found.nacls++];
    *more = (struct stream_acl){.name = SLICE("n.flow."),
                                .prefixed = true,
                                .principal = SLICE("User:mallory"),
                                .host = SLICE("*"),
                                .act = STREAM_ACL_READ};
    ck_assert_uint_eq(differ(&b), 1);
    kit_assert_slice(b.differences[0].what, SLICE("User:mallory may Read"));
    kit_assert_slice(b.differences[0].should, SLICE("no"));
    ck_assert_int_eq(b.differences[0].mend, TOPICS_ELSE);
    more->principal = SLICE("User:mirror");
    ck_assert_uint_eq(differ(&b), 0);
    more->principal = SLICE("User:ad"); /* an adapter reads no events */
    ck_assert_uint_eq(differ(&b), 1);
    more->act = STREAM_ACL_DESCRIBE;
    ck_assert_uint_eq(differ(&b), 0);
    b.found.acls_off = true;
    ck_assert_uint_eq(differ(&b), 1);
    kit_assert_slice(b.differences[0].what, SLICE("authorizer"));
    bed_close(&b);
}
END_TEST

static const char *property(const struct stream_options *o, const char *name)
{
    const char *value = NULL;
    for (unsigned i = 0; i < o->nproperties; i++)
        if (slice_eq_str(o->properties[i].name, name)) {
            ck_assert_msg(!value, "%s twice", name);
            value = o->properties[i].value.p;
        }
    return value;
}

START_TEST(test_options_of_a_stream)
{
    struct stream_options o;
    struct err e;
    struct site *s =
        read_site(KAFKA(USERS ", tls: {ca_file: /ca}, instance: h1, append_timeout: 5s, "
                              "properties: {linger.ms: 3}"));
    ck_assert_int_eq(proc_stream_options(s, SITE_USER_ADAPTER, "acute", &o, &e), 0);
    kit_assert_slice(o.dir, SLICE("localhost:1"));
    kit_assert_slice(o.prefix, SLICE("n."));
    ck_assert(o.append_timeout_ms == 5000 && o.record_max == 16 << 20 && !o.allow_unsafe);
    ck_assert_str_eq(property(&o, "client.id"), "weir-acute");
    ck_assert_str_eq(property(&o, "security.protocol"), "sasl_ssl");
    ck_assert_str_eq(property(&o, "sasl.username"), "ad");
    ck_assert(property(&o, "sasl.password") != NULL);
    ck_assert_str_eq(property(&o, "ssl.ca.location"), "/ca");
    ck_assert_str_eq(property(&o, "group.instance.id"), "h1.acute");
    ck_assert_str_eq(property(&o, "linger.ms"), "3");
    ck_assert(!slice_present(o.writer));
    site_close(s);
    s = read_site(KAFKA(", properties: {client.id: mine, security.protocol: ssl}"));
    ck_assert_int_eq(proc_stream_options(s, SITE_USER_BROKER, "broker", &o, &e), 0);
    ck_assert_str_eq(property(&o, "client.id"), "mine");
    ck_assert_str_eq(property(&o, "security.protocol"), "ssl");
    ck_assert(!property(&o, "sasl.username") && !property(&o, "group.instance.id"));
    site_close(s);
}
END_TEST

TCase *topics_tests(void)
{
    TCase *t = tcase_create("topics");
    tcase_add_test(t, test_plan_of_topics);
    tcase_add_test(t, test_settings_that_differ);
    tcase_add_test(t, test_topics_that_differ);
    tcase_add_test(t, test_plan_of_rights);
    tcase_add_test(t, test_rights_for_originals);
    tcase_add_test(t, test_rights_that_give);
    tcase_add_test(t, test_rights_that_differ);
    tcase_add_test(t, test_options_of_a_stream);
    return t;
}
