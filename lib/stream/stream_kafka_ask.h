/* stream_kafka_ask.h - questions that a reader's thread puts to Kafka and waits for, each for a few
 * seconds at most: which partitions there are, where a group stands, where a log begins and ends.
 *
 * Lists are librdkafka's, with its names (with the prefix). Errors name the topic or the group. */
#ifndef WEIR_STREAM_KAFKA_ASK_H
#define WEIR_STREAM_KAFKA_ASK_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>
#include "err.h"

enum { KAFKA_ASK_MS = 5000 };

/* In place of a time (ListOffsets of the Kafka protocol). */
enum { KAFKA_ASK_END = -1, KAFKA_ASK_BEGIN = -2 };

/* What Kafka says of the topics that rk has a handle of. The caller destroys it. */
int kafka_ask_topics(rd_kafka_t *rk, const struct rd_kafka_metadata **ret, struct err *reterr);
/* Fills each offset: of the first record of that time or later (RD_KAFKA_OFFSET_END where there is
 * none), or of an end of the log. Where one partition fails all do. */
int kafka_ask_offsets(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t ms,
                      struct err *reterr);
/* Fills each offset with the group's position, RD_KAFKA_OFFSET_INVALID where there is none. */
int kafka_ask_committed(rd_kafka_t *rk, const char *group, rd_kafka_topic_partition_list_t *list,
                        struct err *reterr);
/* Commits those with an offset >= 0, as whatever rk is in the group now. *ret_taken is false, and
 * this no error, where the group refuses it because others are its members. */
int kafka_ask_commit(rd_kafka_t *rk, const char *group, const rd_kafka_topic_partition_list_t *list,
                     bool *ret_taken, struct err *reterr);

#endif
