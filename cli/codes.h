/* codes.h - the codes that no table has, as they stand on the stream, counted. */
#ifndef WEIR_CODES_H
#define WEIR_CODES_H

#include "options.h"

/* Counts those of flow.reported since o->since_ms (of o->source, where one is named) by source,
 * field and code, and prints them, most frequent first. ERR_CONF, ERR_IO, ERR_INPUT. */
int codes_unknown(const struct options *o, struct err *reterr);

#endif
