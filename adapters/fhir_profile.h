/* fhir_profile.h - what the profile of a source (option `fhir: profile`) asks of a request and says
 * in an OperationOutcome, beyond FHIR: NHS Booking and Referral Standard (BaRS core 1.x, API 1.4 to
 * 1.6), ITK3. Pure functions. */
#ifndef WEIR_FHIR_PROFILE_H
#define WEIR_FHIR_PROFILE_H

#include "fhir_outcome.h"
#include "fhir_request.h"
#include "translate.h"

/* Fills system, detail and display of an issue of an answer with that status; leaves them where the
 * profile has no code for it. */
void fhir_profile_issue(int profile, int status, struct fhir_issue *issue);
/* The same for a reason of a refused document (of BaRS by status alone). */
void fhir_profile_reason(int profile, int status, const struct translation *t,
                         const struct translate_reason *reason, struct fhir_issue *issue);

/* What the profile, or the source's `endpoints`, do not allow of a document that fits otherwise;
 * false: nothing. *ret is filled with what lives for ever. */
bool fhir_profile_misfit(const struct site_fhir *conf, const struct fhir_request *r,
                         const struct translation *t, struct translate_reason *ret);

/* Headers of BaRS: JSON in base64 (RFC 4648 §4). Absent ones are fine. */
struct fhir_nhsd {
    struct slice target;       /* NHSD-Target-Identifier: {"system", "value"} */
    struct slice organisation; /* NHSD-End-User-Organisation: Organization */
    struct slice software;     /* NHSD-Requesting-Software: Device */
    struct slice practitioner; /* NHSD-Requesting-Practitioner: PractitionerRole */
};

/* Whether they can be read and the target is one of `endpoints`; else *no is filled. The ODS code
 * of the organisation goes to r, for the log. Uses the arena. */
bool fhir_profile_headers(const struct site_fhir *conf, const struct fhir_nhsd *h,
                          struct arena *arena, struct fhir_request *r, struct fhir_no *no);

#endif
