/* fhir_bundle.h - the entries of a document, and the rules that a Bundle of each type follows. */
#ifndef WEIR_FHIR_BUNDLE_H
#define WEIR_FHIR_BUNDLE_H

#include "fhir_read.h"

/* Fills kind, entries, n and index of *doc, whose root is set. Refused are a Bundle without a type,
 * entries that are no objects, and two of one fullUrl outside of a history (FHIR R4 bdl-7). */
int fhir_entries(struct fhir_doc *doc, struct arena *arena, struct fhir_fault *ret_fault);

/* The rules of each type (FHIR R4 §2.36.2, §3.1.0.11, §2.4; bdl-n are its invariants). Refused are:
 * - of any type: an entry without resource, request and response (bdl-5);
 * - transaction, batch: an entry without request.method or request.url (bdl-3), a method that there
 *   is not, POST, PUT or PATCH without a resource, GET, HEAD or DELETE with one, a type or an id
 *   that is not that of the url, a PUT whose url has no id and is no search;
 * - history: a DELETE with a resource;
 * - transaction: a urn: that no fullUrl has, a reference by search;
 * - message: a first resource that is no MessageHeader (bdl-12), one without an event or with two,
 *   or whose focus is not in the Bundle; an entry without a fullUrl, or one that names a version
 *   (bdl-8); of R4 a Bundle without a timestamp (bdl-10). */
int fhir_check(const struct fhir_doc *doc, struct fhir_fault *f);

/* Whether it can be the name of a resource type: it goes into counters and answers. */
bool fhir_is_type(struct slice s);

/* Fills the fault; returns -1. expression NULL: none. */
int fhir_refuse(struct fhir_fault *f, const char *issue, const char *expression, const char *text);

#endif
