/* hl7_ack_due.h - which acknowledgments a sender is owed for a message: one in original mode, up to
 * two in enhanced mode, as MSH-15 and MSH-16 ask for (HL7 v2.5.1 §2.9.2, §2.9.3; table 0155).
 *
 * Pure functions; nothing is owned. */
#ifndef WEIR_HL7_ACK_DUE_H
#define WEIR_HL7_ACK_DUE_H

#include "hl7_ack.h"

/* What a receiver and a sender have agreed on. */
enum hl7_ack_mode {
    HL7_ACK_ORIGINAL,
    HL7_ACK_BY_HEADER, /* original where MSH-15 and MSH-16 are both empty, else enhanced */
    HL7_ACK_ENHANCED,  /* where both are empty: as AL and NE */
};

/* HL7 table 0155: AL, NE, ER, SU. */
enum hl7_ack_when { HL7_ACK_ALWAYS, HL7_ACK_NEVER, HL7_ACK_ON_ERROR, HL7_ACK_ON_SUCCESS };

/* What the sender of one message is to hear. */
struct hl7_ack_terms {
    bool enhanced;
    enum hl7_ack_when accept, application; /* enhanced mode only */
};

/* h NULL: no header could be read. Of MSH-15 and MSH-16 an empty one, or "", means NE where the
 * other one is valued; what is not in the table means AL, so that nobody waits for an answer for
 * ever. An acknowledgment (MSH-9 ACK, MCF) is never answered outside of original mode: two systems
 * could go on acknowledging each other. */
void hl7_ack_terms_of(enum hl7_ack_mode mode, const struct hl7_msg *m, const struct hl7_header *h,
                      struct hl7_ack_terms *ret);

struct hl7_ack_due {
    unsigned n; /* 0, 1 or 2, in the order in which they are sent */
    enum hl7_ack_code codes[2];
};

/* What is sent for an outcome in original codes (AA, AE, AR). later: it may be taken another time,
 * for which an accept answer says CE ("safe storage not available"). Who hears CE or CR hears no
 * application answer: the message was not accepted, and the exchange is over. */
void hl7_ack_due_of(const struct hl7_ack_terms *terms, enum hl7_ack_code outcome, bool later,
                    struct hl7_ack_due *ret);
/* AA, AE, AR rather than CA, CE, CR. */
bool hl7_ack_is_application(enum hl7_ack_code code);

#endif
