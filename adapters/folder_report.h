/* folder_report.h - what became of a dropped file, as a JSON file beside it: <name>.report.json. It
 * holds counts, places and reasons, nothing of the messages. */
#ifndef WEIR_FOLDER_REPORT_H
#define WEIR_FOLDER_REPORT_H

#include <limits.h>
#include "folder_file.h"

enum { FOLDER_REPORT_NAME = NAME_MAX + 16 };

struct folder_report {
    const char *name; /* as it was dropped */
    const struct folder_file *file;
    const char *unreadable; /* why it could not be read to its end, or NULL */
};

/* Nothing of it was refused, and its counts are right. */
bool folder_report_is_good(const struct folder_report *r);
/* Of the file that stands there under that name. */
void folder_report_name(const char *name, char ret[FOLDER_REPORT_NAME]);
/* No report of another file has that name. One of the same bytes is left by a process that ended
 * before it had moved the file itself: it may be replaced. */
bool folder_report_is_free(const struct folder_report *r, int dir, const char *name);
/* Durable when it returns 0; one that is there is replaced. ERR_IO. */
int folder_report_write(const struct folder_report *r, int dir, const char *name,
                        struct err *reterr);

#endif
