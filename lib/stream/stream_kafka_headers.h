/* stream_kafka_headers.h - the headers of a record on Kafka.
 *
 * A node reads each header of each record, and client and node keep each one apart, so that ten of
 * them cost a message as much as its way through a socket does. Of a record that only weir reads
 * (stream_record.own) they stand in one, `weir`:
 * "received=2026-01-01T00:00:00.000Z;verdict=events". One that could not be told apart in there
 * (';' in it, '=' in its name) stands alone, as all do that do not fit. */
#ifndef WEIR_STREAM_KAFKA_HEADERS_H
#define WEIR_STREAM_KAFKA_HEADERS_H

#include <librdkafka/rdkafka.h>
#include "stream.h"

/* What goes with the record; NULL = nothing. The caller's, until a client has it. */
rd_kafka_headers_t *kafka_headers_of(const struct stream_record *r);
/* The headers of a message as they were given, at most STREAM_HEADERS_MAX: views, valid as long as
 * the message. Returns how many. */
unsigned kafka_headers_read(const rd_kafka_message_t *m,
                            struct stream_header out[STREAM_HEADERS_MAX]);

#endif
