/* stream_embedded_dir.h - the writers' files of one directory as a handle sees them, those that
 * appear later too, and the watch on their bells.
 *
 * The dir owns the sources, which stay where they are until embedded_dir_fini. */
#ifndef WEIR_STREAM_EMBEDDED_DIR_H
#define WEIR_STREAM_EMBEDDED_DIR_H

#include "stream_embedded_bell.h"
#include "stream_embedded_source.h"

struct embedded_dir {
    const char *path;   /* borrowed */
    const char *writer; /* name of the handle's own file, borrowed; "" = read only */
    struct embedded_tuning tuning;
    struct embedded_source *sources;
    struct embedded_watch watch;
    bool watching;
};

void embedded_dir_init(struct embedded_dir *d, const char *path, const char *writer,
                       const struct embedded_tuning *t);
void embedded_dir_fini(struct embedded_dir *d);
/* Opens the watch, where it is not open yet. */
int embedded_dir_watch(struct embedded_dir *d, struct err *reterr);
/* Finds the files that appeared. One that cannot be read gives -1 and does not hide the others. */
int embedded_dir_scan(struct embedded_dir *d, struct err *reterr);
/* A position as the process that moves it has committed it: in its own file; a handle that only
 * reads looks in all. -1 = none. */
int embedded_dir_position(struct embedded_dir *d, struct slice group, struct slice topic,
                          struct slice partition, int64_t *ret, struct err *reterr);

#endif
