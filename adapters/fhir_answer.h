/* fhir_answer.h - what a sender of FHIR is answered, as the translation of its document says:
 * status, resource, where it would stand.
 *
 * Pure functions of request and translation: the same document gets the same answer for ever. An
 * answer owns its bytes; they hold nothing of a person but what the sender wrote in its header. */
#ifndef WEIR_FHIR_ANSWER_H
#define WEIR_FHIR_ANSWER_H

#include "fhir_request.h"
#include "fhir_read.h"
#include "translate.h"

enum { FHIR_LOCATION = 160 };

struct fhir_answer {
    int status;                   /* of HTTP, or of an entry */
    struct buf body;              /* a resource as JSON; empty: none */
    char location[FHIR_LOCATION]; /* below the base: "Encounter/7/_history/1"; "": none */
    const char *etag;             /* NULL: none */
    int profile;                  /* enum site_fhir_profile: whose codes it has */
};

void fhir_answer_init(struct fhir_answer *a, int profile);
void fhir_answer_fini(struct fhir_answer *a);

/* An OperationOutcome of one issue. */
void fhir_answer_no(struct fhir_answer *a, int status, const char *issue, struct slice text);
/* All reasons of a refused translation, at places of the document as it was sent; the status is
 * that of the first. */
void fhir_answer_refused(struct fhir_answer *a, const struct fhir_request *r,
                         const struct translation *t);
/* What was asked is done, once it is durable. */
void fhir_answer_taken(struct fhir_answer *a, const struct fhir_request *r,
                       const struct translation *t);
/* The batch-response of the answers to its entries, in their order. */
void fhir_answer_batch(struct fhir_answer *a, const struct fhir_answer *entries, unsigned n);

/* What is wrong with a document that was read but is not what its request says; false: nothing.
 * *ret is filled with what lives for ever. */
bool fhir_answer_misfit(const struct site_fhir *conf, const struct fhir_request *r,
                        const struct fhir_doc *doc, struct translate_reason *ret);

#endif
