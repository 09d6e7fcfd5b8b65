/* processes.h - the processes that a configuration needs, by the names of their control sockets. */
#ifndef WEIR_PROCESSES_H
#define WEIR_PROCESSES_H

#include "site.h"

enum { PROCESSES_MAX = 64 };

/* An adapter for each that has sources, then the broker; returns how many. Where there are several
 * of a kind ("broker-2") each that has a control socket in the data folder. Borrowed from the site.
 */
unsigned processes_of(const struct site *site, const char *names[PROCESSES_MAX]);
/* The kinds alone. */
unsigned processes_roles(const struct site *site, const char *names[PROCESSES_MAX]);
/* Those of one kind: "broker". Never none: the one that should be there. */
unsigned processes_like(const struct site *site, const char *role,
                        const char *names[PROCESSES_MAX]);

#endif
