/* adt_write.h - one event as an ADT message of HL7 v2.4, as HL7 UK A.3 uses it: what its source
 * would have sent, so that the shipped maps read the same event again but for ids, times of sending
 * and doubts about how it was first written.
 *
 * A pure function of the event and the options: the same event gives the same bytes, so that what
 * is sent again is the same message. Codes go out as the source sent them, else as codes of
 * the NHS. Text is UTF-8. Owns nothing. */
#ifndef WEIR_ADT_WRITE_H
#define WEIR_ADT_WRITE_H

#include "adt_form.h"
#include "buf.h"
#include "digest.h"

enum { ADT_CONTROL_ID = 21 };

struct adt_options {
    struct slice sending_app, sending_facility;     /* MSH-3, 4; absent: those of the source */
    struct slice receiving_app, receiving_facility; /* MSH-5, 6; may be absent */
    struct slice processing_id;                     /* MSH-11; a test message stays one */
};

/* MSH-10 for the event of that id: 20 characters, always the same. sha is SHA-256 without a key. */
struct slice adt_control_id(struct digest *sha, struct slice event_id, char out[ADT_CONTROL_ID]);

/* Appends the message, without a frame; check buf_ok. ERR_INPUT, and nothing is appended, where no
 * ADT message tells such an event, or it lacks what that message is about. */
int adt_write(struct buf *out, const struct event *e, const struct adt_options *o,
              struct slice control_id, struct err *reterr);

#endif
