#include "tls_choice.h"

#include <signal.h>

int tls_choice_open(const struct options *o, struct tls **ret, struct err *reterr)
{
    struct tls_options t = {.ca_file = o->ca, .cert_file = o->cert, .key_file = o->key};
    *ret = NULL;
    if (!o->tls)
        return 0;
    if (!o->cert != !o->key)
        return err_set(reterr, ERR_INPUT, "--cert and --key belong together");
    signal(SIGPIPE, SIG_IGN);
    return tls_open(&t, ret, reterr);
}
