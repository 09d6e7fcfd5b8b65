/* hl7_frame.h - MLLP frames in a byte stream: VT data FS CR (HL7 v2.5.1 App. C; MLLP Release 1).
 *
 * The deframer owns what it holds back of a frame that arrives in pieces, never more than the
 * largest frame; a frame that arrived whole is returned as a slice of the input. It does no I/O and
 * knows no clock. */
#ifndef WEIR_HL7_FRAME_H
#define WEIR_HL7_FRAME_H

#include <stdint.h>
#include "buf.h"
#include "digest.h"
#include "err.h"
#include "slice.h"

struct hl7_frame_rules {
    size_t max;          /* most bytes between VT and FS */
    size_t head;         /* bytes kept of a longer frame; at most max */
    bool require_end_cr; /* false: FS ends a frame also in front of VT or LF, or when idle */
};

struct hl7_frame_counts {
    uint64_t junk_bytes;    /* outside of frames, line ends behind a frame left aside */
    uint64_t restarts;      /* frames cut off by a new VT */
    uint64_t dropped_bytes; /* of frames that never ended */
    uint64_t empty;         /* frames of nothing, ignored */
};

/* What came of a frame that is dropped, in two parts, before it is forgotten. */
typedef void (*hl7_dropped_fn)(void *arg, struct slice begin, struct slice rest);

enum hl7_frame_state { HL7_FRAME_OUTSIDE, HL7_FRAME_BEHIND, HL7_FRAME_INSIDE };

struct hl7_deframer {
    struct hl7_frame_rules rules;
    struct hl7_frame_counts counts;
    enum hl7_frame_state state;
    bool fs_seen;           /* FS was the last byte: the next tells what it means */
    bool lent;              /* held was returned: it is emptied by the next call */
    struct buf held;        /* the frame so far, or the head of one too long */
    uint64_t total;         /* bytes of a frame too long; 0 otherwise */
    struct digest *digest;  /* SHA-256 of it; NULL until first needed */
    hl7_dropped_fn dropped; /* the caller's, set after init; NULL: only counted */
    void *dropped_arg;
};

struct hl7_frame {
    struct slice bytes;                /* until the next call; of a frame too long, its head */
    uint64_t total;                    /* bytes of the whole frame */
    unsigned char sha256[DIGEST_SIZE]; /* of the whole frame; only of one too long */
};

enum hl7_frame_result {
    HL7_FRAME_MORE,     /* the input is used up */
    HL7_FRAME_WHOLE,    /* *ret is a frame */
    HL7_FRAME_TOO_LONG, /* *ret tells of a frame over the limit, now past */
    HL7_FRAME_NOMEM,    /* close the connection */
};

/* Takes no memory until a frame arrives in pieces. */
void hl7_deframer_init(struct hl7_deframer *d, const struct hl7_frame_rules *rules);
void hl7_deframer_fini(struct hl7_deframer *d);

/* Takes bytes off the front of *input up to the end of the next frame; call again until MORE. */
enum hl7_frame_result hl7_deframer_next(struct hl7_deframer *d, struct slice *input,
                                        struct hl7_frame *ret);
/* No bytes came for a while: a frame that waits for the CR behind its FS is whole, where the rules
 * allow that. MORE otherwise; nothing is dropped. */
enum hl7_frame_result hl7_deframer_idle(struct hl7_deframer *d, struct hl7_frame *ret);
/* No bytes will come any more (closed, or a frame took too long): as idle, but what was begun is
 * dropped and counted; one over the limit is told as far as it came. */
enum hl7_frame_result hl7_deframer_end(struct hl7_deframer *d, struct hl7_frame *ret);
/* Whether a frame was begun and not ended: a deadline should run. */
bool hl7_deframer_midway(const struct hl7_deframer *d);

/* Wraps bytes into a frame behind what stands in out; check buf_ok. */
void hl7_frame_write(struct buf *out, struct slice bytes);

#endif
