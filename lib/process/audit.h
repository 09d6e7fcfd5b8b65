/* audit.h - who did what: records in flow.audit, chained by hash per writer.
 *
 * hash(n) = HMAC(audit key, hash(n-1) || value(n)), hash(0) = 32 zero bytes; the value is one JSON
 * object that holds seq, so nothing can be changed, left out or put in unseen. Cutting the tail is
 * seen only against a head kept elsewhere: audit_head gives it, programs log it. Never patient data
 * in a record: names, ids of events, reasons. The audit borrows its stream. */
#ifndef WEIR_AUDIT_H
#define WEIR_AUDIT_H

#include <stdint.h>
#include "err.h"
#include "digest.h"
#include "slice.h"
#include "stream.h"

enum { AUDIT_QUEUE_MAX = 256, AUDIT_FIELDS_MAX = 12 };

struct audit;

struct audit_field {
    struct slice name, value; /* value: text */
};

/* Reads the newest record of `writer` from the stream, from which it goes on; where the stream does
 * not answer for wait_ms it is still to be found (audit_look). ERR_REFUSED where that record does
 * not carry its own hash (wrong key, or changed). */
int audit_open(struct stream *s, struct slice writer, struct slice key, int wait_ms,
               struct audit **ret, struct err *reterr);
/* Looks for that record without waiting: 1 = it is known; 0 = not yet, reterr is filled where the
 * stream fails; -1 = ERR_REFUSED as above. Until it is known audit_append waits for it, a second
 * at most. */
int audit_look(struct audit *a, struct err *reterr);
/* Stops looking: before the stream is closed. NULL is fine. */
void audit_stop(struct audit *a);
/* Records that are still waiting are lost: drain the stream first. NULL is fine. */
void audit_close(struct audit *a);

/* e NULL: the record is durable. Else it is not, and what it was to record must not happen. */
typedef void (*audit_done_fn)(void *arg, const struct err *e);

/* Appends {seq, time, writer, action, who, fields...}. action is a dotted name ("parked.release");
 * who is control_who() or "system". done (may be NULL) is called later, from stream_dispatch.
 * ERR_FULL past AUDIT_QUEUE_MAX waiting records or when the stream takes none; done is then not
 * called. */
int audit_append(struct audit *a, struct slice action, struct slice who,
                 const struct audit_field *fields, unsigned nfields, audit_done_fn done, void *arg,
                 struct err *reterr);
/* seq and hash (hex) of the newest durable record; seq 0 = none. */
void audit_head(const struct audit *a, uint64_t *ret_seq, char ret_hash[DIGEST_HEX]);
/* True when nothing waits. */
bool audit_idle(const struct audit *a);

/* Walks the chain of one writer: give it that writer's records in order. */
struct audit_check {
    struct digest *digest;
    struct slice writer;
    unsigned char hash[DIGEST_SIZE];
    uint64_t seq;       /* of the last good record */
    bool begun, pruned; /* pruned: the first record seen had seq > 1 (older ones are gone) */
};
/* writer is borrowed. */
int audit_check_open(struct audit_check *c, struct slice writer, struct slice key,
                     struct err *reterr);
void audit_check_close(struct audit_check *c);
/* ERR_INPUT names the record (writer, seq, offset) and what is wrong with it. Records of other
 * writers are passed over. */
int audit_check_next(struct audit_check *c, const struct stream_message *m, struct err *reterr);
/* Compares the end with a head that was kept elsewhere. ERR_INPUT when records are missing after
 * c->seq or the head differs. */
int audit_check_head(const struct audit_check *c, uint64_t seq, struct slice hash_hex,
                     struct err *reterr);

#endif
