/* answer.h - what a message is answered, as its translation says: the one place that turns a
 * verdict into an acknowledgment, for the adapters and for tests of a configuration.
 *
 * Pure functions of the translation and of what the source says under `ack`. An answer borrows from
 * the translation, and owns nothing. */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "hl7_ack_due.h"
#include "site.h"
#include "translate.h"

enum { ANSWER_ERRORS_MAX = 16 };

struct answer {
    enum hl7_ack_code code;
    bool later;       /* there was no memory to say why: "try later", and nothing is kept */
    bool unusable;    /* accepted as far as its sender is told: it stands in flow.rejected, and
                         somebody    here has to act */
    unsigned nerrors; /* of a refusal: an ERR segment each, the first ANSWER_ERRORS_MAX reasons */
    struct hl7_ack_error errors[ANSWER_ERRORS_MAX];
};

/* AA for all that is not refused, unmapped triggers too. AR where the header is at fault, else AE
 * (HL7 v2.5.1 §2.9.2.2, original mode). header_read: the answer can echo an MSH of the message. */
void answer_of(const struct translation *t, bool header_read, struct answer *ret);
/* Where the source says so (on_invalid), a refusal becomes AA. Only for a message that
 * flow.rejected holds whole: who hears AA does not send it again. */
void answer_accept(const struct site_ack *ack, struct answer *a);
/* What the sender of a message has asked for. request NULL: no header could be read. */
void answer_terms(const struct site_ack *ack, const struct hl7_msg *request,
                  struct hl7_ack_terms *ret);
/* The answers that leave for an outcome (hl7_ack_due_of); none may be. */
void answer_due(const struct site_ack *ack, const struct hl7_ack_terms *terms,
                enum hl7_ack_code outcome, bool later, struct hl7_ack_due *ret);
/* The translation of a message whose records the stream can never take (why): refused for good,
 * with *reason, which must live as long. */
struct translation answer_unfit(const struct translation *t, const struct err *why,
                                struct translate_reason *reason);

/* The translation of a message that is refused for a reason outside of it. */
struct translation answer_because(const struct translation *t, struct translate_reason *reason);

/* The translation of a message that its connection may not send: its certificate stands for another
 * MSH-3 or MSH-4. AR, whatever on_invalid says, and kept as refused. */
struct translation answer_foreign(const struct translation *t, struct translate_reason *reason);

#endif
