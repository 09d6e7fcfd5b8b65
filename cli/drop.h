/* drop.h - a file dropped into a drop folder as a careful sender does it, and what became of it
 * (docs/files.md). */
#ifndef WEIR_DROP_H
#define WEIR_DROP_H

#include <stdbool.h>
#include <stdint.h>
#include "err.h"

/* Whether that argument is a folder: it ends in '/', or there is one of that name. */
bool drop_is_folder(const char *target);
/* Puts the file ("-": standard input) into the folder under a name of its own, synced and whole
 * from the first moment on, waits for its report, and prints what it says. *ret_bad where it went
 * to bad/. ERR_IO, also where nobody has taken it after timeout_ms: it is taken out again then. */
int drop_file(const char *folder, const char *file, int64_t timeout_ms, bool *ret_bad,
              struct err *reterr);

#endif
