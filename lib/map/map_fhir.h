/* map_fhir.h - what of a FHIR document is a message of its own, and which trigger it has.
 *
 * A resource is one; of a Bundle each entry. The trigger is the resource's type: Encounter;
 * Encounter.delete for a DELETE, which has no resource, so that one is made of its URL. A message
 * Bundle has message:CODE of its MessageHeader in front, with that resource; one that answers
 * another (MessageHeader.response) response:CODE. */
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
/* Whether it is a message that answers another: what it carries is no news by itself. */
bool map_fhir_answers(const struct fhir_doc *doc);
/* Fills *ret for the entry; false when the arena is full. */
bool map_fhir_part(const struct fhir_doc *doc, const struct fhir_entry *entry, struct arena *arena,
                   struct map_fhir_part *ret);
/* What the sender knows the document by: of a message MessageHeader.id, else Bundle.identifier,
 * else Bundle.id; of another Bundle its identifier; else id, versionId and lastUpdated of a
 * resource that has been stored. Absent where none of them is there. */
struct slice map_fhir_control_id(const struct fhir_doc *doc, struct arena *arena);
/* What differs each time that one and the same message is sent, and so is no part of the ids of its
 * events: Bundle.id, identifier, timestamp and meta, MessageHeader.timestamp, meta.lastUpdated.
 * None for other documents, or for a message that nothing names. False when the arena is full. */
bool map_fhir_envelope(const struct fhir_doc *doc, struct arena *arena, const struct json ***ret,
                       unsigned *ret_n);

#endif
