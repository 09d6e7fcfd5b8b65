/* fhir_outcome.h - OperationOutcome: what a sender is told of its request, in FHIR's words (R4
 * §2.40). Never with patient data: texts are ours. */
#ifndef WEIR_FHIR_OUTCOME_H
#define WEIR_FHIR_OUTCOME_H

#include "json.h"

struct fhir_issue {
    const char *severity;    /* "error", "information" (valueset-issue-severity) */
    const char *code;        /* "structure", "not-supported" (valueset-issue-type) */
    struct slice text;       /* diagnostics; absent: none */
    struct slice expression; /* FHIRPath of what is wrong; absent or empty: none */
    const char *system;      /* of detail; NULL: none */
    const char *detail;      /* details.coding.code in that system, such as "REC_CONFLICT" */
    const char *display;     /* of that code; NULL: none */
};

/* Writes the resource. n is at least 1. */
void fhir_outcome_write(struct json_writer *w, const struct fhir_issue *issues, unsigned n);

#endif
