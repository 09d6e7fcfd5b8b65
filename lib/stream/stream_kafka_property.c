#include "stream_kafka_property.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "num.h"
#include "yaml.h"

enum {
    WIRE_EXTRA = 4096, /* batch header 61 bytes, varints, lengths of 16 headers; generous */
    RECEIVE_EXTRA = 1 << 20,
    RECEIVE_LEAST = 100000000, /* librdkafka's default */
    NAMES_MAX = 512,
};

uint64_t kafka_wire_max(uint64_t record_max)
{
    return record_max + WIRE_EXTRA;
}

uint64_t kafka_receive_max(uint64_t wire_max)
{
    return wire_max + RECEIVE_EXTRA > RECEIVE_LEAST ? wire_max + RECEIVE_EXTRA : RECEIVE_LEAST;
}

const char *kafka_conf_get(const struct kafka_conf *c, const char *name)
{
    for (unsigned i = 0; i < c->nproperties; i++)
        if (strcmp(c->properties[i].name, name) == 0)
            return c->properties[i].value;
    return NULL;
}

/* What weir sets itself, and what to turn instead. */
static const struct {
    const char *name, *instead;
} reserved[] = {
    {"bootstrap.servers", "give the nodes as stream.kafka.nodes"},
    {"metadata.broker.list", "give the nodes as stream.kafka.nodes"},
    {"message.timeout.ms", "a record that times out alone leaves a gap; set append_timeout"},
    {"delivery.timeout.ms", "a record that times out alone leaves a gap; set append_timeout"},
    {"message.send.max.retries", "a record is tried until append_timeout"},
    {"retries", "a record is tried until append_timeout"},
    {"transactional.id", "it is made of the prefix and the group"},
    {"transaction.timeout.ms", "it follows append_timeout"},
    {"group.id", "it is made of the prefix and the group"},
    {"group.protocol.type", "weir's groups are consumer groups"},
    {"partition.assignment.strategy", "weir's groups use range"},
    {"enable.auto.commit", "positions move when the work is done"},
    {"enable.auto.offset.store", "positions move when the work is done"},
    {"auto.commit.enable", "positions move when the work is done"},
    {"auto.offset.reset", "a lost position is an error; a new group has start"},
    {"enable.partition.eof", "weir needs it"},
    {"queue.buffering.max.messages", "set the stream's queue"},
    {"queue.buffering.max.kbytes", "set the stream's queue"},
    {"queuing.strategy", "it breaks the order"},
    {"consume.callback.max.messages", "it has no effect here"},
    {"plugin.library.paths", "weir loads no other code"},
    {"test.mock.num.brokers", "it is no Kafka"},
    {"enabled_events", "it has no effect here"},
};

/* What the promise rests on: the only value, unless allow_unsafe. */
static const struct {
    const char *name, *only, *also, *why;
} kept[] = {
    {"acks", "all", "-1", "an ACK would not mean that all replicas have it"},
    {"request.required.acks", "all", "-1", "an ACK would not mean that all replicas have it"},
    {"enable.idempotence", "true", "1", "a retry could repeat or reorder records"},
    {"enable.gapless.guarantee", "true", "1", "a record could follow one that was refused"},
    {"isolation.level", "read_committed", NULL, "what was never published would be read"},
    {"partitioner", "murmur2_random", NULL,
     "other clients would look for a patient in another partition"},
    {"check.crcs", "true", "1", "damaged records would be read"},
    {"enable.ssl.certificate.verification", "true", "1", "anybody could pose as Kafka"},
    {"ssl.endpoint.identification.algorithm", "https", NULL, "anybody could pose as Kafka"},
};

static int check_reserved(const char *name, struct err *reterr)
{
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(name, reserved[i].name) == 0)
            return err_set(reterr, ERR_CONF, "Kafka: property %s may not be set: %s", name,
                           reserved[i].instead);
    return 0;
}

static int check_kept(const struct kafka_property *p, bool allow_unsafe, struct err *reterr)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (strcmp(p->name, kept[i].name) != 0 || strcasecmp(p->value, kept[i].only) == 0 ||
            (kept[i].also && strcmp(p->value, kept[i].also) == 0) || allow_unsafe)
            continue;
        return err_set(reterr, ERR_CONF,
                       "Kafka: property %s: '%s' is not safe: %s; leave it at %s, or set "
                       "allow_unsafe",
                       p->name, p->value, kept[i].why, kept[i].only);
    }
    return 0;
}

/* All that librdkafka knows, other names included, stand in the table that it prints of them: a
 * line each, the name first. */
static unsigned split_names(char *table, const char *names[NAMES_MAX])
{
    unsigned n = 0;
    for (char *line = table; line && n < NAMES_MAX;) {
        char *end = strchr(line, '\n');
        size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789._");
        if (name && line[name] == ' ') {
            line[name] = 0;
            names[n++] = line;
        }
        line = end ? end + 1 : NULL;
    }
    return n;
}

static int refuse_unknown(const char *name, const char *why, struct err *reterr)
{
    const char *names[NAMES_MAX];
    char *table = NULL;
    size_t size;
    FILE *f = open_memstream(&table, &size);
    if (f) {
        rd_kafka_conf_properties_show(f);
        fclose(f);
    }
    const char *near = yaml_nearest(slice_str(name), names, split_names(table, names));
    if (near)
        err_set(reterr, ERR_CONF, "Kafka: %s; did you mean %s?", why, near);
    else
        err_set(reterr, ERR_CONF, "Kafka: %s", why);
    free(table);
    return -1;
}

/* On a configuration of its own, so that an error names the property and not what it does. */
static int check_known(const struct kafka_property *p, struct err *reterr)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int rc = 0;
    switch (rd_kafka_conf_set(conf, p->name, p->value, why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
        break;
    case RD_KAFKA_CONF_UNKNOWN:
        rc = refuse_unknown(p->name, why, reterr);
        break;
    case RD_KAFKA_CONF_INVALID: /* librdkafka names what it is an alias of */
        rc = err_set(reterr, ERR_CONF, "Kafka: property %s: %s", p->name, why);
        break;
    }
    rd_kafka_conf_destroy(conf);
    return rc;
}

static int check_sizes(const struct kafka_conf *c, const struct kafka_property *p,
                       struct err *reterr)
{
    uint64_t given, need = kafka_wire_max(c->record_max);
    if (strcmp(p->name, "message.max.bytes") != 0 || !num_u64(slice_str(p->value), &given) ||
        given >= need)
        return 0;
    return err_set(reterr, ERR_CONF,
                   "Kafka: property message.max.bytes: %llu is too small for records of "
                   "record_max = %llu bytes, which need %llu",
                   (unsigned long long)given, (unsigned long long)c->record_max,
                   (unsigned long long)need);
}

/* librdkafka says that a file failed, not which, nor why. */
static int check_file(const struct kafka_property *p, struct err *reterr)
{
    if (!slice_ends(slice_str(p->name), SLICE(".location")) || strcmp(p->value, "probe") == 0 ||
        access(p->value, R_OK) == 0)
        return 0;
    return err_set(reterr, ERR_CONF, "Kafka: property %s: %s: %s", p->name, p->value,
                   strerror(errno));
}

int kafka_properties_check(const struct kafka_conf *c, struct err *reterr)
{
    for (unsigned i = 0; i < c->nproperties; i++) {
        const struct kafka_property *p = &c->properties[i];
        if (check_reserved(p->name, reterr) || check_known(p, reterr) ||
            check_kept(p, c->allow_unsafe, reterr) || check_sizes(c, p, reterr) ||
            check_file(p, reterr))
            return -1;
    }
    return 0;
}
