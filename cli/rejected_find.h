/* rejected_find.h - one record of flow.rejected by its name ("acute/42"). */
#ifndef WEIR_REJECTED_FIND_H
#define WEIR_REJECTED_FIND_H

#include "view.h"

/* ERR_INPUT: it cannot be the name of one. */
int rejected_name_check(const char *name, struct err *reterr);
/* Calls fn with the record. ERR_INPUT: there is none, any more or at all. */
int rejected_find(struct view *v, const char *name,
                  void (*fn)(void *arg, const struct stream_message *m), void *arg,
                  struct err *reterr);

#endif
