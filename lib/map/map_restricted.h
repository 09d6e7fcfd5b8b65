/* map_restricted.h - whether where a patient is must stay hidden, of a FHIR document: what says so
 * stands on the Patient (meta.security), and holds for all that the document tells of him. */
#ifndef WEIR_MAP_RESTRICTED_H
#define WEIR_MAP_RESTRICTED_H

#include "map_run.h"

/* A Patient whose meta.security is R, V or REDACTED. NULL is none. */
bool map_restricted_patient(const struct json *resource);
/* "true" where a code at one of the paths of the source says so, or a Patient of the document does
 * who is the one at hand: by an identifier, or in a message, which is about its patients whatever
 * leads to them, or the Bundle itself is labelled so. Absent otherwise: a document that does not
 * say it takes nothing back. */
struct slice map_restricted(struct map_run *run, const struct map_source *source);

#endif
