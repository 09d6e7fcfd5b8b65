/* tls_name.h - which certificates are meant: by subject, by subject alternative name, or both.
 * Borrowed text; nothing is owned. */
#ifndef WEIR_TLS_NAME_H
#define WEIR_TLS_NAME_H

#include <stdbool.h>
#include "err.h"
#include "slice.h"

struct tls_name {
    /* "CN=pas.rzz.nhs.uk,O=RZZ": each is in the subject, letter for letter, and no other value of
     * these types; what is not named may be anything. "\," is a comma. "*": any. Absent: not asked
     * for. */
    struct slice subject;
    /* "DNS:pas.rzz.nhs.uk", "IP:10.1.2.3", "URI:urn:nhs:ods:RZZ", "email:a@b": one of these is
     * there. None: not asked for. */
    const struct slice *alt;
    unsigned nalt;
};

/* ERR_CONF: what cannot be read. */
int tls_name_check(const struct tls_name *n, struct err *reterr);

#endif
