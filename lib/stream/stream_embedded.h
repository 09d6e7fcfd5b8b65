/* stream_embedded.h - the embedded engine opened with what only its tests may turn. */
#ifndef WEIR_STREAM_EMBEDDED_H
#define WEIR_STREAM_EMBEDDED_H

#include "stream.h"
#include "stream_embedded_file.h"

/* As stream_open. The tuning is copied. */
int stream_embedded_open(const struct stream_options *o, const struct embedded_tuning *t,
                         struct stream **ret, struct err *reterr);

#endif
