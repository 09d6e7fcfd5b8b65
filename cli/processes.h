/* processes.h - the processes that a configuration needs, by the names of their control sockets. */
#ifndef WEIR_PROCESSES_H
#define WEIR_PROCESSES_H

#include "site.h"

enum { PROCESSES_MAX = 16 };

/* An adapter for each that has sources, then the broker; returns how many. Borrowed from the site.
 */
unsigned processes_of(const struct site *site, const char *names[PROCESSES_MAX]);

#endif
