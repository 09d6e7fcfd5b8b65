/* folder.h - the drop folder of one source: files are claimed, read, and moved to done/ or bad/
 * with a report beside them.
 *
 *   dropped -> at rest for `settle` -> claimed (work/) -> all durable -> done/
 *                                                                 '-> bad/: something in it was
 *                                                                     refused, or counts are wrong
 *
 * After a crash what stands in work/ is read again from its first byte: the same bytes give the
 * same ids, so that nothing is lost and nothing happens twice. One process at a time owns a folder
 * (a lock in work/); another one waits. A folder owns its descriptors and the file under way;
 * intake, loop and source are borrowed. */
#ifndef WEIR_FOLDER_H
#define WEIR_FOLDER_H

#include "folder_file.h"

struct folder;

/* Nothing of the folder is touched before the first turn of the loop: a share that is not there is
 * logged as an alarm and tried again. */
int folder_open(struct loop *loop, struct intake *intake, struct source *source,
                struct folder **ret, struct err *reterr);
/* A file under way stays in work/. NULL is fine. */
void folder_close(struct folder *f);
/* The source has another configuration: a file under way begins anew under it. */
void folder_take(struct folder *f);
/* No more files are taken, and no more messages of the one under way. */
void folder_pause(struct folder *f, bool paused);
/* Nothing of it waits for the stream. NULL: true. */
bool folder_quiet(const struct folder *f);

#endif
