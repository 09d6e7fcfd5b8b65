/* record_line.h - a record of any topic of the stream as a person or a program reads it: where it
 * stands, its headers, and of its value what may be seen. */
#ifndef WEIR_RECORD_LINE_H
#define WEIR_RECORD_LINE_H

#include "buf.h"
#include "json.h"
#include "stream.h"

/* What the value of a record is. */
enum record_kind { RECORD_EVENT, RECORD_MESSAGE, RECORD_PARKED, RECORD_TEXT, RECORD_BYTES };
/* Of the topics that weir writes; RECORD_BYTES for all others. */
enum record_kind record_kind(struct slice topic);

/* Appends "time partition/offset name=value …" and the value below it: messages masked, or, with
 * reveal, as they were sent, a segment a line; text as it is; bytes as their count. Ends with a
 * newline. */
void record_line(struct buf *out, const struct stream_message *m, bool reveal);
/* {"topic", "partition", "offset", "time", "key", "headers": {…}, "bytes"}, and "value" where the
 * value is text that may be seen, or reveal says so. */
void record_json(struct json_writer *w, const struct stream_message *m, bool reveal);

#endif
