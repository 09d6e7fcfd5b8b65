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

/* The listeners of a source, one by one; false past the last. */
static bool nth_listener(const struct site_source *src, unsigned nth, const struct yaml **ret_node,
                         struct conf_addr *ret)
{
    const struct {
        bool has;
        const struct yaml *node;
        struct slice listen;
    } all[] = {{src->has_mllp, src->mllp_node, src->mllp.listen},
               {src->has_http, src->http_node, src->http.door.listen},
               {src->has_fhir, src->fhir_node, src->fhir.door.listen}};
    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (all[i].has && nth-- == 0) {
            *ret_node = all[i].node;
            return conf_addr_port(all[i].listen, ret);
        }
    return false;
}

const struct yaml *site_port_taken(const struct site_source *src, const struct yaml *except,
                                   const struct conf_addr *addr)
{
    const struct yaml *node;
    struct conf_addr other;
    for (unsigned i = 0; nth_listener(src, i, &node, &other) && node != except; i++)
        if (conf_addr_clash(addr, &other))
            return node;
    return NULL;
}

int site_check_ports(const struct site *s, const struct site_source *src, struct err *reterr)
{
    const struct yaml *node;
    struct conf_addr mine;
    for (unsigned i = 0; nth_listener(src, i, &node, &mine); i++)
        for (const struct site_source *o = s->sources; o <= src; o++)
            if (site_port_taken(o, node, &mine))
                return yaml_err(yaml_at(node, "listen"), reterr,
                                "listen: source \"%s\" listens on that port already", o->name.p);
    return 0;
}
