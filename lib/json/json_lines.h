/* json_lines.h - a text of many JSON values, a line each (NDJSON), or of one value over many lines,
 * told apart and cut as it arrives; nothing is parsed here.
 *
 * A text is NDJSON where its first line is a whole object, or where the second line begins another
 * one: then a broken line costs no other. What is given is a slice of the input; nothing is copied
 * or allocated. */
#ifndef WEIR_JSON_LINES_H
#define WEIR_JSON_LINES_H

#include <stdint.h>
#include "slice.h"

enum json_lines_kind { JSON_LINES_UNKNOWN, JSON_LINES_EACH, JSON_LINES_ONE };

struct json_lines {
    size_t max; /* bytes of a value */
    enum json_lines_kind kind;
    uint64_t at, line; /* of what comes next: bytes from 0, lines from 1 */
    bool skipping;     /* within a value too long: the one that begins at long_at, long_line */
    uint64_t long_at, long_line;
};

enum json_lines_result {
    JSON_LINES_MORE,  /* give the rest of the input again with more behind it; the end where it was
                         last */
    JSON_LINES_VALUE, /* bytes: without blanks at its ends */
    JSON_LINES_HEAD,  /* longer than max: bytes is the beginning, JSON_LINES_LONG follows */
    JSON_LINES_LONG,  /* that one has ended: length */
};

struct json_line {
    struct slice bytes;
    uint64_t at, line; /* where it begins */
    uint64_t length;   /* JSON_LINES_LONG: bytes in all */
};

void json_lines_begin(struct json_lines *l, size_t max);
/* Takes the next value off the front of *input; last: nothing follows what is there. The input need
 * never be longer than max + 2 bytes before something comes of it. */
enum json_lines_result json_lines_next(struct json_lines *l, struct slice *input, bool last,
                                       struct json_line *ret);

#endif
