/* ledger.h - what a simulated feed made, sent and was answered: one JSON object a line, for a
 * checker that knows nothing of weir.
 *
 *   {"row":"made","control_id":…,"patient":…,"n":…,"also":[…,…]|null,"types":[…],"sha256":…,
 *    "trigger":…,"refuse":bool,"person":…}   a message, and the events that it must give (none
 *    where refused). What is not HL7 v2 has its SHA-256 as control id. patient: a line of messages
 *    in order; person: who is named, where others tell of him, too;
 *    "again": an event that another row has given before, so that it may be dropped as a repeat
 *   {"row":"sent","control_id":…,"connection":…}
 *   {"row":"answer","control_id":…,"expected":…,"code":…,"connection":…}
 *   {"row":"again","control_id":…}   the same bytes will be sent once more
 *
 * The ledger owns its file. NULL stands for none: every call does nothing. What a peer answered is
 * written with anything but letters, digits and -_. as a question mark. */
#ifndef WEIR_LEDGER_H
#define WEIR_LEDGER_H

#include "err.h"
#include "sector.h"
#include "slice.h"

struct ledger;

/* Begins the file anew. ERR_IO, ERR_NOMEM. */
int ledger_open(const char *path, struct ledger **ret, struct err *reterr);
/* Writes what is left and closes. ERR_IO where a write failed, now or before. NULL is fine. */
int ledger_close(struct ledger *l, struct err *reterr);

/* Fills t->key where it is empty. */
void ledger_made(struct ledger *l, struct telling *t);
void ledger_sent(struct ledger *l, const char *control_id, unsigned connection);
void ledger_again(struct ledger *l, const char *control_id);
void ledger_answer(struct ledger *l, const char *expected, struct slice control_id,
                   struct slice code, unsigned connection);

#endif
