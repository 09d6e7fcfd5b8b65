/* map_fhir.h - what of a FHIR document is a message of its own, and which trigger it has.
 *
 * A resource is one; of a Bundle each entry. The trigger is the resource's type: Encounter;
 * Encounter.delete for a DELETE, which has no resource, so that one is made of its URL. A message
 * Bundle has message:CODE of its MessageHeader in front, with that resource. */
#ifndef WEIR_MAP_FHIR_H
#define WEIR_MAP_FHIR_H

#include "fhir_read.h"

struct map_fhir_part {
    struct slice trigger;        /* absent: neither a resource nor a DELETE */
    struct slice place;          /* "Encounter", "Bundle.entry[2].resource" */
    const struct json *resource; /* never NULL where there is a trigger */
    const struct fhir_entry *entry;
};

/* The code of a message Bundle's MessageHeader as a trigger; absent for any other document. */
struct slice map_fhir_message(const struct fhir_doc *doc, struct arena *arena);
/* Fills *ret for the entry; false when the arena is full. */
bool map_fhir_part(const struct fhir_doc *doc, const struct fhir_entry *entry, struct arena *arena,
                   struct map_fhir_part *ret);
/* What the sender knows the document by: Bundle.identifier, MessageHeader.id, else id, versionId
 * and lastUpdated of a resource that has been stored. Absent where none of them is there. */
struct slice map_fhir_control_id(const struct fhir_doc *doc, struct arena *arena);

#endif
