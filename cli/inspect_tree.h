/* inspect_tree.h - one message as a tree for a person, or as a line of JSON for a program:
 * segments, fields, repetitions, components and subcomponents with their names, and what is odd
 * about it.
 *
 * Borrows everything; what it writes is appended to `out`. */
#ifndef WEIR_INSPECT_TREE_H
#define WEIR_INSPECT_TREE_H

#include "buf.h"
#include "hl7_charset.h"
#include "json.h"

struct inspect_tree {
    struct buf *out;
    struct json_writer *json; /* into out; NULL: text */
    struct arena *scratch;    /* reset for each value */
    const char *file;         /* where the message is from */
    unsigned no;              /* which of that file; 0: it is alone */
    bool reveal;              /* values as they are; else masked (hl7_mask.h) */
};

/* sent: the bytes as they came; m and cs: what hl7_charset_parse made of them. */
void inspect_tree_message(const struct inspect_tree *t, struct slice sent, const struct hl7_msg *m,
                          const struct hl7_charset *cs);
/* A segment around messages: FHS, BHS, BTS, FTS. odd: what is wrong with it, or NULL. */
void inspect_tree_around(const struct inspect_tree *t, struct slice segment, const char *odd);
/* Bytes that cannot be taken apart, and why. */
void inspect_tree_unread(const struct inspect_tree *t, struct slice sent, const char *why);

#endif
