#include "conf_suites.h"
#include "kit.h"
#include "site.h"
#include "site_change.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define KEY "0123456789012345678901234567890123456789"
#define KEYS "keys: {pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}\n"
#define SOURCE "sources:\n  pas:\n    adapter: acute\n    ods: RZZ\n    system: demo\n"
#define MLLP "    mllp:\n      listen: 127.0.0.1:2575\n"
#define ROUTE "routes:\n  all: {}\n"
#define PEERS ", peers: {a: {subject: CN=a}}"
#define LISTEN_TLS(more, beside)                                                                   \
    KEYS SOURCE                                                                                    \
        "    mllp: {listen: '127.0.0.1:1', tls: {cert_file: a, key_file: b, ca_file: c" more       \
        "}, " beside "}\n"
#define KAFKA(rest) KEYS "stream: {kind: kafka, kafka: {nodes: 'k1.nhs.uk:9093'" rest "}}\n"
#define TLS ", tls: {}"
#define SCRAM ", sasl: {mechanism: SCRAM-SHA-512, username: weir, password: env:WEIR_TEST_P}"
#define RELAY(rest) KEYS ROUTE "relay: {kafka: {nodes: 'k1.nhs.uk:9093'" TLS SCRAM "}" rest "}\n"
#define CONSUMER "consumers:\n  c:\n    route: all\n"

static void keys_open(void)
{
    setenv("WEIR_TEST_P", KEY, 1);
    setenv("WEIR_TEST_A", KEY "x", 1);
    setenv("WEIR_TEST_SHORT", "short", 1);
    setenv("WEIR_TEST_BEARER", "token", 1);
    unsetenv("WEIR_TEST_NONE");
}

static struct site *read_site(const char *text)
{
    struct site *s;
    struct err err = {0};
    keys_open();
    ck_assert_msg(site_read(slice_str(text), "t.yaml", SITE_ALL_SECRETS, &s, &err) == 0, "%s",
                  err.text);
    return s;
}

START_TEST(example_is_read_as_it_is)
{
    struct kit_dir dir;
    struct site *s = NULL;
    struct err err;
    char path[4096], key[512];
    static const char *const names[] = {"pseudonym.key", "audit.key"};
    kit_dir_open(&dir);
    for (int i = 0; i < 2; i++) {
        kit_dir_write(&dir, names[i], SLICE(KEY "\n"));
        kit_dir_file(&dir, names[i], key, sizeof(key));
        ck_assert_int_eq(chmod(key, 0600), 0);
    }
    setenv("WEIR_KEYS", dir.path, 1);
    ck_assert(getenv("WEIR_SOURCE") != NULL);
    snprintf(path, sizeof(path), "%s/config/weir.yaml", getenv("WEIR_SOURCE"));
    ck_assert_msg(site_open(path, SITE_ALL_SECRETS, &s, &err) == 0, "%s", err.text);
    const struct site_source *src = site_source_find(s, SLICE("demo-pas"));
    ck_assert(src != NULL && src->has_mllp && src->test_numbers);
    kit_assert_slice(src->sector, SLICE("acute"));
    kit_assert_slice(src->mllp.listen, SLICE("127.0.0.1:2575"));
    ck_assert(site_route_find(s, SLICE("analytics"))->keep.n == 0);
    ck_assert(!site_route_find(s, SLICE("analytics"))->identifiers);
    ck_assert_uint_ge(s->nconsumers, 1);
    ck_assert_uint_eq(s->data.p[0], '/');
    site_close(s);
    unsetenv("WEIR_KEYS");
    kit_dir_close(&dir);
}
END_TEST

