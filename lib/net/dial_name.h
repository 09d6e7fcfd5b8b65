/* dial_name.h - the addresses of a host's name, looked up in a thread of its own: the system's
 * resolver blocks. Part of dial.c alone.
 *
 * A look-up is shared by who asked and the thread; the last of the two frees it. */
#ifndef WEIR_DIAL_NAME_H
#define WEIR_DIAL_NAME_H

#include <netdb.h>
#include <stdint.h>
#include "err.h"

struct dial_name;

int dial_name_start(const char *host, uint16_t port, struct dial_name **ret, struct err *reterr);
/* Turns readable when it is over. */
int dial_name_fd(const struct dial_name *n);
/* After that: its addresses, or NULL and *ret_why. Borrowed. */
const struct addrinfo *dial_name_result(struct dial_name *n, const char **ret_why);
/* The thread may go on; what it finds is dropped. NULL is fine. */
void dial_name_drop(struct dial_name *n);

#endif
