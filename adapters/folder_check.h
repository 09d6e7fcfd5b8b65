/* folder_check.h - can a drop folder be used? What is tried in it leaves nothing behind. */
#ifndef WEIR_FOLDER_CHECK_H
#define WEIR_FOLDER_CHECK_H

#include "site.h"

/* It is there, whoever asks may read it, write to it and rename in it, and those of work/, done/
 * and bad/ that are there already are on its file system, which can rename without replacing.
 * ERR_CONF with the place in the configuration and what would be right. */
int folder_check(const struct site_source *source, struct err *reterr);

#endif
