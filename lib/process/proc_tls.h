/* proc_tls.h - the TLS that a section `tls` of the site asks for (site_tls.h), opened; and how long
 * its certificates last. */
#ifndef WEIR_PROC_TLS_H
#define WEIR_PROC_TLS_H

#include "site_tls.h"
#include "tls.h"
#include "tls_link.h"

/* Of a listener: reads its files and checks how its peers are named. *ret borrows from the site.
 * ERR_CONF with file:line:column. */
int proc_tls_server(const struct site_tls *conf, struct tls **ret, struct err *reterr);
/* Of a client. As above. */
int proc_tls_client(const struct site_tls_client *conf, struct tls **ret, struct err *reterr);

/* Days until `until`, rounded down; negative where it is over. Both wall clock, ms. */
int64_t proc_tls_days(int64_t until, int64_t now);

enum proc_tls_file { PROC_TLS_CERT, PROC_TLS_CA, PROC_TLS_CRL, PROC_TLS_FILES };
struct proc_tls_end {
    const char *option; /* "cert_file" */
    int64_t until;      /* 0: none, or it does not say */
};
/* When each of the files ends, at PROC_TLS_…. */
void proc_tls_ends(const struct tls *t, struct proc_tls_end ret[PROC_TLS_FILES]);
/* ERR_CONF with file:line:column where a file of the section has ended, or the certificate does not
 * hold yet; else *ret_soon is true, and reterr says it, where one ends within `within` ms. For
 * `weir check`. */
int proc_tls_dates(const struct yaml *node, const struct tls *t, int64_t within, bool *ret_soon,
                   struct err *reterr);

/* Which of its peers the other end is, by its certificate; NULL: none of them. */
const struct site_tls_peer *proc_tls_peer(const struct site_tls *conf, const struct tls_link *link);

#endif
