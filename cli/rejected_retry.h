/* rejected_retry.h - `weir rejected retry`: asks the adapters to translate refused messages again.
 */
#ifndef WEIR_REJECTED_RETRY_H
#define WEIR_REJECTED_RETRY_H

#include "options.h"

/* name: one message; NULL: those of o->source, or with o->all those of every adapter. Returns the
 * exit code. */
int rejected_retry(const struct verb *self, const struct options *o, const char *name);

#endif
