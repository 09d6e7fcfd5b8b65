/* hl7_path.h - where a value stands in a message, compiled once: PID-3.1, PID-3[2].4.1, OBX[2]-5,
 * PID-3[.5 = 'NHS'].1, PV1-3, ZU1-22.
 *
 *   path   = segment [ "[" which "]" ] "-" field [ "[" choice "]" ] [ "." component [ "." sub ] ]
 *   which  = n | "-" field test
 *   choice = n | "*" | test { "and" test }
 *   test   = "." component [ "." sub ] ( "=" | "!=" ) "'" text "'"
 *
 * Numbers count from 1. "*" means all repetitions, for lists. A quote within text is written twice.
 * OBX[2] is the second of the whole message; PRD[-1.1 = 'RP'] the first of which a repetition of
 * that field meets the test. Without a choice the first repetition is meant. A test compares what
 * was sent with its escapes decoded; a part not sent compares as "". The compiled path owns
 * nothing: it lives in the arena given. */
#ifndef WEIR_HL7_PATH_H
#define WEIR_HL7_PATH_H

#include "hl7_msg.h"

struct hl7_path;

/* Compiles text; on failure ERR_CONF, *ret_at is the offending byte (from 0) of text. */
int hl7_path_compile(struct slice text, struct arena *arena, const struct hl7_path **ret,
                     size_t *ret_at, struct err *reterr);

/* The part of the message in which a path with no segment index looks: a patient of A17, who has a
 * PID and a PV1 of his own, or an order of a patient. What does not stand there is looked for in
 * what it belongs to (the patient, then MSH and EVN), never in a group beside it. All zero means
 * the whole message. */
struct hl7_scope {
    uint32_t first, end;           /* segments [first, end); end 0 = all */
    const struct hl7_scope *above; /* what this group belongs to, without its groups; NULL: none */
    struct hl7_found *found;       /* what was looked for in it; NULL: it is searched each time */
};

/* Remembers which segments of a scope were found, and that some are not there, so that a thousand
 * groups do not search what stands in front of them a thousand times. The outermost scope of a
 * group also remembers what is looked for in the whole message: OBX[2]. In the arena; NULL without
 * memory. For one message. */
struct hl7_found *hl7_found_make(struct arena *arena);
/* Bytes of segments that groups were given out of what they belong to, or out of the whole message:
 * what is read once for each group. 0 where its outermost scope remembers nothing. */
uint64_t hl7_scope_read(struct hl7_scope scope);

/* The first segment of that id (hl7_key) in the scope or above it; NULL where there is none. */
const struct hl7_segment *hl7_scope_segment(const struct hl7_msg *m, struct hl7_scope scope,
                                            uint32_t key);

/* The value as sent, or absent. With [*], that of the first repetition; with tests, of the first
 * that meets them. Borrowed from the message. */
struct slice hl7_path_get(const struct hl7_path *p, const struct hl7_msg *m,
                          struct hl7_scope scope);
/* All values of a path with [*] or a test that several repetitions meet, in order: calls fn for
 * each until it returns false. The value is absent where a repetition lacks that part. Any other
 * path gives its one repetition, or no call where it is absent. */
void hl7_path_each(const struct hl7_path *p, const struct hl7_msg *m, struct hl7_scope scope,
                   bool (*fn)(struct slice repetition, struct slice value, void *arg), void *arg);
/* "PID-3.1" as written, for messages to people. */
struct slice hl7_path_text(const struct hl7_path *p);

#endif
