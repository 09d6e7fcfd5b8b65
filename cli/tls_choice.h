/* tls_choice.h - TLS as the options of a command ask for it. */
#ifndef WEIR_TLS_CHOICE_H
#define WEIR_TLS_CHOICE_H

#include "options.h"
#include "tls.h"

/* *ret NULL: plain text; else the caller closes it. From then on a connection that breaks is told,
 * not died of (SIGPIPE). */
int tls_choice_open(const struct options *o, struct tls **ret, struct err *reterr);

#endif
