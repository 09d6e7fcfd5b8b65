/* fhir_restricted.h - the Patients of a batch whose whereabouts must stay hidden, and which entries
 * are about them: each entry is kept as a document of its own, where nothing else would say it. */
#ifndef WEIR_FHIR_RESTRICTED_H
#define WEIR_FHIR_RESTRICTED_H

#include "fhir_read.h"

struct fhir_restricted {
    struct slice *names; /* sorted: identifiers, fullUrls, Patient/ID */
    unsigned n;
    bool all; /* no memory to tell them apart: all entries are about one */
    struct arena *arena;
};

/* ret lives as long as doc and arena, which it borrows. */
void fhir_restricted_find(const struct fhir_doc *doc, struct arena *arena,
                          struct fhir_restricted *ret);
/* Whether any text of the entry is the identifier of such a Patient or refers to him: better that
 * one too many is hidden than that one is told. */
bool fhir_restricted_names(const struct fhir_restricted *r, const struct fhir_entry *entry);

#endif
