/* fhir_kept.h - the document that is kept of a request, from which everything is made.
 *
 * Mostly what was sent. But two requests with the same body may say different things, and what is
 * kept must tell them apart: a create whose body bears an id reads like an update, and a resource
 * that changes and changes back reads like a repeat. Such a request is kept as a Bundle of one
 * entry that says method and url, with X-Request-ID as its identifier:
 *
 *   {"resourceType":"Bundle","type":"batch","identifier":{"value":"c1ab3fba-…"},
 *    "entry":[{"request":{"method":"PUT","url":"Encounter/7"},"resource":{…}}]}
 *
 * The same request again, with the same X-Request-ID, is then the same document, and another
 * request is another one. A resource with meta.versionId or meta.lastUpdated tells itself apart,
 * and stays as it was sent. */
#ifndef WEIR_FHIR_KEPT_H
#define WEIR_FHIR_KEPT_H

#include "fhir_request.h"
#include "fhir_read.h"

/* Bytes that it may be longer than what was sent. */
enum { FHIR_KEPT_MORE = 2048 };

/* Whether the body has to be read to know how it is kept. */
bool fhir_kept_reads(const struct fhir_request *r, struct slice body);
/* doc: of that body, read without fault and fit for the request; NULL: not read, not readable, or
 * not fit. Returns the body itself, or what was made of it in out; absent where that has no room.
 */
struct slice fhir_kept(const struct fhir_request *r, struct slice body, const struct fhir_doc *doc,
                       struct buf *out);
/* Entry nth (from 0) of a batch as a batch of its own: entries do not depend on each other (FHIR R4
 * §3.1.0.11.1). restricted: it is about a Patient whom another entry says to be that
 * (fhir_restricted.h), which Bundle.meta.security of what is kept then says. Absent where out has
 * no room. */
struct slice fhir_kept_entry(const struct fhir_request *r, const struct fhir_entry *entry,
                             unsigned nth, bool restricted, struct buf *out);

#endif
