/* fhir_call.h - one request of FHIR from its body to its answer: one message, or of a batch one per
 * entry. The port owns its calls; a call frees itself once it is answered. */
#ifndef WEIR_FHIR_CALL_H
#define WEIR_FHIR_CALL_H

#include "fhir_port.h"

/* Takes the document; the answer follows now or later. body is borrowed for the call. */
void fhir_call_begin(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r,
                     struct slice body);
/* The port is closing: there is nobody left to answer. */
void fhir_call_drop(struct fhir_call *c);

#endif
