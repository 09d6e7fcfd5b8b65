/* config_open.h - the configuration a verb goes by that looks at what runs: the file; where that is
 * broken, the copy that a process keeps of the one it has taken. */
#ifndef WEIR_CONFIG_OPEN_H
#define WEIR_CONFIG_OPEN_H

#include "options.h"
#include "site.h"

/* As site_open. What is wrong with the file, and what is gone by instead, is said in a line on
 * standard error. With o->data the copy in that folder is taken and the file is not read. Without a
 * copy it fails with what is wrong with the file. */
int config_open(const struct options *o, unsigned secrets, struct site **ret, struct err *reterr);

#endif
