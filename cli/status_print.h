/* status_print.h - the answer of a process to "status", for a person or for a program. */
#ifndef WEIR_STATUS_PRINT_H
#define WEIR_STATUS_PRINT_H

#include "json.h"

/* answer NULL: the process does not answer, why says so. */
void status_print(const char *process, const struct json *answer, const char *why);
/* One JSON line: {"process": …, "up": …, …}. */
void status_print_json(const char *process, const struct json *answer, const char *why);

#endif
