/* revise.h - what was said of each message, and what is to be said now that a mended map makes
 * other events of it. Pure: no stream, no clock.
 *
 *   reported  --note-->  per message: stem of each event id, newest revision, print of its content
 *   today's events of a message  --ask-->  same | correction | new | (left over) no longer made
 *
 * An event id is published once; what comes after it under the same stem is a revision: a
 * correction, a retraction, or the event again after a retraction. A sender may send a message
 * twice with another MSH-7, which gives the same ids and another content: an event belongs to the
 * copy that it was made from, and other copies have no say in it. The answers change what is known,
 * as if they had been appended. Owns its memory, 150 bytes or so for each event. */
#ifndef WEIR_REVISE_H
#define WEIR_REVISE_H

#include <stdint.h>
#include "err.h"
#include "slice.h"

struct revise;

/* At most max events, until revise_widen doubles that for what is new. */
int revise_open(size_t max, struct revise **ret, struct err *reterr);
void revise_close(struct revise *r);
/* Events known. */
size_t revise_count(const struct revise *r);

/* An event that was reported. */
struct revise_known {
    struct slice id;
    bool retracted;   /* it says that the revision before did not happen */
    uint64_t content; /* print of all but id and data.replaces */
    uint64_t copy;    /* print of the message it was made from; 0 = not known: any */
    unsigned partition;
    int64_t offset; /* where its record stands */
};
enum revise_noted {
    REVISE_NOTED,
    REVISE_NO_ID,   /* not of a message */
    REVISE_NO_ROOM, /* nothing was noted */
};
/* In the order of the stream. Of several records with one id the first counts: it is the one that
 * was published. */
enum revise_noted revise_note(struct revise *r, const struct revise_known *k);

void revise_widen(struct revise *r);

/* From here on it is about that message; false where nothing was ever reported of it. */
bool revise_begin(struct revise *r, struct slice message_id, uint64_t copy);
/* Whether anything was reported under an id that begins as this one does. */
bool revise_knows(const struct revise *r, struct slice id);

struct revised {
    unsigned revision; /* of what is to be said; 0 = its first */
    unsigned partition;
    int64_t offset; /* what stood before; REVISE_GONE only */
};
enum revise_answer {
    REVISE_SAME,
    REVISE_CORRECTED,
    REVISE_NEW,
    REVISE_OTHER, /* it is another copy's */
    REVISE_FULL,
};
/* An event that the message makes today. id: as translated. One with a key (map_key.h) is corrected
 * by the message that told it, and is never gone: another may have told it too. */
enum revise_answer revise_event(struct revise *r, struct slice id, uint64_t content,
                                struct revised *ret);
/* After all of them: the next event that was reported of this copy and is no longer made; false at
 * the end. */
bool revise_gone(struct revise *r, struct revised *ret);

/* The print of some bytes: for copies. Never 0. */
uint64_t revise_print(struct slice bytes);

#endif
