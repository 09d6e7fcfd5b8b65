/* hl7_ack.h - acknowledgments: written for a sender, read from a receiver (HL7 v2.5.1 §2.9.2,
 * §2.9.3, §2.14.5, §2.15.8; tables 0008, 0357, 0516). Which of them a sender is owed:
 * hl7_ack_due.h.
 *
 * An ACK carries positions and codes, never a value of the message but MSA-2. Owns nothing. */
#ifndef WEIR_HL7_ACK_H
#define WEIR_HL7_ACK_H

#include "buf.h"
#include "err.h"
#include "hl7_msg.h"

/* HL7 table 0008. */
enum hl7_ack_code { HL7_AA, HL7_AE, HL7_AR, HL7_CA, HL7_CE, HL7_CR };

/* HL7 table 0357. */
enum hl7_error_code {
    HL7_SEGMENT_SEQUENCE = 100,
    HL7_REQUIRED_FIELD = 101,
    HL7_DATA_TYPE = 102,
    HL7_TABLE_VALUE = 103,
    HL7_VALUE_TOO_LONG = 104,
    HL7_UNSUPPORTED_TYPE = 200,
    HL7_UNSUPPORTED_EVENT = 201,
    HL7_UNSUPPORTED_PROCESSING_ID = 202,
    HL7_UNSUPPORTED_VERSION = 203,
    HL7_UNKNOWN_KEY = 204,
    HL7_DUPLICATE_KEY = 205,
    HL7_RECORD_LOCKED = 206,
    HL7_INTERNAL = 207,
};

/* One ERR segment. Zero or absent means: not said. */
struct hl7_ack_error {
    struct slice segment; /* "PID" */
    unsigned sequence;    /* which of them, from 1 */
    unsigned field, repetition, component, subcomponent;
    enum hl7_error_code code;
    bool fatal;     /* ERR-4 F rather than E: somebody has to act */
    bool retriable; /* ERR-5 RETRY rather than DO-NOT-RETRY: the same message may be taken later */
    struct slice text; /* ERR-8, for a person; no patient data */
};

struct hl7_ack {
    enum hl7_ack_code code;
    struct slice sent_at;    /* the new MSH-7 (hl7_time_write) */
    struct slice control_id; /* the new MSH-10 */
    const struct hl7_ack_error *errors;
    size_t nerrors;
    bool unanswered; /* MSH-15 and MSH-16 say NE: an application answer that nobody is to answer */
    bool text;       /* MSA-3 says the first error's text, up to 2.6: gone since then */
};

/* Appends the ACK to out, without a frame; check buf_ok. request is the message that is answered,
 * NULL where not even its header could be read: usual delimiters, version 2.3, MSA-2 empty. */
void hl7_ack_write(struct buf *out, const struct hl7_msg *request, const struct hl7_ack *ack);

/* What an answer says: the slices borrow from it. */
struct hl7_answer {
    enum hl7_ack_code code;
    struct slice control_id; /* MSA-2: which message it answers */
    struct slice text;  /* what is wrong, for a person: ERR-8 (from 2.5), else MSA-3, else ERR-1
                           as it stands; may be empty or absent */
    struct slice error; /* first ERR-3.1 (ERR-1.4.1 up to 2.4), or absent */
    struct slice retry; /* first ERR-5.1, or absent */
};

/* ERR_PEER where the bytes are no ACK, or MSA-1 is not in table 0008. */
int hl7_ack_read(struct slice raw, struct arena *arena, struct hl7_answer *ret, struct err *reterr);
/* "AA" and so on. */
const char *hl7_ack_name(enum hl7_ack_code code);

#endif
