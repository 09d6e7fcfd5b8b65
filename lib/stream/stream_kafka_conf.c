#include "stream_kafka_conf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "stream_kafka_property.h"

struct setting {
    const char *name, *value;
};

/* What is ours unless a property says otherwise. */
static const struct setting common[] = {
    {"client.id", "weir"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {"enable.sparse.connections", "false"}, /* else the first record waits a second for its node */
    {"reconnect.backoff.ms", "100"},
    {"reconnect.backoff.max.ms", "2000"},
    {"socket.connection.setup.timeout.ms", "5000"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {"log.connection.close", "false"},
    {"log_level", "3"},
    /* a producer's */
    {"enable.idempotence", "true"},
    {"partitioner", "murmur2_random"},
    {"linger.ms", "0"},
    {"message.timeout.ms", "0"},
    {"topic.metadata.propagation.max.ms", "5000"},
};

/* Never to a file descriptor: libraries do not log. Errors come as events. */
static void silent(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    (void)level;
    (void)facility;
    (void)text;
}

int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *reterr)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return 0;
    return err_set(reterr, ERR_CONF, "Kafka: property %s: %s", name, why);
}

int kafka_conf_set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value,
                          struct err *reterr)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    return kafka_conf_set(conf, name, text, reterr);
}

static int set_all(rd_kafka_conf_t *conf, const struct kafka_conf *c, struct err *reterr)
{
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (kafka_conf_set(conf, common[i].name, common[i].value, reterr))
            return -1;
    /* What follows a refused record must not be sent: the client is replaced, and all go again. */
    const char *idempotent = kafka_conf_get(c, "enable.idempotence");
    if ((!idempotent || strcasecmp(idempotent, "true") == 0) &&
        kafka_conf_set(conf, "enable.gapless.guarantee", "true", reterr))
        return -1;
    for (unsigned i = 0; i < c->nproperties; i++)
        if (kafka_conf_set(conf, c->properties[i].name, c->properties[i].value, reterr))
            return -1;
    return kafka_conf_set(conf, "bootstrap.servers", c->nodes, reterr);
}

rd_kafka_conf_t *kafka_conf_client(const struct kafka_conf *c, int events, struct err *reterr)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, silent);
    rd_kafka_conf_set_events(conf, events | RD_KAFKA_EVENT_ERROR);
    uint64_t largest = kafka_wire_max(c->record_max);
    int rc = set_all(conf, c, reterr);
    if (!rc && !kafka_conf_get(c, "message.max.bytes"))
        rc = kafka_conf_set_number(conf, "message.max.bytes", largest, reterr);
    if (!rc && !kafka_conf_get(c, "receive.message.max.bytes"))
        rc = kafka_conf_set_number(conf, "receive.message.max.bytes", kafka_receive_max(largest),
                                   reterr);
    if (!rc)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

rd_kafka_t *kafka_client_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *reterr)
{
    char why[256];
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (rk)
        return rk;
    rd_kafka_conf_destroy(conf);
    err_set(reterr, ERR_CONF, "Kafka: %s", why);
    return NULL;
}

static int copy_properties(struct kafka_conf *c, const struct stream_options *o)
{
    c->properties = calloc(o->nproperties + 1, sizeof(*c->properties));
    if (!c->properties)
        return -1;
    for (unsigned i = 0; i < o->nproperties; i++) {
        struct kafka_property *p = &c->properties[c->nproperties++];
        p->name = strndup(o->properties[i].name.n ? o->properties[i].name.p : "",
                          o->properties[i].name.n);
        p->value = strndup(o->properties[i].value.n ? o->properties[i].value.p : "",
                           o->properties[i].value.n);
        if (!p->name || !p->value)
            return -1;
    }
    return 0;
}

static int copy_options(struct kafka_conf *c, const struct stream_options *o, struct err *reterr)
{
    *c = (struct kafka_conf){
        .allow_unsafe = o->allow_unsafe,
        .record_max = o->record_max,
        .queue_bytes = o->queue_bytes,
        .queue_records = o->queue_records,
        .append_timeout_ms = o->append_timeout_ms,
    };
    if (o->prefix.n > STREAM_NAME_MAX)
        return err_set(reterr, ERR_CONF, "Kafka: the prefix is longer than %d characters",
                       STREAM_NAME_MAX);
    if (o->prefix.n)
        memcpy(c->prefix, o->prefix.p, o->prefix.n);
    c->nodes = strndup(o->dir.p, o->dir.n);
    if (!c->nodes || copy_properties(c, o))
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    return 0;
}

int kafka_conf_init(struct kafka_conf *c, const struct stream_options *o, struct err *reterr)
{
    if (copy_options(c, o, reterr) == 0 && kafka_properties_check(c, reterr) == 0)
        return 0;
    kafka_conf_fini(c);
    return -1;
}

void kafka_conf_fini(struct kafka_conf *c)
{
    for (unsigned i = 0; i < c->nproperties; i++) {
        char *secret = c->properties[i].value;
        if (secret)
            explicit_bzero(secret, strlen(secret));
        free(secret);
        free(c->properties[i].name);
    }
    free(c->properties);
    free(c->nodes);
    *c = (struct kafka_conf){0};
}

struct kafka_name kafka_name_of(const struct kafka_conf *c, struct slice name)
{
    struct kafka_name n;
    snprintf(n.text, sizeof(n.text), "%s%.*s", c->prefix, SLICE_ARG(name));
    return n;
}

struct slice kafka_name_strip(const struct kafka_conf *c, const char *kafka_name)
{
    struct slice name = slice_str(kafka_name);
    if (!slice_starts(name, slice_str(c->prefix)))
        return SLICE_ABSENT;
    return slice_sub(name, strlen(c->prefix), name.n);
}
