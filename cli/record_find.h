/* record_find.h - one record of a topic by its place ("acute/42"). */
#ifndef WEIR_RECORD_FIND_H
#define WEIR_RECORD_FIND_H

#include "view.h"

/* Calls fn with the record, and sets *ret_found; where there is none, any more or at all, fn is not
 * called. */
int record_find(struct view *v, const char *topic, struct slice partition, int64_t offset,
                void (*fn)(void *arg, const struct stream_message *m), void *arg, bool *ret_found,
                struct err *reterr);

#endif
