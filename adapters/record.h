/* record.h - the records that one message becomes on the stream (docs/architecture.md, records on
 * the stream).
 *
 * A writer belongs to one process and is used for message after message; the set it gives borrows
 * the message, the translation and the writer until the next call. */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include "hl7_ack.h"
#include "hl7_frame.h"
#include "rfc3339.h"
#include "site.h"
#include "stream.h"
#include "translate.h"

enum { RECORD_EVENTS_MAX = 256, RECORD_PLACE = 96 };

struct record_writer {
    struct buf json; /* events, or reasons */
    struct event_encoder *encoder;
    struct json_writer *reasons;
    char received[RFC3339_SIZE], length[24], events[16], sha256[DIGEST_HEX];
    struct stream_header headers[(RECORD_EVENTS_MAX + 1) * 10];
    struct stream_record set[RECORD_EVENTS_MAX + 1];
    unsigned nheaders, n;
};

int record_writer_init(struct record_writer *w, struct err *reterr);
void record_writer_fini(struct record_writer *w);

/* flow.messages and a flow.reported for each event, of a message that was received at that time
 * (RFC 3339). ERR_LIMIT: more events than RECORD_EVENTS_MAX, or larger than can be held, or than
 * the broker can read. ERR_INPUT: `received` is longer than a time is. */
int record_message(struct record_writer *w, const struct site_source *source, struct slice raw,
                   struct slice received, const struct translation *t, struct err *reterr);
/* flow.rejected of a message of `length` bytes that cannot be used, with every reason; raw is all
 * of it or its head. accepted: its sender heard that it was taken. */
int record_rejected(struct record_writer *w, const struct site_source *source, struct slice raw,
                    uint64_t length, const struct translation *t, bool accepted,
                    struct err *reterr);
/* flow.rejected of a frame over the limit (of this option of the source): its head, whole length
 * and hash. */
int record_frame(struct record_writer *w, const struct site_source *source,
                 const struct hl7_frame *frame, uint64_t limit, const char *option,
                 struct err *reterr);
/* flow.rejected that says that a refusal is resolved, and how many events came of it. of:
 * "<partition>/<offset>" of the refusal; by: who asked for it. All three are borrowed as long as
 * the set is. */
void record_resolved(struct record_writer *w, struct slice source, struct slice of, struct slice by,
                     unsigned events);
/* "PID-3[2].4", "Encounter.period.start", or "" where the reason names no place. */
const char *record_place(const struct translate_reason *r, char out[RECORD_PLACE]);
/* Bytes of the set's values. */
size_t record_bytes(const struct record_writer *w);

#endif
