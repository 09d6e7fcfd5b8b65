/* doctor_message.h - the message that `weir doctor` sends: a test that does no harm where it is
 * taken for more, each time with a control id of its own.
 *
 * ADT^A31 (a person's details, no visit, no bed), MSH-11 T (HL7 table 0103: training; not
 * production), a patient XXTESTPATIENT whose NHS number is of the range 999 that is never given
 * out. */
#ifndef WEIR_DOCTOR_MESSAGE_H
#define WEIR_DOCTOR_MESSAGE_H

#include "buf.h"
#include "hl7_msg.h"

extern const char doctor_message_plain[];
/* The same patient with an accent in the name, UTF-8. */
extern const char doctor_message_accent[];

enum { DOCTOR_ID = 21 };

/* What the header of one sending says instead; NULL: as it stands. */
struct doctor_header {
    const char *control_id, *sent_at;
    const char *trigger; /* MSH-9.2, and no structure */
    const char *charset; /* MSH-18 */
    const char *acks;    /* MSH-15 and MSH-16 */
};

/* Appends the message, segments ended by CR, to out: in no frame. Check buf_ok. */
void doctor_message_write(struct buf *out, const struct hl7_msg *m, const struct doctor_header *h);
/* "WEIRdoctor" and ten digits: as long as MSH-10 may be (20 characters up to HL7 2.6), with both
 * kinds of letters, so that a receiver that alters it is seen to. */
void doctor_control_id(int64_t wall_ms, unsigned no, char out[DOCTOR_ID]);

#endif
