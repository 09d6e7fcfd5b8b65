/* recall.h - what the journey remembers, read from the stream: flow.state (people.h) and flow.ids
 * (seen.h, control_ids.h). Followed for as long as another process leads, so that little is left to
 * be read when this one takes over.
 *
 * A recall owns its reader; what it fills is borrowed for the call. Nothing blocks. */
#ifndef WEIR_RECALL_H
#define WEIR_RECALL_H

#include "control_ids.h"
#include "people.h"
#include "seen.h"
#include "stream.h"

struct recall;

/* Begins with the oldest record there is. Ids written before ids_from_ms are passed over. */
int recall_open(struct stream *s, int64_t ids_from_ms, struct recall **ret, struct err *reterr);
void recall_close(struct recall *r);
/* Turns readable when recall_read has something to do. */
int recall_fd(const struct recall *r);

enum recall_result {
    RECALL_MORE,   /* call again at once */
    RECALL_WAIT,   /* there is more, which has not come yet */
    RECALL_END,    /* all that was durable at recall_open, or recall_anew, is known now */
    RECALL_FAILED, /* reterr; try later */
};
/* Takes a bounded number of records. */
enum recall_result recall_read(struct recall *r, struct people *people, struct seen *seen,
                               struct control_ids *control_ids, struct err *reterr);
/* RECALL_END means from now on what is durable at this moment; what is known is not read again. */
int recall_anew(struct recall *r, struct err *reterr);

#endif
