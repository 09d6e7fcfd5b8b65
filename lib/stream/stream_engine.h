/* stream_engine.h - what an engine must give; only engines and stream.c include this.
 *
 * Each slot has the contract of the stream.h call of the same name. An engine is one file that
 * defines `const struct stream_engine stream_engine_<name>` and one line in meson.build. Its
 * structs begin with struct stream and struct stream_reader. */
#ifndef WEIR_STREAM_ENGINE_H
#define WEIR_STREAM_ENGINE_H

#include <stdbool.h>
#include "stream.h"

struct stream_engine {
    const char *name;
    /* Keeps nothing: what it takes is gone (null). Then all slots of a reader but reader_open may
     * be NULL. */
    bool forgets;
    int (*open)(const struct stream_options *o, struct stream **ret, struct err *reterr);
    void (*close)(struct stream *s);
    int (*fd)(const struct stream *s);
    void (*dispatch)(struct stream *s);
    enum stream_result (*forward)(struct stream *s, const struct stream_record *set, unsigned n,
                                  const struct stream_position *positions, unsigned npositions,
                                  stream_done_fn done, void *arg, struct err *reterr);
    int (*reader_open)(struct stream *s, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr);
    void (*reader_close)(struct stream_reader *r);
    int (*reader_fd)(const struct stream_reader *r);
    enum stream_next (*next)(struct stream_reader *r, struct stream_message *ret,
                             struct err *reterr);
    int (*seek)(struct stream_reader *r, struct slice topic, struct slice partition, int64_t offset,
                struct err *reterr);
    int (*seek_time)(struct stream_reader *r, int64_t wall_ms, struct err *reterr);
    int (*lag)(struct stream_reader *r, uint64_t *ret_records, int64_t *ret_oldest_ms,
               struct err *reterr);
    /* NULL where what can be read is at hand at once, and where one process alone writes: then
     * every handle leads, and every reader has caught up and holds everything. */
    bool (*caught_up)(const struct stream_reader *r);
    bool (*moves)(const struct stream_reader *r);
    void (*yield)(struct stream_reader *r);
    bool (*holds)(const struct stream_reader *r, struct slice topic, struct slice partition);
    int (*lead)(struct stream *s, struct slice group, stream_lead_fn fn, void *arg,
                struct err *reterr);
    /* May be NULL. */
    bool (*queue)(const struct stream *s, struct stream_queue *ret);
};

/* Filled in by stream_init after the engine's open; stream.c checks sizes and names against it
 * before it calls forward. */
struct stream {
    const struct stream_engine *engine;
    uint64_t record_max, queue_bytes;
    uint32_t queue_records;
    bool writable;
};
struct stream_reader {
    const struct stream_engine *engine;
    const struct stream *stream;
};

void stream_init(struct stream *s, const struct stream_engine *engine,
                 const struct stream_options *o);
/* Bytes that a record counts for in every limit: topic, key, headers, value. */
uint64_t stream_record_size(const struct stream_record *r);
/* Fills *ret (topic, partition, offset = to, lost_from = from) and the text of a STREAM_LOST.
 * Returns STREAM_LOST. */
enum stream_next stream_lost(struct stream_message *ret, struct err *reterr, struct slice group,
                             struct slice topic, struct slice partition, int64_t from, int64_t to);

#endif
