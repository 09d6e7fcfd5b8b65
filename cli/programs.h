/* programs.h - where the other programs are. */
#ifndef WEIR_PROGRAMS_H
#define WEIR_PROGRAMS_H

#include <limits.h>
#include "err.h"

/* A program stands beside this one, or, in a build folder, in the folder of its own. ERR_IO. */
int programs_find(const char *name, const char *folder, char out[PATH_MAX], struct err *reterr);

#endif
