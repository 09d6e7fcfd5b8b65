/* message_file.h - HL7 v2 messages as they lie in files: one alone, many in a row, or MLLP frames.
 *
 * The file owns its bytes; messages are slices of them. */
#ifndef WEIR_MESSAGE_FILE_H
#define WEIR_MESSAGE_FILE_H

#include "buf.h"
#include "err.h"

struct message_file {
    struct buf bytes;
    size_t at;   /* where the next message begins */
    unsigned no; /* number of the last message taken, from 1 */
};

enum { MESSAGE_FILE_MAX = 1 << 30 };

/* Reads the file whole ("-" = standard input). ERR_IO; ERR_LIMIT past MESSAGE_FILE_MAX; ERR_INPUT
 * when it is empty: a feed that broke off must not pass for one that is fine. */
int message_file_open(const char *name, struct message_file *ret, struct err *reterr);
void message_file_close(struct message_file *f);
/* The next message, without frame bytes; false at the end. Bytes between messages that are none
 * (batch segments, blank lines) are passed over; a file with no MSH at all gives its bytes once, so
 * that it can be refused. */
bool message_file_next(struct message_file *f, struct slice *ret);

#endif
