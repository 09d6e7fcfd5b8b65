#include "conf_addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "num.h"

static bool starts_with_zeros(const unsigned char *p, unsigned from, unsigned to)
{
    while (from < to && p[from] == 0)
        from++;
    return from == to;
}

/* ::ffff:a.b.c.d is a.b.c.d. */
static void unmap(struct conf_addr *a)
{
    if (a->family == AF_INET6 && starts_with_zeros(a->bytes, 0, 10) && a->bytes[10] == 0xff &&
        a->bytes[11] == 0xff) {
        memmove(a->bytes, a->bytes + 12, 4);
        memset(a->bytes + 4, 0, 12);
        a->family = AF_INET;
    }
}

static void classify(struct conf_addr *a)
{
    unmap(a);
    unsigned n = a->family == AF_INET ? 4 : 16;
    a->prefix = n * 8;
    a->any = starts_with_zeros(a->bytes, 0, n);
    a->loopback = a->family == AF_INET ? a->bytes[0] == 127
                                       : starts_with_zeros(a->bytes, 0, 15) && a->bytes[15] == 1;
}

static bool read_host(struct slice text, struct conf_addr *ret)
{
    char host[INET6_ADDRSTRLEN];
    struct conf_addr a = {0};
    if (text.n == 0 || text.n >= sizeof(host))
        return false;
    memcpy(host, text.p, text.n);
    host[text.n] = 0;
    a.family = memchr(host, ':', text.n) ? AF_INET6 : AF_INET;
    if (inet_pton(a.family, host, a.bytes) != 1)
        return false;
    classify(&a);
    *ret = a;
    return true;
}

bool conf_addr_port(struct slice text, struct conf_addr *ret)
{
    struct conf_addr a;
    size_t colon = text.n;
    uint64_t port;
    while (colon && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0 || !num_u64(slice_sub(text, colon, text.n), &port) || port > 65535)
        return false;
    struct slice host = slice_sub(text, 0, colon - 1);
    bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (bracketed)
        host = slice_sub(host, 1, host.n - 1);
    if ((slice_find(host, ':') < host.n) != bracketed || !read_host(host, &a))
        return false;
    a.port = (uint16_t)port;
    *ret = a;
    return true;
}

static bool zero_behind(const struct conf_addr *a)
{
    unsigned bits = a->family == AF_INET ? 32 : 128;
    for (unsigned i = a->prefix; i < bits; i++)
        if (a->bytes[i / 8] & (0x80u >> (i % 8)))
            return false;
    return true;
}

bool conf_addr_net(struct slice text, struct conf_addr *ret)
{
    struct conf_addr a;
    size_t slash = slice_find(text, '/');
    uint64_t bits;
    if (!read_host(slice_sub(text, 0, slash), &a))
        return false;
    if (slash < text.n) {
        if (!num_u64(slice_sub(text, slash + 1, text.n), &bits) || bits > a.prefix)
            return false;
        a.prefix = (unsigned)bits;
    }
    if (!zero_behind(&a))
        return false;
    *ret = a;
    return true;
}

bool conf_addr_clash(const struct conf_addr *a, const struct conf_addr *b)
{
    if (a->port != b->port || a->port == 0)
        return false;
    if (a->any || b->any)
        return true;
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool conf_addr_in(const struct conf_addr *net, const struct conf_addr *addr)
{
    if (net->family != addr->family)
        return false;
    for (unsigned i = 0; i < net->prefix; i += 8) {
        unsigned left = net->prefix - i;
        unsigned mask = left >= 8 ? 0xff : (0xffu << (8 - left)) & 0xff;
        if ((net->bytes[i / 8] ^ addr->bytes[i / 8]) & mask)
            return false;
    }
    return true;
}
