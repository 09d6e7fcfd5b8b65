/* resolve.h - what an operator asks of the broker over its control socket: parked.list,
 * parked.show, parked.release, parked.discard, routes, audit.reveal.
 *
 * Whatever changes or shows something is first written to flow.audit, and done once that record is
 * durable: no audit record, no effect. */
#ifndef WEIR_RESOLVE_H
#define WEIR_RESOLVE_H

#include "control.h"
#include "line.h"

struct resolve;

/* Adds the verbs; borrows all three. */
int resolve_open(struct control *control, struct line *line, struct audit *audit,
                 struct resolve **ret, struct err *reterr);
/* Calls that still wait for their audit record are not answered. */
void resolve_close(struct resolve *r);

#endif
