/* mllp_address.h - HOST:PORT as a person writes it, as addresses to connect to. */
#ifndef WEIR_MLLP_ADDRESS_H
#define WEIR_MLLP_ADDRESS_H

#include <netdb.h>
#include "err.h"

enum { MLLP_HOST = 256 };

/* "host:port", "[::1]:2575". The caller ends *ret with freeaddrinfo(). ERR_INPUT. */
int mllp_address_resolve(const char *address, struct addrinfo **ret, struct err *reterr);

/* The host alone, without brackets; false for what is no address. */
bool mllp_address_host(const char *address, char host[MLLP_HOST]);

#endif
