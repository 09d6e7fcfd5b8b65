#include "mllp_address.h"

#include <stdio.h>
#include <sys/socket.h>
#include "num.h"
#include "slice.h"

static bool split_address(const char *address, char host[MLLP_HOST], char port[16])
{
    struct slice all = slice_str(address);
    size_t colon = all.n;
    while (colon > 0 && all.p[colon - 1] != ':')
        colon--;
    struct slice h = slice_sub(all, 0, colon ? colon - 1 : 0), p = slice_sub(all, colon, all.n);
    if (h.n > 1 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = slice_sub(h, 1, h.n - 1);
    uint64_t number;
    if (h.n == 0 || h.n > 255 || !num_u64(p, &number) || number < 1 || number > 65535)
        return false;
    snprintf(host, 256, "%.*s", SLICE_ARG(h));
    snprintf(port, 16, "%.*s", SLICE_ARG(p));
    return true;
}

bool mllp_address_host(const char *address, char host[MLLP_HOST])
{
    char port[16];
    return split_address(address, host, port);
}

int mllp_address_resolve(const char *address, struct addrinfo **ret, struct err *reterr)
{
    char host[256], port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    if (!split_address(address, host, port))
        return err_set(reterr, ERR_INPUT,
                       "'%s' is no address: wanted HOST:PORT, as in 127.0.0.1:2575, with a port "
                       "from 1 to 65535",
                       address);
    int r = getaddrinfo(host, port, &hints, ret);
    if (r != 0)
        return err_set(reterr, ERR_INPUT, "%s: %s", address, gai_strerror(r));
    return 0;
}
