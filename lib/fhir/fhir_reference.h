/* fhir_reference.h - references of FHIR, as far as they can be followed within one document. */
#ifndef WEIR_FHIR_REFERENCE_H
#define WEIR_FHIR_REFERENCE_H

#include "fhir_read.h"

/* The resource that a reference means, or NULL: `#id` among what the resource of the entry contains
 * ("#" alone: that resource itself; FHIR R4 §2.3.0.4), then an entry by its fullUrl, then, for
 * Type/id, the entry beside this one (same base of fullUrl), then any resource of the document with
 * that type and id (§2.36.4). ref is a Reference or a text such as "Patient/1"; NULL is fine. */
const struct json *fhir_resolve(const struct fhir_doc *doc, const struct fhir_entry *from,
                                const struct json *ref);

/* What a reference names within a server: "https://a/Patient/1/_history/2" is Patient, 1. False:
 * neither (urn:, #, a search). */
bool fhir_reference_split(struct slice text, struct slice *ret_type, struct slice *ret_id);

/* Makes doc->index of doc->entries; ERR_NOMEM. At *ret_twice: an entry whose fullUrl another one
 * before it has, or NULL. */
int fhir_index_make(struct fhir_doc *doc, struct arena *arena, const struct fhir_entry **ret_twice,
                    struct err *reterr);
/* The entry with that fullUrl, or NULL. */
const struct fhir_entry *fhir_index_url(const struct fhir_index *index, struct slice url);

#endif
