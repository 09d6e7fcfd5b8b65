/* What every listener of a source must say of itself, whatever is spoken there. */
#include "conf_addr.h"
#include "site_parts.h"

static int check_allow(const struct site_listen *l, struct err *reterr)
{
    struct conf_addr net;
    for (unsigned i = 0; i < l->allow->n; i++)
        if (!conf_addr_net(l->allow->at[i], &net))
            return yaml_err(yaml_at(l->node, "allow"), reterr,
                            "allow: \"%.*s\" must be an address or a network: 10.1.2.3, "
                            "10.1.2.0/24, fd00::/8",
                            SLICE_ARG(l->allow->at[i]));
    return 0;
}

static int check_plain(const struct site_listen *l, struct err *reterr)
{
    if (l->tls || l->plaintext)
        return 0;
    return yaml_err(yaml_at(l->node, "listen"), reterr,
                    "listen: other machines reach %.*s and there is no tls: whoever listens on the "
                    "way reads patient data; %s, or plaintext: true if that is meant",
                    SLICE_ARG(l->listen), l->encrypt);
}

int site_check_listen(const struct site_listen *l, struct err *reterr)
{
    struct conf_addr addr;
    const struct yaml *at = yaml_at(l->node, "listen");
    if (!conf_addr_port(l->listen, &addr))
        return yaml_err(at, reterr, "listen: must be ADDRESS:PORT: 127.0.0.1:%s, [::1]:%s", l->port,
                        l->port);
    if (!addr.loopback && l->allow->n == 0)
        return yaml_err(at, reterr,
                        "listen: other machines reach %.*s: say in \"allow\" which of them may "
                        "send, such as allow: [10.1.2.0/24]",
                        SLICE_ARG(l->listen));
    if (l->tls && l->plaintext)
        return yaml_err(yaml_at(l->node, "plaintext"), reterr,
                        "plaintext: there is tls; leave one of them out");
    if (check_allow(l, reterr) < 0)
        return -1;
    return addr.loopback ? 0 : check_plain(l, reterr);
}
