/* revision.h - the records of what a mended map makes otherwise: corrections, events that are new,
 * retractions (docs/architecture.md, after a mended map).
 *
 * A writer is used for set after set; the set it gives borrows the records it was made from and the
 * writer, until the next revision_begin. */
#ifndef WEIR_REVISION_H
#define WEIR_REVISION_H

#include "event_id.h"
#include "record.h"

enum { REVISION_HEADERS = 10 };

struct revision_writer {
    struct buf json, content;
    struct event_encoder *encoder, *content_encoder;
    struct digest *digest;
    struct stream_record set[RECORD_EVENTS_MAX];
    struct stream_header headers[RECORD_EVENTS_MAX * REVISION_HEADERS];
    char ids[RECORD_EVENTS_MAX][EVENT_REVISION_SIZE];
    size_t ends[RECORD_EVENTS_MAX]; /* of the values in json; 0: the value is another's */
    unsigned n;
};

int revision_writer_init(struct revision_writer *w, struct err *reterr);
/* One that is all zero is fine. */
void revision_writer_fini(struct revision_writer *w);

/* A print of all that an event says, but for its id and data.replaces. */
uint64_t revision_content(struct revision_writer *w, struct event *e);

/* The next set: at most RECORD_EVENTS_MAX records. */
void revision_begin(struct revision_writer *w);
/* An event that was never reported: its record as it was made. */
void revision_new(struct revision_writer *w, const struct stream_record *made);
/* The event of that record as revision n of itself; e becomes it. */
void revision_correct(struct revision_writer *w, const struct stream_record *made, struct event *e,
                      unsigned n);
/* Revision n of the event in `old`, of flow.reported: that it did not happen. It says again what
 * the old one said, so that rules, keep-lists and restrictions treat it alike. ERR_INPUT: the old
 * record is no event. */
int revision_retract(struct revision_writer *w, const struct site_source *source,
                     const struct stream_message *old, unsigned n, struct arena *arena,
                     struct err *reterr);
/* After all of it: the values stand. ERR_LIMIT. */
int revision_end(struct revision_writer *w, struct err *reterr);
/* Bytes of the set's values. */
size_t revision_bytes(const struct revision_writer *w);

#endif
