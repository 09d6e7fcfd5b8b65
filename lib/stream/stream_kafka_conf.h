/* stream_kafka_conf.h - the options of a Kafka stream, and the configuration of a client made of
 * them.
 *
 * Order: our defaults, then the properties as they were given, then what the promise rests on.
 * Properties that would break it are refused (reference: librdkafka CONFIGURATION.md). The conf
 * owns copies of all it holds. */
#ifndef WEIR_STREAM_KAFKA_CONF_H
#define WEIR_STREAM_KAFKA_CONF_H

#include <librdkafka/rdkafka.h>
#include "stream.h"
#include "stream_kafka_err.h"

enum { KAFKA_NAME_MAX = 249 }; /* of a topic: Apache Kafka, Topic.java */

struct kafka_property {
    char *name, *value;
};

struct kafka_conf {
    char *nodes;
    char prefix[STREAM_NAME_MAX + 1];
    struct kafka_property *properties;
    unsigned nproperties;
    bool allow_unsafe;
    uint64_t record_max, queue_bytes;
    uint32_t queue_records;
    uint32_t append_timeout_ms;
};

/* Copies and checks. ERR_CONF: no nodes, an unknown property or a value that librdkafka refuses,
 * one that weir sets itself, one that breaks the promise without allow_unsafe. */
int kafka_conf_init(struct kafka_conf *c, const struct stream_options *o, struct err *reterr);
void kafka_conf_fini(struct kafka_conf *c);

/* A new configuration for a client: nodes, security, properties, no log, and these events
 * (RD_KAFKA_EVENT_…; ERROR always). Callbacks are not used: a client that is being retired would
 * run them with what is long freed. The caller sets its own on top with kafka_conf_set and gives it
 * to kafka_client_open, or destroys it. NULL: reterr. */
rd_kafka_conf_t *kafka_conf_client(const struct kafka_conf *c, int events, struct err *reterr);
/* One setting. ERR_CONF with librdkafka's text. */
int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct err *reterr);
int kafka_conf_set_number(rd_kafka_conf_t *conf, const char *name, uint64_t value,
                          struct err *reterr);
/* rd_kafka_new with the error as ours. Takes conf, also when it fails. */
rd_kafka_t *kafka_client_open(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct err *reterr);

/* The prefix and a name of ours, as Kafka knows topics, groups and transactional ids. */
struct kafka_name {
    char text[KAFKA_NAME_MAX + 1];
};
struct kafka_name kafka_name_of(const struct kafka_conf *c, struct slice name);
/* The way back: a view into kafka_name without the prefix; absent where it has another. */
struct slice kafka_name_strip(const struct kafka_conf *c, const char *kafka_name);

#endif
