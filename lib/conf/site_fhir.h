/* site_fhir.h - the section `fhir` of a source: what of FHIR is taken over HTTP. Part of a site
 * (site.h), whose arena it lives in. */
#ifndef WEIR_SITE_FHIR_H
#define WEIR_SITE_FHIR_H

#include "site_door.h"

struct site_fhir { /* sources.<name>.fhir */
    struct site_door door;
    struct slice base;           /* "/fhir"; no slash behind it */
    struct conf_texts resources; /* types that are taken */
    int64_t entries;             /* 1000 of a batch */
    bool request_id;             /* X-Request-ID is required */
};

#endif
