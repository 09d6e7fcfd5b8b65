/* refused_peers.h - the audit of peers that TLS did not let in.
 *
 * The first refusal of an address for a reason is recorded at once, and then once an hour with how
 * often it was. At most REFUSED_PEERS records an hour: flow.audit is kept for good, and who knocks
 * must not fill it. What is left out is counted in the next record. Every refusal is in the log and
 * the metrics all the same. Borrows the audit. */
#ifndef WEIR_REFUSED_PEERS_H
#define WEIR_REFUSED_PEERS_H

#include "address.h"
#include "audit.h"

enum { REFUSED_PEERS = 64 };

struct refused_peer {
    unsigned char ip[16];
    const char *reason;
    bool said;       /* at said_ms */
    int64_t said_ms; /* monotonic */
    uint64_t times;  /* since then */
};
struct refused_peers {
    struct audit *audit; /* NULL: nothing is recorded */
    struct refused_peer at[REFUSED_PEERS];
    unsigned n;
    int64_t hour_ms; /* the hour began */
    unsigned records;
    uint64_t others; /* refusals of addresses for which there was no room */
};

void refused_peers_init(struct refused_peers *r, struct audit *audit);
/* reason is a name that lives as long as the program. now_ms: monotonic. */
void refused_peers_note(struct refused_peers *r, struct slice source, const struct address *peer,
                        const char *reason, const char *subject, int64_t now_ms);

#endif
