/* conf_addr.h - addresses as written in a config: "127.0.0.1:2575", "[::1]:2575", "10.0.0.0/8".
 * Numbers only: a name would be looked up, and may change. */
#ifndef WEIR_CONF_ADDR_H
#define WEIR_CONF_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include "slice.h"

struct conf_addr {
    int family;              /* AF_INET, AF_INET6 */
    unsigned char bytes[16]; /* network order; 4 or 16 of them */
    unsigned prefix;         /* of a network: bits; of a single address all */
    uint16_t port;
    bool loopback;
    bool any; /* 0.0.0.0 or :: */
};

/* "ADDRESS:PORT", an IPv6 address in brackets; port 0 = any free one. */
bool conf_addr_port(struct slice text, struct conf_addr *ret);
/* "ADDRESS" or "ADDRESS/BITS", without brackets. Bits behind the prefix must be zero. */
bool conf_addr_net(struct slice text, struct conf_addr *ret);
/* Whether both would listen on the same port. */
bool conf_addr_clash(const struct conf_addr *a, const struct conf_addr *b);
/* Whether the network holds the address. An IPv4 address mapped into IPv6 counts as IPv4. */
bool conf_addr_in(const struct conf_addr *net, const struct conf_addr *addr);

#endif
