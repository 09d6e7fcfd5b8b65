#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "num.h"

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const unsigned char ip[16])
{
    return memcmp(ip, mapped, sizeof(mapped)) == 0;
}

/* True with *ret_v4 telling which; text must be an address and nothing else. */
static bool read_ip(struct slice text, unsigned char ip[16], bool *ret_v4)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof(z) || memchr(text.p, 0, text.n))
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = 0;
    memcpy(ip, mapped, sizeof(mapped));
    *ret_v4 = inet_pton(AF_INET, z, ip + 12) == 1;
    return *ret_v4 || inet_pton(AF_INET6, z, ip) == 1;
}

int address_parse(struct slice text, struct address *ret, struct err *reterr)
{
    struct address a;
    bool v4, bracket = text.n && text.p[0] == '[';
    size_t colon = text.n;
    while (colon > 0 && text.p[colon - 1] != ':')
        colon--;
    uint64_t port;
    struct slice host = slice_sub(text, bracket, colon ? colon - 1 - bracket : 0);
    bool closed = !bracket || (colon > 2 && text.p[colon - 2] == ']');
    if (colon == 0 || !closed || !num_u64(slice_sub(text, colon, text.n), &port) || port > 65535 ||
        !read_ip(host, a.ip, &v4) || v4 == bracket)
        return err_set(reterr, ERR_CONF,
                       "\"%.*s\" is no address with port; write 127.0.0.1:2575 or [::1]:2575",
                       SLICE_ARG(text));
    a.port = (uint16_t)port;
    *ret = a;
    return 0;
}

static bool bit(const unsigned char ip[16], unsigned i)
{
    return ip[i / 8] >> (7 - i % 8) & 1;
}

int address_net_parse(struct slice text, struct address_net *ret, struct err *reterr)
{
    struct address_net net;
    size_t slash = slice_find(text, '/');
    bool v4;
    if (!read_ip(slice_sub(text, 0, slash), net.ip, &v4))
        return err_set(reterr, ERR_CONF,
                       "\"%.*s\" is no address or network; write 10.0.0.0/8 or 10.1.2.3",
                       SLICE_ARG(text));
    uint64_t bits = v4 ? 32 : 128;
    if (slash < text.n &&
        (!num_u64(slice_sub(text, slash + 1, text.n), &bits) || bits > 128 || (v4 && bits > 32)))
        return err_set(reterr, ERR_CONF, "\"%.*s\": the prefix must be 0 to %d", SLICE_ARG(text),
                       v4 ? 32 : 128);
    net.bits = (unsigned)bits + (v4 ? 96 : 0);
    for (unsigned i = net.bits; i < 128; i++)
        if (bit(net.ip, i))
            return err_set(reterr, ERR_CONF, "\"%.*s\": bits are set behind the prefix",
                           SLICE_ARG(text));
    *ret = net;
    return 0;
}

bool address_net_has(const struct address_net *net, const struct address *a)
{
    size_t whole = net->bits / 8;
    if (memcmp(net->ip, a->ip, whole) != 0)
        return false;
    unsigned rest = net->bits % 8;
    return rest == 0 || (net->ip[whole] ^ a->ip[whole]) >> (8 - rest) == 0;
}

bool address_from(const struct sockaddr *sa, struct address *ret)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        memcpy(ret->ip, mapped, sizeof(mapped));
        memcpy(ret->ip + 12, &in.sin_addr, 4);
        ret->port = ntohs(in.sin_port);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof(in6));
        memcpy(ret->ip, &in6.sin6_addr, 16);
        ret->port = ntohs(in6.sin6_port);
        return true;
    }
    return false;
}

socklen_t address_to(const struct address *a, struct sockaddr_storage *ss)
{
    memset(ss, 0, sizeof(*ss));
    if (is_v4(a->ip)) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&in.sin_addr, a->ip + 12, 4);
        memcpy(ss, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
    memcpy(&in6.sin6_addr, a->ip, 16);
    memcpy(ss, &in6, sizeof(in6));
    return sizeof(in6);
}

struct slice address_ip_text(const struct address *a, char out[ADDRESS_TEXT])
{
    if (is_v4(a->ip))
        inet_ntop(AF_INET, a->ip + 12, out, ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, a->ip, out, ADDRESS_TEXT);
    return slice_str(out);
}

struct slice address_text(const struct address *a, char out[ADDRESS_TEXT])
{
    char ip[ADDRESS_TEXT];
    address_ip_text(a, ip);
    snprintf(out, ADDRESS_TEXT, is_v4(a->ip) ? "%.48s:%u" : "[%.48s]:%u", ip, a->port);
    return slice_str(out);
}

struct block {
    unsigned char ip[16];
    unsigned bits;
};

static bool in_blocks(const unsigned char ip[16], const struct block *blocks, size_t n)
{
    struct address a = {.port = 0};
    memcpy(a.ip, ip, 16);
    for (size_t i = 0; i < n; i++) {
        struct address_net net = {.bits = blocks[i].bits};
        memcpy(net.ip, blocks[i].ip, 16);
        if (address_net_has(&net, &a))
            return true;
    }
    return false;
}

bool address_is_loopback(const struct address *a)
{
    static const unsigned char one[16] = {[15] = 1};
    return (is_v4(a->ip) && a->ip[12] == 127) || memcmp(a->ip, one, 16) == 0;
}

/* IANA IPv4 special-purpose registry: what is not globally reachable, plus multicast. */
static bool v4_is_public(const unsigned char v4[4])
{
    static const struct block blocks[] = {
        {{0}, 8},
        {{10}, 8},
        {{100, 64}, 10},
        {{127}, 8},
        {{169, 254}, 16},
        {{172, 16}, 12},
        {{192, 0, 0}, 24},
        {{192, 0, 2}, 24},
        {{192, 88, 99}, 24},
        {{192, 168}, 16},
        {{198, 18}, 15},
        {{198, 51, 100}, 24},
        {{203, 0, 113}, 24},
        {{224}, 4},
        {{240}, 4},
    };
    unsigned char ip[16] = {0};
    memcpy(ip, v4, 4);
    return !in_blocks(ip, blocks, sizeof(blocks) / sizeof(*blocks));
}

bool address_is_public(const struct address *a)
{
    static const struct block blocks[] = {
        {{0}, 96},                         /* ::, ::1, IPv4-compatible */
        {{0x01}, 64},                      /* discard */
        {{0, 0x64, 0xff, 0x9b, 0, 1}, 48}, /* local NAT64 */
        {{0x20, 0x01}, 23},                /* protocol assignments, Teredo */
        {{0x20, 0x01, 0x0d, 0xb8}, 32},    /* documentation */
        {{0x3f, 0xff}, 20},                /* documentation */
        {{0xfc}, 7},                       /* unique local */
        {{0xfe, 0x80}, 9},                 /* link-local and the old site-local */
        {{0xff}, 8},                       /* multicast */
    };
    static const unsigned char nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (is_v4(a->ip) || memcmp(a->ip, nat64, sizeof(nat64)) == 0)
        return v4_is_public(a->ip + 12);
    if (a->ip[0] == 0x20 && a->ip[1] == 0x02)
        return v4_is_public(a->ip + 2);
    return !in_blocks(a->ip, blocks, sizeof(blocks) / sizeof(*blocks));
}
