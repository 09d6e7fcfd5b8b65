/* stream_kafka_property.h - which properties of librdkafka may be given, and sizes that follow from
 * the largest record. */
#ifndef WEIR_STREAM_KAFKA_PROPERTY_H
#define WEIR_STREAM_KAFKA_PROPERTY_H

#include "stream_kafka_conf.h"

/* ERR_CONF: see kafka_conf_init. Where message.max.bytes is given, it has to hold record_max. */
int kafka_properties_check(const struct kafka_conf *c, struct err *reterr);
/* The value that was given under this name, or NULL. */
const char *kafka_conf_get(const struct kafka_conf *c, const char *name);

/* message.max.bytes for records of that size: with the batch, its lengths and headers around it. */
uint64_t kafka_wire_max(uint64_t record_max);
/* receive.message.max.bytes: an answer holds one such batch whole and the rest of its frame. */
uint64_t kafka_receive_max(uint64_t wire_max);

#endif