START_TEST(presets)
{
    struct site *s;
    struct err err;
    keys_open();
    ck_assert_msg(site_read(SLICE(KEYS SOURCE MLLP ROUTE CONSUMER
                                  "    kind: http\n    http: {url: 'https://x/', bearer: "
                                  "env:WEIR_TEST_BEARER}\n"),
                            "/etc/weir.yaml", SITE_ALL_SECRETS, &s, &err) == 0,
                  "%s", err.text);
    ck_assert(s->stream.retain == 14 * 86400000LL && s->stream.retain_bytes == 20ULL << 30);
    ck_assert(s->journey.window == 72 * 3600000LL && s->message_arena == 64 << 20);
    kit_assert_slice(s->data, SLICE("/etc/data"));
    kit_assert_slice(site_listen(s, "acute"), SLICE("127.0.0.1:0"));
    const struct site_mllp *m = &s->sources[0].mllp;
    ck_assert(m->frame_max == 8 << 20 && m->frame_time == 30000 && m->idle_time == 86400000);
    ck_assert(m->connections == 1000 && m->per_peer == 256 && m->pipeline == 64);
    ck_assert(m->require_end_cr && m->allow.n == 0 && s->sources[0].forward);
    ck_assert(m->failed_frames == 16 && m->failed_bytes == 4096);
    const struct site_ack *a = &s->sources[0].ack;
    ck_assert(a->mode == SITE_ACK_ORIGINAL && a->two_answers && !a->text);
    ck_assert(a->on_unmapped == SITE_ACCEPT && a->on_test == SITE_ACCEPT);
    ck_assert(a->on_invalid == SITE_REFUSE && a->on_trouble == SITE_TROUBLE_ANSWER);
    const struct site_consumer *c = &s->consumers[0];
    ck_assert(c->in_flight == 16 && c->window == 4096 && c->parked_max == 100000);
    ck_assert(c->backoff_min == 500 && c->backoff_max == 60000 && c->spill_after == 10000);
    ck_assert(c->breaker_after == 30000 && c->merge_wait == 30000);
    ck_assert(c->http.timeout == 15000 && c->http.connect_timeout == 5000);
    kit_assert_slice(c->start, SLICE("earliest"));
    kit_assert_slice(c->http.bearer, SLICE("token"));
    site_close(s);
}
END_TEST

START_TEST(what_answers_mean_unless_it_is_said)
{
    struct site *s =
        read_site(KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: '127.0.0.1:1'}\n");
    const struct site_mllp_to *m = &s->consumers[0].mllp;
    ck_assert(m->on_ack[SITE_ON_ACCEPT] == SITE_ACK_DONE);
    ck_assert(m->on_ack[SITE_ON_ERROR] == SITE_ACK_PARK);
    ck_assert(m->on_ack[SITE_ON_REJECT] == SITE_ACK_RETRY);
    ck_assert(m->on_ack[SITE_ON_COMMIT] == SITE_ACK_DONE);
    ck_assert(m->on_ack[SITE_ON_NONE] == SITE_ACK_RETRY);
    ck_assert(m->on_ack[SITE_ON_WRONG_ID] == SITE_ACK_RETRY);
    ck_assert(m->connections == 1 && m->timeout == 30000 && m->connect_timeout == 5000);
    site_close(s);
}
END_TEST

START_TEST(secrets_are_opened_by_those_who_may)
{
    struct site *s;
    struct err err;
    static const char text[] = KEYS ROUTE CONSUMER
        "    kind: http\n    http: {url: 'https://x/', bearer: env:WEIR_TEST_NONE}\n";
    keys_open();
    ck_assert_int_eq(site_read(SLICE(text), "t.yaml", SITE_ADAPTER, &s, &err), 0);
    ck_assert(slice_present(s->keys.pseudonym) && !slice_present(s->consumers[0].http.bearer));
    ck_assert(!slice_present(s->routes[0].key));
    site_close(s);
    ck_assert_int_eq(site_read(SLICE(text), "t.yaml", SITE_BROKER, &s, &err), -1);
    ck_assert_msg(strstr(err.text, "WEIR_TEST_NONE") != NULL, "%s", err.text);
    unsetenv("WEIR_TEST_P");
    ck_assert_int_eq(site_read(SLICE(text), "t.yaml", SITE_NO_SECRETS, &s, &err), 0);
    site_close(s);
}
END_TEST

START_TEST(kafka_of_one_user)
{
    struct site *s;
    struct err err;
    keys_open();
    ck_assert_msg(
        site_read(SLICE(KAFKA(TLS SCRAM
                              ", properties: {linger.ms: 1}") "routes: {all: {readers: [ana]}}\n"),
                  "/etc/weir.yaml", SITE_ALL_SECRETS, &s, &err) == 0,
        "%s", err.text);
    const struct site_kafka *k = &s->stream.kafka;
    kit_assert_slice(k->nodes_text, SLICE("k1.nhs.uk:9093"));
    ck_assert(k->partitions == 12 && k->replicas == 3 && k->min_insync == 2);
    ck_assert(!k->allow_unsafe && k->tls && !site_kafka_is_plain(k) && k->prefix.n == 0);
    ck_assert(s->stream.record_max == 16 << 20 && !s->stream.disk_mark && !s->stream.free_min);
    ck_assert_uint_eq(s->stream.retain_bytes, 0);
    for (unsigned i = 0; i < SITE_USERS; i++) {
        kit_assert_slice(k->users[i].username, SLICE("weir"));
        kit_assert_slice(k->users[i].principal, SLICE("User:weir"));
    }
    kit_assert_slice(k->properties[0].name, SLICE("linger.ms"));
    kit_assert_slice(k->properties[0].value, SLICE("1"));
    kit_assert_slice(s->routes[0].readers.at[0], SLICE("ana"));
    site_close(s);
}
END_TEST

