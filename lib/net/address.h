/* address.h - IP addresses and networks: read, written, told apart. Values; nothing is owned.
 *
 * IPv4 is held as IPv6 (::ffff:a.b.c.d), so that one comparison serves both. */
#ifndef WEIR_ADDRESS_H
#define WEIR_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "err.h"
#include "slice.h"

enum { ADDRESS_TEXT = 64 };

struct address {
    unsigned char ip[16];
    uint16_t port;
};

struct address_net {
    unsigned char ip[16];
    unsigned bits; /* 0 to 128 */
};

/* "127.0.0.1:2575", "[::1]:0"; no names. ERR_CONF says what is wrong. */
int address_parse(struct slice text, struct address *ret, struct err *reterr);
/* "10.0.0.0/8", "10.1.2.3", "fd00::/8". Bits behind the prefix must be zero. ERR_CONF. */
int address_net_parse(struct slice text, struct address_net *ret, struct err *reterr);
bool address_net_has(const struct address_net *net, const struct address *a);
/* False for what is neither IPv4 nor IPv6. */
bool address_from(const struct sockaddr *sa, struct address *ret);
/* Fills ss for bind and connect; an IPv4 address gives AF_INET. */
socklen_t address_to(const struct address *a, struct sockaddr_storage *ss);
/* "127.0.0.1:2575", "[::1]:2575". Returns a view of out. */
struct slice address_text(const struct address *a, char out[ADDRESS_TEXT]);
/* The address alone. */
struct slice address_ip_text(const struct address *a, char out[ADDRESS_TEXT]);
bool address_is_loopback(const struct address *a);
/* An address of the open internet: none of loopback, private (RFC 1918, RFC 4193), shared (RFC
 * 6598), link-local with its metadata services, multicast, reserved, documentation, or IPv4 of
 * those wrapped in IPv6 (mapped, compatible, NAT64, 6to4). */
bool address_is_public(const struct address *a);

#endif
