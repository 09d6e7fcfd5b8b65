/* message_out.h - messages into a file, into a folder (one file each), or to standard output.
 *
 * Owns what it opened and one buffer; nothing is written before the buffer is full or
 * message_out_flush is called. */
#ifndef WEIR_MESSAGE_OUT_H
#define WEIR_MESSAGE_OUT_H

#include <stdbool.h>
#include "buf.h"
#include "err.h"

struct message_out {
    int fd; /* the file, or the folder */
    bool folder, standard;
    unsigned no;
    const char *ends; /* of the next message's name in a folder; NULL: hl7 */
    struct buf bytes;
};

/* path: NULL is standard output; a folder is an existing one, or ends in '/' and is made. ERR_IO.
 */
int message_out_open(const char *path, struct message_out *ret, struct err *reterr);
/* Flushes and closes; ERR_IO. */
int message_out_close(struct message_out *o, struct err *reterr);
/* The message's bytes are appended here … */
static inline struct buf *message_out_begin(struct message_out *o)
{
    return &o->bytes;
}
/* … and it ends here; in a folder each is 000001.hl7, 000002.hl7, …, whole from the first moment
 * on, so that it may be a drop folder. ERR_IO, ERR_NOMEM. */
int message_out_end(struct message_out *o, struct err *reterr);
int message_out_flush(struct message_out *o, struct err *reterr);

#endif
