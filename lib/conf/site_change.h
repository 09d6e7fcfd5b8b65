/* site_change.h - what a running process may take from a new configuration: all of it, or nothing
 * and why. */
#ifndef WEIR_SITE_CHANGE_H
#define WEIR_SITE_CHANGE_H

#include "site.h"

/* ERR_REFUSED with file:line:column where the data directory, the stream, the keys or the health
 * port of that process differ: these take a restart. Both sites were opened with the same secrets.
 */
int site_change_check(const struct site *now, const struct site *fresh, const char *process,
                      struct err *reterr);
/* "file:line:column: <what> takes a restart" of an entry of the new file; at may be NULL. Returns
 * -1. */
int site_change_refuse(const struct site *fresh, const struct yaml *at, const char *what,
                       struct err *reterr);
/* True where nothing of that consumer changed, its secrets included. */
bool site_consumer_same(const struct site_consumer *a, const struct site_consumer *b);

#endif