START_TEST(kafka_password_that_is_another_takes_a_restart)
{
    static const char text[] =
        KAFKA(TLS ", sasl: {mechanism: PLAIN, username: weir, password: env:WEIR_TEST_BEARER}");
    struct err err;
    keys_open();
    struct site *now = read_site(text), *same = read_site(text);
    setenv("WEIR_TEST_BEARER", "another", 1);
    struct site *other = NULL;
    ck_assert_int_eq(site_read(SLICE(text), "t.yaml", SITE_ALL_SECRETS, &other, &err), 0);
    ck_assert_int_eq(site_change_check(now, same, "acute", &err), 0);
    ck_assert_int_eq(site_change_check(now, other, "acute", &err), -1);
    ck_assert(err.code == ERR_REFUSED && strstr(err.text, "stream: ") != NULL);
    site_close(now);
    site_close(same);
    site_close(other);
}
END_TEST

START_TEST(relay_has_its_presets)
{
    struct site *s = read_site(RELAY(""));
    const struct site_relay *r = &s->relay;
    ck_assert(r->node != NULL && r->earliest && !r->state && r->kafka.tls);
    ck_assert_uint_eq(r->topics.n, 3);
    kit_assert_slice(r->topics.at[1], SLICE("flow.reported"));
    ck_assert_uint_eq(r->record_max, 16 << 20);
    ck_assert_int_eq(r->kafka.append_timeout, 120000);
    kit_assert_slice(r->kafka.users[SITE_USER_ADAPTER].password, SLICE(KEY));
    ck_assert(s->stream.kafka.node == NULL);
    site_close(s);
    s = read_site(RELAY(", state: true, start: 48h, topics: [flow.reported, flow.route.all]"));
    ck_assert(s->relay.state && !s->relay.earliest);
    ck_assert_int_eq(s->relay.back, 48 * 3600 * 1000);
    ck_assert_uint_eq(s->relay.topics.n, 2);
    site_close(s);
}
END_TEST

START_TEST(relay_secrets_are_its_own)
{
    struct site *s;
    struct err err = {0};
    keys_open();
    ck_assert_int_eq(site_read(SLICE(RELAY("")), "t.yaml", SITE_ADAPTER | SITE_BROKER, &s, &err),
                     0);
    ck_assert(!slice_present(s->relay.kafka.users[SITE_USER_ADAPTER].password));
    site_close(s);
    ck_assert_int_eq(site_read(SLICE(RELAY("")), "t.yaml", SITE_RELAY, &s, &err), 0);
    ck_assert(slice_present(s->relay.kafka.users[SITE_USER_BROKER].password));
    ck_assert(!slice_present(s->relay.kafka.users[SITE_USER_ADMIN].password));
    ck_assert(!slice_present(s->keys.pseudonym));
    site_close(s);
}
END_TEST

