/* fhir_capability.h - CapabilityStatement: what a FHIR listener takes, told to who asks /metadata
 * (R4 §5.1). */
#ifndef WEIR_FHIR_CAPABILITY_H
#define WEIR_FHIR_CAPABILITY_H

#include "json.h"

struct fhir_capability {
    struct slice software_version;
    struct slice date;         /* RFC 3339: when the configuration that it tells of was taken */
    struct slice url;          /* of the base as the caller wrote it; absent: not known */
    const struct slice *types; /* resources that are created, updated and deleted */
    unsigned ntypes;
    bool bearer, certificates; /* how callers say who they are */
};

/* Writes the resource. */
void fhir_capability_write(struct json_writer *w, const struct fhir_capability *c);

#endif
