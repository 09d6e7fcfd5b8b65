/* fhir_request.h - what an HTTP request asks of a FHIR server, before its body is looked at: the
 * interaction, the formats, the ids to echo (FHIR R4 §3.1.0, BaRS headers).
 *
 * Pure functions of the request and the source's section `fhir`. A request borrows the bytes of the
 * HTTP head. */
#ifndef WEIR_FHIR_REQUEST_H
#define WEIR_FHIR_REQUEST_H

#include "site.h"

enum fhir_ask {
    FHIR_ASK_METADATA,
    FHIR_ASK_BUNDLE,  /* POST to the base: transaction or batch */
    FHIR_ASK_MESSAGE, /* POST to $process-message */
    FHIR_ASK_CREATE,
    FHIR_ASK_UPDATE,
    FHIR_ASK_DELETE,
};

enum fhir_media { FHIR_MEDIA_NONE, FHIR_MEDIA_JSON, FHIR_MEDIA_XML };

/* The head of a request; absent is what was not sent. */
struct fhir_head {
    struct slice method, path, query;
    struct slice content_type, content_encoding, accept, prefer;
    struct slice if_match, if_none_match, if_none_exist, if_unmodified_since;
    struct slice request_id, correlation_id;
    bool body; /* there is one */
};

struct fhir_request {
    enum fhir_ask ask;
    struct slice type, id;
    enum fhir_media answer;
    bool outcome; /* Prefer: return=OperationOutcome */
    bool gzip;
    struct slice request_id, correlation_id; /* as sent, where they can be echoed; else absent */
    char organisation[12];                   /* ODS code of who asks; "": not said */
};

/* Why a request is refused before its body is looked at. */
struct fhir_no {
    int status;
    const char *issue; /* valueset-issue-type */
    const char *text;
    const char *allow; /* of 405: the methods that there are; else NULL */
};

/* Fills *ret as far as it gets, so that a refusal can be answered in the format asked for, too.
 * Returns 0, or -1 and *no. */
int fhir_request_read(const struct site_fhir *conf, const struct fhir_head *head,
                      struct fhir_request *ret, struct fhir_no *no);
/* Whether resources of that type are taken. */
bool fhir_request_takes(const struct site_fhir *conf, struct slice type);
/* What of such an id may stand in a log: a GUID; absent where it could be anybody's number. */
struct slice fhir_request_logged(struct slice id);

#endif
