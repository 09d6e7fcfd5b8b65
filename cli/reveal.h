/* reveal.h - the leave to show who patients are: no audit record, no reveal. */
#ifndef WEIR_REVEAL_H
#define WEIR_REVEAL_H

#include "view.h"

/* Has the broker write an audit record (who, what), or, where no broker runs, writes it to
 * operator.db. Returns 0 once it is durable; else nothing may be shown. */
int reveal_audited(struct view *v, const char *what, struct err *reterr);

#endif
