/* site_fhir.h - the section `fhir` of a source: what of FHIR is taken over HTTP. Part of a site
 * (site.h), whose arena it lives in. */
#ifndef WEIR_SITE_FHIR_H
#define WEIR_SITE_FHIR_H

#include "site_door.h"

/* What is asked and answered beyond what FHIR says. */
enum site_fhir_profile { SITE_FHIR_PLAIN, SITE_FHIR_BARS, SITE_FHIR_ITK3 };

struct site_fhir { /* sources.<name>.fhir */
    struct site_door door;
    struct slice base;           /* "/fhir"; no slash behind it */
    struct conf_texts resources; /* types that are taken */
    int64_t entries;             /* 1000 of a batch */
    bool request_id;             /* X-Request-ID is required */
    int profile;                 /* enum site_fhir_profile */
    struct conf_texts endpoints; /* to whom messages may be addressed; none: to anybody */
    int64_t remember;            /* 100000 requests and Bundles, to know what comes again */
    bool unique_bundles;         /* a Bundle.id belongs to one message */
};

#endif
