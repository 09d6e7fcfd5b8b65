/* message_file.h - messages as they lie in files: of HL7 v2 one alone, many in a row, or MLLP
 * frames; of JSON and FHIR one document, or one on each line; of CSV a line of columns and rows.
 *
 * The file owns its bytes; messages are slices of them. */
#ifndef WEIR_MESSAGE_FILE_H
#define WEIR_MESSAGE_FILE_H

#include "buf.h"
#include "err.h"

struct site_source;

struct message_file {
    struct buf bytes;
    size_t at;                        /* where the next message begins */
    unsigned no;                      /* number of the last message taken, from 1 */
    const struct site_source *source; /* message_file_as; NULL: HL7 v2 */
    bool marked;                      /* CSV: it is UTF-8, whatever the charset of the source */
    struct slice columns;             /* CSV: the first line */
    struct buf made;                  /* CSV: that line and the row at hand */
};

enum { MESSAGE_FILE_MAX = 1 << 30 };

/* Reads the file whole ("-" = standard input). ERR_IO; ERR_LIMIT past MESSAGE_FILE_MAX; ERR_INPUT
 * when it is empty: a feed that broke off must not pass for one that is fine. */
int message_file_open(const char *name, struct message_file *ret, struct err *reterr);
/* From now on the file is read as this source (borrowed) writes files. ERR_INPUT: of CSV, there is
 * no line of columns. */
int message_file_as(struct message_file *f, const struct site_source *source, struct err *reterr);
void message_file_close(struct message_file *f);
/* The next message, without frame bytes, valid until the next call; false at the end. Bytes between
 * messages that are none (batch segments, blank lines) are passed over; a file with no MSH at all
 * gives its bytes once, so that it can be refused. */
bool message_file_next(struct message_file *f, struct slice *ret);

#endif
