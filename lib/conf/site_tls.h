/* site_tls.h - the sections `tls`: what a listener and a client of MLLP show and trust. Part of a
 * site (site.h), whose arena they live in; files are named, not opened. */
#ifndef WEIR_SITE_TLS_H
#define WEIR_SITE_TLS_H

#include "conf.h"

struct site_tls_peer { /* sources.<name>.mllp.tls.peers.<name>: who may connect */
    struct slice name;
    const struct yaml *node;
    struct slice subject;      /* "CN=pas.rzz.nhs.uk,O=RZZ"; "*"; absent = not asked for */
    struct conf_texts san;     /* "DNS:…", "IP:…", "URI:…", "email:…": one of them */
    struct conf_texts sending; /* "APP/FACILITY" that it may send as; none = as the source says */
};

struct site_tls { /* sources.<name>.mllp.tls */
    const struct yaml *node;
    struct slice cert_file, key_file, ca_file, crl_file; /* absolute; absent = none */
    const struct yaml *key_password_node;
    struct slice key_password; /* secret; absent = none, or not opened */
    bool client_certificate;   /* required, else none is asked for */
    struct site_tls_peer *peers;
    unsigned npeers;
    bool only_1_3;
    int64_t handshake_time; /* 10s */
    int64_t handshakes;     /* 256 under way */
    int64_t expiry_warning; /* 30d */
};

struct site_tls_client { /* of what connects to a listener */
    const struct yaml *node;
    struct slice ca_file, cert_file, key_file; /* absolute; absent = the system's, none, none */
    const struct yaml *key_password_node;
    struct slice key_password;
    struct slice server_name; /* that the server's certificate bears; absent = the host */
    bool only_1_3;
    int64_t expiry_warning; /* 30d */
};

/* Reads a client's section; `secrets`: the password of its key, too. ERR_CONF with
 * file:line:column.
 */
int site_tls_client_read(const struct yaml *node, bool secrets, struct arena *arena,
                         struct site_tls_client *ret, struct err *reterr);
/* Its options as a table of markdown. */
void site_tls_client_print(struct buf *out);

#endif
