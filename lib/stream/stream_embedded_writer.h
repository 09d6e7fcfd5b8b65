/* stream_embedded_writer.h - the one thread that writes a file, its queue, and the way back.
 *
 * The caller's thread puts sets in and dispatches what is done; the writer's thread commits
 * whenever something waits, so what arrives during a commit shares the next one. The writer owns
 * the sets until their callback has run. */
#ifndef WEIR_STREAM_EMBEDDED_WRITER_H
#define WEIR_STREAM_EMBEDDED_WRITER_H

#include "stream_embedded_file.h"
#include "stream_embedded_set.h"

struct embedded_writer;

/* Takes the lock, opens <dir>/<writer>.db and starts the thread. dir and tuning are copied. */
int embedded_writer_open(const char *dir, const char *writer, const struct stream_options *o,
                         const struct embedded_tuning *t, struct embedded_writer **ret,
                         struct err *reterr);
/* Runs the callbacks of all that was accepted, then ends the thread. NULL is fine. */
void embedded_writer_close(struct embedded_writer *w);
/* Readable when dispatch has something to do. */
int embedded_writer_fd(const struct embedded_writer *w);
/* Takes the set; false where the queue has no room (the set stays the caller's). */
bool embedded_writer_put(struct embedded_writer *w, struct embedded_set *set);
void embedded_writer_dispatch(struct embedded_writer *w);

#endif