START_TEST(kafka_users_know_their_own)
{
    static const char text[] =
        KEYS "stream:\n  kind: kafka\n  kafka:\n    nodes: [localhost:1, '[::1]:2']\n"
             "    prefix: north.\n"
             "    sasl: {mechanism: PLAIN, username: weir, password: env:WEIR_TEST_P}\n"
             "    tls: {ca_file: ca.pem, cert_file: all.pem, key_file: all.key}\n"
             "    users:\n"
             "      adapter: {username: ad, password: env:WEIR_TEST_A}\n"
             "      broker: {username: br, password: env:WEIR_TEST_NONE}\n"
             "      admin: {cert_file: a.pem, key_file: a.key, principal: 'User:CN=a'}\n"
             "    properties: {ssl.engine.secret: env:WEIR_TEST_BEARER}\n";
    struct site *s;
    struct err err;
    keys_open();
    ck_assert_msg(site_read(SLICE(text), "/e/w.yaml", SITE_ADAPTER, &s, &err) == 0, "%s", err.text);
    const struct site_kafka *k = &s->stream.kafka;
    const struct site_kafka_user *u = k->users;
    kit_assert_slice(k->nodes_text, SLICE("localhost:1,[::1]:2"));
    kit_assert_slice(k->prefix, SLICE("north."));
    kit_assert_slice(k->ca_file, SLICE("/e/ca.pem"));
    kit_assert_slice(u[SITE_USER_ADAPTER].username, SLICE("ad"));
    kit_assert_slice(u[SITE_USER_ADAPTER].password, SLICE(KEY "x"));
    ck_assert(!slice_present(u[SITE_USER_BROKER].password));
    kit_assert_slice(u[SITE_USER_OPERATOR].username, SLICE("weir"));
    kit_assert_slice(u[SITE_USER_OPERATOR].cert_file, SLICE("/e/all.pem"));
    ck_assert(!slice_present(u[SITE_USER_OPERATOR].password));
    kit_assert_slice(u[SITE_USER_ADMIN].username, SLICE("weir"));
    kit_assert_slice(u[SITE_USER_ADMIN].cert_file, SLICE("/e/a.pem"));
    kit_assert_slice(u[SITE_USER_ADMIN].principal, SLICE("User:CN=a"));
    kit_assert_slice(k->properties[0].value, SLICE("token"));
    site_close(s);
    ck_assert_int_eq(site_read(SLICE(text), "/e/w.yaml", SITE_OPERATOR, &s, &err), 0);
    kit_assert_slice(s->stream.kafka.users[SITE_USER_OPERATOR].password, SLICE(KEY));
    ck_assert(!slice_present(s->stream.kafka.users[SITE_USER_ADAPTER].password));
    site_close(s);
    ck_assert_int_eq(site_read(SLICE(text), "/e/w.yaml", SITE_BROKER, &s, &err), -1);
    ck_assert(strstr(err.text, "WEIR_TEST_NONE") != NULL);
}
END_TEST

