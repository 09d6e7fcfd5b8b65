/* audit_chain.h - how one audit record is written and hashed: what audit.c appends and
 * audit_check.c verifies. */
#ifndef WEIR_AUDIT_CHAIN_H
#define WEIR_AUDIT_CHAIN_H

#include "audit.h"
#include "buf.h"

#define AUDIT_TOPIC SLICE("flow.audit")

/* What stands in the headers of a record. */
struct audit_link {
    uint64_t seq;
    unsigned char hash[DIGEST_SIZE], prev[DIGEST_SIZE];
};

/* HMAC(key, prev || value). */
void audit_hash(struct digest *keyed, const unsigned char prev[DIGEST_SIZE], struct slice value,
                unsigned char out[DIGEST_SIZE]);
/* False where a header is missing or odd. */
bool audit_link_read(const struct stream_message *m, struct audit_link *ret);
/* True where value is one JSON object with this seq and writer. */
bool audit_value_is(struct slice value, uint64_t seq, struct slice writer);
/* Reads 64 hex digits. */
bool audit_unhex(struct slice hex, unsigned char out[DIGEST_SIZE]);

#endif
