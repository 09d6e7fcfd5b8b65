/* write_all.h - bytes written to a descriptor whole, however many calls that takes. */
#ifndef WEIR_WRITE_ALL_H
#define WEIR_WRITE_ALL_H

#include "slice.h"

/* Blocks; goes on after a signal. 0, or -1 with errno: some of them may be written. */
int write_all(int fd, struct slice bytes);

#endif