START_TEST(keys_of_routes)
{
    struct site *a, *b;
    struct err err;
    keys_open();
    ck_assert_int_eq(site_read(SLICE(KEYS "routes: {x: {}, y: {}, z: {key: env:WEIR_TEST_A}}"), "t",
                               SITE_ALL_SECRETS, &a, &err),
                     0);
    ck_assert_uint_eq(a->routes[0].key.n, 64);
    ck_assert(!slice_eq(a->routes[0].key, a->routes[1].key));
    kit_assert_slice(a->routes[2].key, SLICE(KEY "x"));
    ck_assert_int_eq(site_read(SLICE(KEYS "routes: {y: {}}"), "t", SITE_BROKER, &b, &err), 0);
    kit_assert_slice(b->routes[0].key, a->routes[1].key);
    site_close(a);
    site_close(b);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "a config is a map"},
        {"a: 1", "\"a\" is not an option"},
        {ROUTE, "\"keys\" is missing"},
        {"keys: {pseudonym: env:WEIR_TEST_SHORT, audit: env:WEIR_TEST_A}", "32 or more"},
        {"keys: {kid: 'a:b', pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}", "kid"},
        {"keys: {pseudonym: file:none.key, audit: env:WEIR_TEST_A}", "head -c 32 /dev/urandom"},
        {KEYS "soruces: {}", "t.yaml:2:1: \"soruces\" is not an option here; did you mean "
                             "\"sources\"?"},
        {KEYS "sources: {Pas: {}}", "t.yaml:2:11: the name of a source"},
        {KEYS "sources: [a]", "must be a map"},
        {KEYS "sources: {pas: {}}", "\"adapter\" is missing"},
        {KEYS "sources: {pas: {adapter: akute, ods: RZZ, system: a}}", "did you mean \"acute\"?"},
        {KEYS "sources: {pas: {adapter: acute, ods: RZZ, system: a, format: xml}}", "one of"},
        {KEYS SOURCE "    format: jsn\n", "did you mean \"json\"?"},
        {KEYS SOURCE "    format: csv\n    mllp: {listen: '127.0.0.1:1'}\n", "mllp carries HL7 v2"},
        {KEYS "sources: {pas: {adapter: acute, ods: rzz, system: a}}", "ods"},
        {KEYS "sources: {pas: {adapter: acute, ods: RZZ, system: 'a:b'}}", "system"},
        {KEYS SOURCE "    pl: ward^bed^room\n", "\"room\" is not known"},
        {KEYS SOURCE "    sending: CERNER\n", "APPLICATION/FACILITY"},
        {KEYS SOURCE "    mllp: {}\n", "\"listen\" is missing"},
        {KEYS SOURCE "    mllp: {listen: 2575}\n", "ADDRESS:PORT"},
        {KEYS SOURCE "    mllp: {listen: '0.0.0.0:2575'}\n", "say in \"allow\""},
        {KEYS SOURCE "    mllp: {listen: '0.0.0.0:2575', allow: []}\n", "say in \"allow\""},
        {KEYS SOURCE "    mllp: {listen: '127.0.0.1:1', allow: [10.0.0.1/8]}\n", "a network"},
        {KEYS SOURCE "    mllp: {listen: '0.0.0.0:2575', allow: [10.1.2.3]}\n",
         "reads patient data; give \"tls\", or plaintext: true"},
        {LISTEN_TLS(PEERS, "plaintext: true"), "there is tls"},
        {KEYS SOURCE "    http: {listen: 8080}\n", "ADDRESS:PORT"},
        {KEYS SOURCE "    format: csv\n    http: {listen: '127.0.0.1:1'}\n", "comes in files"},
        {KEYS SOURCE "    csv: {}\n", "has not format: csv"},
        {KEYS SOURCE "    format: csv\n    csv: {delimiter: ':'}\n", "delimiter"},
        {KEYS SOURCE "    format: csv\n    csv: {header: false}\n", "has to name the columns"},
        {KEYS SOURCE "    format: csv\n    csv: {columns: [a, 'b,c']}\n", "no quote, delimiter"},
        {KEYS SOURCE "    format: csv\n    csv: {columns: [a, a]}\n", "stands there twice"},
        {KEYS SOURCE "    folder: {path: a, remember: 10}\n", "have no rows"},
        {KEYS SOURCE "    folder: {path: a, on_bad_row: file}\n", "have no rows"},
        {KEYS SOURCE "    format: json\n    folder: {path: a, on_bad_row: fil}\n", "file"},
        {KEYS SOURCE "    http: {listen: '0.0.0.0:8080'}\n", "say in \"allow\""},
        {KEYS SOURCE "    http: {listen: '127.0.0.1:1', allow: [10.0.0.1/8]}\n", "a network"},
        {KEYS SOURCE "    http: {listen: '0.0.0.0:8080', allow: [10.1.2.3]}\n",
         "give \"tls\", or plaintext: true"},
        {LISTEN_TLS("", ""), "whose certificates may connect?"},
        {LISTEN_TLS(", peers: {a: {}}", ""), "which certificate is meant?"},
        {LISTEN_TLS(", peers: {a: {subject: CN=a, sending: b}}", ""), "APPLICATION/FACILITY"},
        {LISTEN_TLS(", peers: [a]", ""), "must be a map"},
        {LISTEN_TLS(", client_certificate: none", ""), "\"ca_file\" is of no use"},
        {LISTEN_TLS(PEERS ", min_version: '1.1'", ""), "min_version"},
        {LISTEN_TLS(PEERS ", key_password: abc", ""), "never written here"},
        {LISTEN_TLS(PEERS ", key_password: file:nowhere", ""), "nowhere does not exist"},
        {KEYS SOURCE "    mllp: {listen: '127.0.0.1:1', tls: {cert_file: a, key_file: b}}\n",
         "\"ca_file\" is missing"},
        {KEYS SOURCE "    mllp: {listen: '127.0.0.1:1', tls: {cert_file: a}}\n", "\"key_file\""},
        {KEYS "stream: {record_max: 4MiB, queue_bytes: 32MiB}\n" SOURCE MLLP,
         "do not fit a record of 4194304 bytes"},
        {KEYS SOURCE MLLP "  two:\n    adapter: acute\n    ods: RZZ\n    system: b\n" MLLP,
         "source \"pas\" listens on that port already"},
        {KEYS SOURCE MLLP "    http: {listen: '127.0.0.1:2575'}\n",
         "source \"pas\" listens on that port already"},
        {KEYS SOURCE "    http: {listen: '127.0.0.1:1'}\n  two:\n    adapter: acute\n    ods: RZZ\n"
                     "    system: b\n    http: {listen: '127.0.0.1:1'}\n",
         "source \"pas\" listens on that port already"},
        {KEYS "listen: {acute: 127.0.0.1:1}\n" SOURCE "    http: {listen: '127.0.0.1:1'}\n",
         "source \"pas\" has that port already"},
        {KEYS "listen: {acute: 127.0.0.1:2575}\n" SOURCE MLLP, "\"pas\" has that port"},
        {KEYS "listen: {brokr: 127.0.0.1:1}", "did you mean \"broker\"?"},
        {KEYS "listen: {broker: 127.0.0.1:1, acute: 127.0.0.1:1}", "broker has that port"},
        {KEYS "listen: {broker: x}", "ADDRESS:PORT"},
        {KEYS "stream: {retain: 95h}", "retain: must be at least"},
        {KEYS "journey: {dedupe_window: 14d}", "and a day (360h)"},
        {KEYS "stream: {retain_bytes: 2GiB, disk_mark: 1GiB}", "less than retain_bytes"},
        {KEYS "stream: {record_max: 1GiB}", "queue_bytes"},
        {KEYS "stream: {record_max: 64KiB}", "record_max"}, /* an event would not fit */
        {KEYS "stream: {queue_records: 1}", "queue_records"},
        {KEYS "stream: {kind: kafka}", "needs its section \"kafka:\""},
        {KEYS "stream: {kafka: {nodes: 'localhost:1'}}", "of no use with kind embedded"},
        {KEYS "stream: {kind: kafka, disk_mark: 1GiB, kafka: {nodes: 'localhost:1'}}",
         "\"disk_mark\" is of no use with kind kafka"},
        {KEYS "routes: {x: {readers: [ana]}}", "\"readers\" is of no use with kind embedded"},
        {KEYS "stream: {kind: kafka, kafka: {}}", "\"nodes\" is missing"},
        {KEYS "stream: {kind: kafka, kafka: {nodes: []}}", "one HOST:PORT"},
        {KEYS "stream: {kind: kafka, kafka: {nodes: localhost}}", "must be HOST:PORT"},
        {KEYS "stream: {kind: kafka, kafka: {nodes: 'a:70000'}}", "must be HOST:PORT"},
        {KEYS "stream: {kind: kafka, kafka: {nodes: 'a b:1'}}", "must be HOST:PORT"},
        {KAFKA(""), "k1.nhs.uk:9093 is another machine and there is no tls"},
        {KAFKA(TLS ", plaintext: true"), "there is tls"},
        {KAFKA(TLS ", prefix: a_b"), "prefix: "},
        {KAFKA(TLS ", min_insync: 1"), "unless allow_unsafe: true"},
        {KAFKA(TLS ", replicas: 1"), "2 of 1 replicas"},
        {KAFKA(", tls: {cert_file: a}"), "needs its key_file"},
        {KAFKA(TLS ", sasl: {mechanism: PLAIN}"), "adapter has no username"},
        {KAFKA(TLS ", sasl: {mechanism: SCRAM}"), "SCRAM-SHA-256"},
        {KAFKA(TLS ", sasl: {mechanism: PLAIN, username: a, password: b}"), "never written here"},
        {KAFKA(TLS SCRAM ", users: {adaptor: {}}"), "did you mean \"adapter\"?"},
        {KAFKA(TLS SCRAM ", users: {broker: {password: env:X}}"), "of which username?"},
        {KAFKA(TLS SCRAM ", users: {broker: {principal: a}}"), "begins with \"User:\""},
        {KAFKA(TLS ", users: {broker: {username: a, password: env:X}}"), "of no use without"},
        {KAFKA(", plaintext: true, users: {broker: {cert_file: a, key_file: b}}"),
         "without \"tls\""},
        {KAFKA(TLS ", properties: {bootstrap.servers: a}"), "said by the option nodes"},
        {KAFKA(TLS ", properties: {ssl.key.location: a}"), "said by the option tls"},
        {KAFKA(TLS ", properties: {sasl.password: a}"), "never written here"},
        {KAFKA(TLS ", properties: {acks: [1]}"), "one value"},
        {KAFKA(TLS ", sasl: {mechanism: PLAIN, username: a, password: file:nowhere}"),
         "nowhere does not exist; it is to hold this secret"},
        {KAFKA(TLS) "routes: {x: {readers: ['User:*']}}", "\"User:*\" is not one user"},
        {KAFKA(TLS) SOURCE "    mllp: {listen: '127.0.0.1:1', frame_max: 16MiB}\n",
         "do not fit a record of 16777216 bytes"},
        {KAFKA(TLS) "relay: {kafka: {nodes: 'a:1'}}\n", "of no use with kind kafka"},
        {RELAY(", record_max: 1MiB") SOURCE "    http: {listen: '127.0.0.1:1'}\n",
         "(http: message_max 8388608 bytes) and its receipt do not fit a record of 1048576"},
        {RELAY(", record_max: 1MiB") SOURCE "    folder: {path: a}\n", "(folder: message_max"},
        {KEYS "relay: {}", "\"kafka\" is missing"},
        {KEYS "relay: {kafka: {nodes: 'k1.nhs.uk:9093'}}", "there is no tls"},
        {RELAY(", topics: [flow.reported, flow.reported]"), "twice"},
        {RELAY(", topics: flow.parked"), "\"flow.parked\" is not copied"},
        {RELAY(", topics: flow.route.nobody"), "flow.route.<name of a route>"},
        {RELAY(", start: soon"), "or a time back"},
        {RELAY(", state: true"), "dedupe_window (72h)"},
        {RELAY(", state: true, start: 73h"), "dedupe_window (72h)"},
        {RELAY(", record_max: 512MiB"), "stream.queue_bytes"},
        {RELAY(", set_bytes: 1"), "set_bytes"},
        {RELAY(", record_max: 1MiB") SOURCE MLLP, "of source \"pas\" (frame_max 8388608 bytes)"},
        {KEYS "lists: {a-b: [x]}", "the name of a list"},
        {KEYS "lists: {ab: x}", "a list is written"},
        {KEYS "routes: {x: {wen: a}}", "did you mean \"when\"?"},
        {KEYS "routes: {x: {key: env:WEIR_TEST_SHORT}}", "32 or more are needed"},
        {KEYS "routes: {x: {key: abc}}", "never written here"},
        {KEYS "routes: {x: {when: }}", "when: is empty"},
        {KEYS "routes:\n  x:\n    when: ${WEIR_TEST_UNSET:-}\n", "when: is empty"},
        {KEYS ROUTE "consumers: {c: {route: al, kind: file, file: {path: x}}}",
         "there is no route \"al\"; did you mean \"all\"?"},
        {KEYS ROUTE CONSUMER "    kind: http\n", "needs its section \"http:\""},
        {KEYS ROUTE CONSUMER "    kind: mllp\n", "needs its section \"mllp:\""},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: beds}\n", "must be HOST:PORT"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:0'}\n", "must be HOST:PORT"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: '::1:2575'}\n", "must be HOST:PORT"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:1'}\n", "without encryption"},
        {KEYS ROUTE CONSUMER
         "    kind: mllp\n    mllp: {to: 'beds:1', plaintext: true, tls: {ca_file: x}}\n",
         "there is tls"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:1', connections: 0}\n",
         "connections"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:1', on_ack: {AE: wait}}\n",
         "AE"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:1', on_ack: {AF: park}}\n",
         "AF"},
        {KEYS ROUTE CONSUMER "    kind: mllp\n    mllp: {to: 'beds:1', sending_app: \"a\\rb\"}\n",
         "control character"},
        {KEYS ROUTE CONSUMER
         "    kind: mllp\n    mllp: {to: '127.0.0.1:1'}\n    format: cloudevent\n",
         "cloudevent is not sent by kind mllp"},
        {KEYS ROUTE CONSUMER "    kind: file\n    file: {path: x}\n    format: hl7v2\n",
         "hl7v2 is not sent by kind file"},
        {KEYS ROUTE CONSUMER
         "    kind: mllp\n    mllp: {to: '127.0.0.1:1'}\n    format: original\n",
         "gives away the whole message"},
        {KEYS ROUTE CONSUMER "    kind: file\n    file: {path: x}\n    http: {url: 'https://x'}\n",
         "\"http\" is of no use"},
        {KEYS ROUTE CONSUMER "    kind: http\n    http: {url: 'ftp://x'}\n", "must be https://"},
        {KEYS ROUTE CONSUMER "    kind: http\n    http: {url: 'https://u:p@x/'}\n", "password"},
        {KEYS ROUTE CONSUMER
         "    kind: http\n    http: {url: 'http://x/', bearer: env:WEIR_TEST_BEARER}\n",
         "use https://"},
        {KEYS ROUTE CONSUMER "    kind: file\n    file: {path: x}\n    start: now\n", "earliest"},
        {KEYS ROUTE CONSUMER "    kind: file\n    file: {path: x}\n    window: 1\n", "in_flight"},
        {KEYS ROUTE CONSUMER "    kind: file\n    file: {path: x}\n    backoff_max: 1ms\n",
         "backoff_min"},
        {KEYS ROUTE "consumers:\n  c: {route: all, kind: file, file: {path: x}}\n"
                    "  d: {route: all, kind: file, file: {path: ./x}}\n",
         "\"c\" writes that file already"},
    };
    keys_open();
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct site *s = NULL;
        struct err err = {0};
        int rc = site_read(slice_str(rows[i].text), "t.yaml", SITE_ALL_SECRETS, &s, &err);
        ck_assert_msg(rc == -1, "%s", rows[i].text);
        ck_assert_msg(strstr(err.text, rows[i].says) != NULL, "%s: %s", rows[i].text, err.text);
        ck_assert_msg(err.code == ERR_CONF && strncmp(err.text, "t.yaml:", 7) == 0, "%s", err.text);
        ck_assert(s == NULL);
    }
}
END_TEST

