/* stream_kafka_reader.h - readers of the Kafka engine: the slots of stream_engine.h.
 *
 * The time of a message is the one in the record (the topic's message.timestamp.type: that of the
 * append, or of the producer's call). A record with more than STREAM_HEADERS_MAX headers is another
 * program's: the first ones are given. A group's topic that comes into being while nobody reads is
 * read from `start` when the group is next opened: Kafka keeps no position for what it has not. */
#ifndef WEIR_STREAM_KAFKA_READER_H
#define WEIR_STREAM_KAFKA_READER_H

#include "stream.h"

int kafka_reader_open(struct stream *s, const struct stream_reader_options *o,
                      struct stream_reader **ret, struct err *reterr);
void kafka_reader_close(struct stream_reader *r);
int kafka_reader_fd(const struct stream_reader *r);
enum stream_next kafka_reader_next(struct stream_reader *r, struct stream_message *ret,
                                   struct err *reterr);
bool kafka_reader_caught_up(const struct stream_reader *r);
void kafka_reader_yield(struct stream_reader *r);
bool kafka_reader_moves(const struct stream_reader *r);
bool kafka_reader_holds(const struct stream_reader *r, struct slice topic, struct slice partition);
int kafka_reader_seek(struct stream_reader *r, struct slice topic, struct slice partition,
                      int64_t offset, struct err *reterr);
int kafka_reader_seek_time(struct stream_reader *r, int64_t wall_ms, struct err *reterr);
int kafka_reader_lag(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
                     struct err *reterr);

struct kafka_stream;
struct kafka_set;
/* Gives the positions of a set that is being accepted their marks; those of a log that was replaced
 * since are dropped. */
void kafka_readers_mark(struct kafka_stream *s, struct kafka_set *set);
/* For stream_dispatch, after it has taken the answers to commits. */
void kafka_readers_dispatch(struct kafka_stream *s);

#endif
