/* site_door.h - what every section of a source says in which messages are taken over HTTP: where,
 * from whom, how large, how long. Part of a site (site.h), whose arena it lives in; files are
 * named, not opened. */
#ifndef WEIR_SITE_DOOR_H
#define WEIR_SITE_DOOR_H

#include "site_tls.h"

struct site_bearer { /* sources.<name>.http.bearer, sources.<name>.fhir.bearer */
    const struct yaml *node;
    struct slice jwks_file; /* absolute */
    struct slice issuer, audience;
    struct conf_texts scopes, algorithms;
    int64_t leeway; /* 30s */
};

struct site_door {
    struct slice listen;
    struct conf_texts allow;
    uint64_t message_max;          /* 8MiB, unpacked, too */
    uint64_t bodies_max;           /* 128MiB, of all requests under way */
    int64_t connections, per_peer; /* 256, 64 */
    int64_t head_time, body_time;  /* 10s, 30s */
    int64_t idle_time;             /* 60s */
    bool plaintext;
    const struct yaml *tls_node, *bearer_node;
    struct site_tls tls;       /* its node NULL: plain text */
    struct site_bearer bearer; /* its node NULL: no token is asked for */
};

#endif
