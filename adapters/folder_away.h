/* folder_away.h - a file that was read leaves work/, with its report. What stands in done/ and bad/
 * is never replaced: a name that is taken gets a number behind it. */
#ifndef WEIR_FOLDER_AWAY_H
#define WEIR_FOLDER_AWAY_H

#include "folder_report.h"

/* Moves the file of that report from `work` into `to`, the report first: what stands there always
 * has one. On failure nothing of it is in `to`, and the call may be made again. ERR_IO. */
int folder_put_away(const struct folder_report *r, int work, int to, struct err *reterr);

#endif
