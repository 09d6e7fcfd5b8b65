/* answer.h - what a message is answered, as its translation says: the one place that turns a
 * verdict into an acknowledgment, for the adapters and for tests of a configuration.
 *
 * A pure function of the translation. An answer borrows from it, and owns nothing. */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "hl7_ack.h"
#include "translate.h"

enum { ANSWER_ERRORS_MAX = 16 };

struct answer {
    enum hl7_ack_code code;
    bool later;       /* there was no memory to say why: "try later", and nothing is kept */
    unsigned nerrors; /* of a refusal: an ERR segment each, the first ANSWER_ERRORS_MAX reasons */
    struct hl7_ack_error errors[ANSWER_ERRORS_MAX];
};

/* AA for all that is not refused, unmapped triggers too. AR where the header is at fault, else AE
 * (HL7 v2.5.1 §2.9.2.2, original mode). header_read: the answer can echo an MSH of the message. */
void answer_of(const struct translation *t, bool header_read, struct answer *ret);
/* The translation of a message whose records the stream can never take (why): refused for good,
 * with *reason, which must live as long. */
struct translation answer_unfit(const struct translation *t, const struct err *why,
                                struct translate_reason *reason);

#endif
