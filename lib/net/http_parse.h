/* http_parse.h - one HTTP/1 request out of bytes that come in pieces; http-parser only in
 * http_parse.c, and only for heads.
 *
 * Stricter than the parser below it: what two servers could read differently (Content-Length
 * twice or with Transfer-Encoding, any coding but chunked, a bare LF, folded lines) is refused, as
 * are bodies and heads past their limit. The parse owns copies of head and body. */
#ifndef WEIR_HTTP_PARSE_H
#define WEIR_HTTP_PARSE_H

#include <http_parser.h>
#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "http_chunks.h"
#include "slice.h"

enum { HTTP_HEADERS_MAX = 64 };

/* HTTP_HEADED: a body follows, of which nothing was looked at. */
enum http_step { HTTP_MORE, HTTP_HEADED, HTTP_WHOLE, HTTP_BAD };

struct http_field {
    struct slice name, value;
};

struct http_parse {
    http_parser parser;
    struct buf head, body;
    size_t scanned; /* bytes of the head looked at, of what was given and kept */
    bool head_done, in_body, whole, keep_alive, expect;
    bool chunked;
    uint64_t left; /* bytes of a body that is not chunked */
    struct http_chunks chunks;
    int refusal;                      /* status to answer where HTTP_BAD */
    struct slice method, path, query; /* path: without the host, where one was sent with it */
    struct http_field fields[HTTP_HEADERS_MAX];
    unsigned nfields;
};

void http_parse_init(struct http_parse *x, size_t head_max, size_t body_max);
void http_parse_fini(struct http_parse *x);
/* Ready for the next request; keeps memory only while it is small. */
void http_parse_reset(struct http_parse *x);
/* bytes: all that is waiting, from the front. *ret_used are done with; give the rest again, with
 * more behind it; after HTTP_HEADED at once. After HTTP_WHOLE or HTTP_BAD: reset before the next.
 */
enum http_step http_parse_feed(struct http_parse *x, struct slice bytes, size_t *ret_used);
/* The value of a header of the request (names without case), the first where it is sent more than
 * once; absent where not sent. */
struct slice http_parse_field(const struct http_parse *x, const char *name);
bool http_parse_repeats(const struct http_parse *x, const char *name);

#endif
