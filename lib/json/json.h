/* json.h - JSON read into a tree, by yajl, which is used only here, and written from calls.
 *
 * What yajl leaves open is decided here: depth, bytes and members are bounded, duplicate keys are
 * refused, numbers keep their digits (1.50 stays 1.50), strings are valid UTF-8. A tree lives in
 * the arena given and borrows nothing else. */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <stdint.h>
#include "arena.h"
#include "buf.h"
#include "err.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    enum json_kind kind;
    bool boolean;
    struct slice text;         /* string: decoded bytes; number: digits as written */
    struct slice name;         /* member name within an object, else absent */
    struct json *child, *next; /* array and object: children in order */
    uint32_t count;            /* of children */
};

struct json_limits {
    size_t bytes;    /* longest text */
    unsigned depth;  /* deepest nesting */
    unsigned values; /* most values in all */
};
/* 16 MiB, 64 deep, a million values. Depth is never more than 120. */
extern const struct json_limits json_default_limits;

/* Reads the whole of text. ERR_INPUT says line and column and what is wrong (never the text
 * itself); ERR_LIMIT. */
int json_read(struct slice text, const struct json_limits *limits, struct arena *arena,
              struct json **ret, struct err *reterr);
/* The member of that name, or NULL (also for NULL and for what is no object). */
struct json *json_get(const struct json *object, const char *name);
/* Text of a string or number member; absent otherwise. */
struct slice json_text(const struct json *object, const char *name);
/* The elements of a list, or the one value that stands where a list may; NULL: none (any more). */
const struct json *json_first(const struct json *list);
const struct json *json_next(const struct json *list, const struct json *element);

/* A writer into a buf (borrowed). Misuse is a bug (assert); a full buf shows in buf_ok. */
struct json_writer;
int json_writer_open(struct buf *out, struct json_writer **ret, struct err *reterr);
void json_writer_close(struct json_writer *w);
/* Begins a new text in the same buf: the writer is reused for every message. */
void json_writer_reset(struct json_writer *w);
void json_object(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array(struct json_writer *w);
void json_array_end(struct json_writer *w);
/* The name is valid UTF-8: one of ours, or one that json_read took. */
void json_key(struct json_writer *w, struct slice name);
/* The same of a name that is JSON text already, in its quotes. */
void json_key_text(struct json_writer *w, struct slice quoted);
/* Bytes that are no UTF-8 are written as U+FFFD. */
void json_string(struct json_writer *w, struct slice s);
/* A name of ours and a string. */
void json_member(struct json_writer *w, const char *name, struct slice value);
/* json_key_text and json_string in one. */
void json_member_text(struct json_writer *w, struct slice quoted, struct slice value);
void json_number(struct json_writer *w, struct slice digits);
/* A value that is JSON text already, such as one that json_read took. */
void json_raw(struct json_writer *w, struct slice value);
void json_int(struct json_writer *w, int64_t v);
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
/* Writes a tree, members in order. */
void json_tree(struct json_writer *w, const struct json *tree);

#endif
