/* retry.h - refused messages translated again with today's map, when somebody asks for it.
 *
 *   asked -> looked for -> audited -> translated again -> durable -> resolved
 *                                              '------> refused again: stays as it is
 *
 * Serves {"do": "rejected.retry", "name" or "source" or neither, "reason", "by"}: one refused
 * message, all of a source, or all of this process. Reads flow.rejected from its beginning, in
 * small pieces between the turns of the loop. The record that a refusal is resolved follows what
 * was made of it, once that is durable; whoever asks again after a crash between the two gets the
 * same ids. A bounded number is under way, and no more is begun while the intake is full.
 * One request at a time. Owns its reader and its memory, borrows all else. */
#ifndef WEIR_RETRY_H
#define WEIR_RETRY_H

#include "intake.h"
#include "ports.h"
#include "proc.h"

struct retry;

/* Adds the verb. ERR_NOMEM, ERR_LIMIT. */
int retry_open(struct proc *p, struct intake *intake, const struct ports *ports, struct retry **ret,
               struct err *reterr);
/* Takes nothing more; what is under way ends, and is answered. NULL is fine. */
void retry_stop(struct retry *r);
/* True while the stream still has something of it. */
bool retry_busy(const struct retry *r);
/* True while a request is not answered yet. */
bool retry_waits(const struct retry *r);
/* Before the stream is closed; while busy it is not freed, for the stream still finds it. NULL is
 * fine. */
void retry_close(struct retry *r);

#endif