START_TEST(site_lives_while_somebody_holds_it)
{
    struct site *s = read_site(KEYS SOURCE MLLP ROUTE);
    const struct site *held = site_hold(s);
    site_close(s);
    ck_assert(slice_eq_str(held->sources[0].name, "pas")); /* else AddressSanitizer speaks */
    site_close(held);
    site_close(NULL);
}
END_TEST

START_TEST(what_takes_a_restart)
{
#define REST SOURCE MLLP ROUTE
    static const struct {
        const char *text, *says;
    } rows[] = {
        {KEYS REST, NULL},
        {"log_level: debug\n" KEYS REST
         "consumers:\n  c: {route: all, kind: file, file: {path: x}}\n",
         NULL},
        {"data: /elsewhere\n" KEYS REST, "t.yaml:1:7: data:"},
        {"stream: {retain: 20d}\n" KEYS REST, "t.yaml:1:9: stream:"},
        {"keys: {kid: k9, pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}\n" REST, "keys.kid:"},
        {"keys: {pseudonym: env:WEIR_TEST_A, audit: env:WEIR_TEST_A}\n" REST, "keys.pseudonym:"},
        {"keys: {pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_P}\n" REST, "keys.audit:"},
        {"listen: {acute: '127.0.0.1:8000'}\n" KEYS REST, "listen:"},
        {"listen: {broker: '127.0.0.1:8000'}\n" KEYS REST, NULL}, /* another process's */
    };
    struct site *now = read_site(KEYS REST);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct site *fresh = read_site(rows[i].text);
        struct err err = {0};
        int rc = site_change_check(now, fresh, "acute", &err);
        ck_assert_msg((rc == 0) == !rows[i].says, "%s: %s", rows[i].text, err.text);
        if (rows[i].says) {
            ck_assert_int_eq(err.code, ERR_REFUSED);
            ck_assert_msg(strstr(err.text, rows[i].says) != NULL, "%s", err.text);
        }
        site_close(fresh);
    }
    site_close(now);
