/* failed_frames.h - the last frames of a source of which nothing could be made: how they began, so
 * that somebody can see what its sender does wrong.
 *
 * In memory only, and gone with the process: a sender that heard no answer sends again, and what
 * was refused stands in flow.rejected. Owns the heads; one that is all zero keeps nothing. */
#ifndef WEIR_FAILED_FRAMES_H
#define WEIR_FAILED_FRAMES_H

#include <stdint.h>
#include "address.h"
#include "buf.h"

enum frame_fault {
    FRAME_RESTARTED, /* another one began within it */
    FRAME_CUT,       /* the connection ended */
    FRAME_SLOW,      /* it took longer than frame_time */
    FRAME_TOO_LONG,  /* past frame_max; also in flow.rejected */
    FRAME_UNREAD,    /* whole, but no HL7 v2; also in flow.rejected */
    FRAME_NO_MLLP,   /* bytes of a connection that sent no frame */
    FRAME_FAULTS
};

struct failed_frame {
    uint64_t no; /* from 1; 0: the place is empty */
    enum frame_fault fault;
    int64_t at_ms;  /* wall clock */
    uint64_t bytes; /* that came of it */
    char peer[ADDRESS_TEXT];
    struct buf head;
};

struct failed_frames {
    struct failed_frame *at; /* a ring; NULL until the first one */
    size_t places, head_max;
    uint64_t count; /* so far, those that are not kept included */
};

/* "cut". */
const char *frame_fault_name(enum frame_fault fault);
/* From now on the newest `places` are kept, head_max bytes of each. Without memory for that, none
 * of those that were there is. */
void failed_frames_limit(struct failed_frames *f, size_t places, size_t head_max);
/* Takes one in, for the oldest one where all places are taken, and returns its number; 0 where none
 * is kept. bytes is how many there were. Without memory the head is empty. */
uint64_t failed_frames_put(struct failed_frames *f, enum frame_fault fault,
                           const struct address *peer, struct slice head, uint64_t bytes);
/* More bytes of that one, where it is still there. */
void failed_frames_more(struct failed_frames *f, uint64_t no, struct slice bytes);
/* From the oldest: the next behind number `after` (0: the first), or NULL. */
const struct failed_frame *failed_frames_next(const struct failed_frames *f, uint64_t after);
void failed_frames_fini(struct failed_frames *f);

#endif
