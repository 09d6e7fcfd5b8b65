/* stream_embedded_reader.h - the readers of one handle, which share its directory. */
#ifndef WEIR_STREAM_EMBEDDED_READER_H
#define WEIR_STREAM_EMBEDDED_READER_H

#include "stream_embedded_dir.h"
#include "stream_embedded_writer.h"
#include "stream_engine.h"

struct embedded_readers {
    struct embedded_dir dir;
    struct embedded_writer *own; /* borrowed; NULL = read only */
    struct embedded_reader *first;
};

int embedded_reader_open(struct embedded_readers *all, const struct stream_reader_options *o,
                         struct stream_reader **ret, struct err *reterr);

/* The slots of the engine. */
void embedded_reader_close(struct stream_reader *r);
int embedded_reader_fd(const struct stream_reader *r);
enum stream_next embedded_reader_next(struct stream_reader *r, struct stream_message *ret,
                                      struct err *reterr);
int embedded_reader_seek(struct stream_reader *r, struct slice topic, struct slice partition,
                         int64_t offset, struct err *reterr);
int embedded_reader_seek_time(struct stream_reader *r, int64_t wall_ms, struct err *reterr);
int embedded_reader_lag(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
                        struct err *reterr);

#endif
