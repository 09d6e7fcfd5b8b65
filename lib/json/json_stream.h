/* json_stream.h - JSON read token by token, with the same limits and refusals as json.h but for
 * duplicate keys, which only the caller can see.
 *
 * The text is read once from front to back; nothing is copied that has no escapes in it. */
#ifndef WEIR_JSON_STREAM_H
#define WEIR_JSON_STREAM_H

#include "json.h"

enum json_token_kind {
    JSON_T_OBJECT,
    JSON_T_OBJECT_END,
    JSON_T_ARRAY,
    JSON_T_ARRAY_END,
    JSON_T_KEY,
    JSON_T_STRING,
    JSON_T_NUMBER,
    JSON_T_BOOL,
    JSON_T_NULL
};

struct json_token {
    enum json_token_kind kind;
    bool stays;        /* text is a view of what is read; else valid only within the call */
    struct slice text; /* key, string: decoded; number, boolean: as written */
    size_t from, to;   /* bytes [from, to) of what is read */
};

/* False stops the reading; reterr is then filled by the callee, and the reader puts the position of
 * the token in front. */
typedef bool json_token_fn(void *ctx, const struct json_token *token, struct err *reterr);

/* Reads the whole of text. The arena serves as scratch. ERR_INPUT, ERR_LIMIT, ERR_NOMEM, or what fn
 * said. */
int json_stream(struct slice text, const struct json_limits *limits, struct arena *arena,
                json_token_fn *fn, void *ctx, struct err *reterr);

/* Puts "line L, column C: " in front of *reterr, C in bytes from 1; returns -1. */
int json_at(struct slice text, size_t offset, struct err *reterr);

#endif
