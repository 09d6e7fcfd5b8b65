/* fhir_message_answer.h - the message Bundle that answers a message Bundle (FHIR R4 §2.4.3; ITK3
 * response).
 *
 * Its ids are made of the message's own name and content, and its timestamp is that of the message:
 * a message that is sent again hears the same again. */
#ifndef WEIR_FHIR_MESSAGE_ANSWER_H
#define WEIR_FHIR_MESSAGE_ANSWER_H

#include "fhir_outcome.h"
#include "translate.h"

/* The message is taken: a MessageHeader of its event with response.code ok. */
void fhir_message_ok(struct json_writer *w, const struct translation *t);

/* Whether its sender wants an ITK3 infrastructure acknowledgment: InfAckRequested, and also where
 * the message could not be read that far. */
bool fhir_message_wants_ack(const struct translation *t);
/* ITK-Response (event ITK008M) with an OperationOutcome of these issues; code: "ok", "fatal-error"
 * (response-code). */
void fhir_message_ack(struct json_writer *w, const struct translation *t, const char *code,
                      const struct fhir_issue *issues, unsigned n);

#endif
