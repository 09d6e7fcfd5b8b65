/* stream_fold.h - reads a stream to its end and says when it is there: for what is remembered in a
 * topic and has to be known before anything begins. */
#ifndef WEIR_STREAM_FOLD_H
#define WEIR_STREAM_FOLD_H

#include "stream.h"

/* m is valid for the call; -1 (reterr) ends the reading. */
typedef int (*stream_fold_fn)(void *arg, const struct stream_message *m, struct err *reterr);

/* Gives every record up to the end that the reader had when it was opened or last sought. Blocks,
 * so only at a start or in a command: waits for it as long as `quiet_ms` pass without one. What is
 * lost is passed over: who folds takes what is left. ERR_PEER: nothing came for quiet_ms;
 * ERR_IO: the stream fails; or what fn said. */
int stream_fold(struct stream_reader *r, int quiet_ms, stream_fold_fn fn, void *arg,
                struct err *reterr);
/* What of it can be given now, without waiting: 1 = the end was reached, 0 = not yet (the next time
 * goes on; reterr is filled where the stream fails), -1 = fn ended it. */
int stream_fold_some(struct stream_reader *r, stream_fold_fn fn, void *arg, struct err *reterr);

#endif