#undef REST
}
END_TEST

START_TEST(consumers_are_compared_with_their_secrets)
{
#define HTTP(more)                                                                                 \
    KEYS SOURCE MLLP ROUTE CONSUMER                                                                \
        "    kind: http\n"                                                                         \
        "    http: {url: 'https://x', bearer: env:WEIR_TEST_BEARER" more "}\n"
    struct site *a = read_site(HTTP("")), *same = read_site("log_level: debug\n" HTTP("")),
                *other = read_site(HTTP(", timeout: 3s"));
    setenv("WEIR_TEST_BEARER", "another", 1);
    struct site *renewed;
    struct err err = {0};
    ck_assert_int_eq(site_read(slice_str(HTTP("")), "t.yaml", SITE_ALL_SECRETS, &renewed, &err), 0);
    ck_assert(site_consumer_same(&a->consumers[0], &same->consumers[0]));
    ck_assert(!site_consumer_same(&a->consumers[0], &other->consumers[0]));
    ck_assert(!site_consumer_same(&a->consumers[0], &renewed->consumers[0]));
    site_close(a);
    site_close(same);
    site_close(other);
    site_close(renewed);
#undef HTTP
}
END_TEST

Suite *site_suite(void)
{
    Suite *s = suite_create("site");
    TCase *t = tcase_create("site");
    tcase_add_test(t, example_is_read_as_it_is);
    tcase_add_test(t, presets);
    tcase_add_test(t, what_answers_mean_unless_it_is_said);
    tcase_add_test(t, secrets_are_opened_by_those_who_may);
    tcase_add_test(t, kafka_of_one_user);
    tcase_add_test(t, kafka_password_that_is_another_takes_a_restart);
    tcase_add_test(t, relay_has_its_presets);
    tcase_add_test(t, relay_secrets_are_its_own);
    tcase_add_test(t, kafka_users_know_their_own);
    tcase_add_test(t, keys_of_routes);
    tcase_add_test(t, what_is_wrong_is_said);
    tcase_add_test(t, site_lives_while_somebody_holds_it);
    tcase_add_test(t, what_takes_a_restart);
    tcase_add_test(t, consumers_are_compared_with_their_secrets);
    suite_add_tcase(s, t);
    return s;
}
