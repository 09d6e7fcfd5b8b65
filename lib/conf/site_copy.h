/* site_copy.h - the configuration that a process has taken, kept beside its data: what the
 * operator's command goes by while the file itself is broken.
 *
 * <data>/run/<process>.yaml holds where the file stands, in a comment, then its text as it was
 * read. */
#ifndef WEIR_SITE_COPY_H
#define WEIR_SITE_COPY_H

#include "site.h"

/* Writes the copy, readable by this user alone, whole or not at all. ERR_IO. */
int site_copy_write(const struct site *s, const char *process, struct err *reterr);
/* Opens the newest copy under that data folder as site_open would the file itself: names and
 * positions are those of the file. *ret_copy, in the site's arena, is its path. ERR_INPUT: there is
 * none; else as site_open. */
int site_copy_open(const char *data, unsigned secrets, struct site **ret, const char **ret_copy,
                   struct err *reterr);
/* The data folder that a broken file names: the first line of it that begins with `data:`, else the
 * preset. In the arena; absent where it cannot be told. */
struct slice site_copy_data(const char *file, struct arena *arena);

#endif
