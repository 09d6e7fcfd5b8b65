/* hl7_batch.h - a file or a batch of messages, part by part: [FHS] { [BHS] { MSH … } [BTS] } [FTS]
 * (HL7 v2.5.1 §2.10.3).
 *
 *   bytes -> FHS | BHS | a message | BTS | FTS -> ... ; a wrong count is told, not refused
 *
 * Read leniently: each header and trailer may be missing, each level has its own delimiters,
 * segments end in CR, LF or both, and bytes of MLLP around a message are passed over. What stands
 * where a header should is given as a message, so that it is refused with a reason and not lost.
 * A part is a slice of the caller's bytes; the reader owns only the head of a message that is too
 * long. No I/O, no clock. */
#ifndef WEIR_HL7_BATCH_H
#define WEIR_HL7_BATCH_H

#include "hl7_frame.h"

enum hl7_batch_result {
    HL7_BATCH_MORE,      /* give the rest again, with more behind it; at the end: that was all */
    HL7_BATCH_FILE,      /* FHS */
    HL7_BATCH_BATCH,     /* BHS */
    HL7_BATCH_MESSAGE,   /* from its MSH to the last segment */
    HL7_BATCH_TOO_LONG,  /* a message over the limit, now past */
    HL7_BATCH_BATCH_END, /* BTS */
    HL7_BATCH_FILE_END,  /* FTS */
    HL7_BATCH_NOMEM,
};

enum hl7_batch_fault {
    HL7_BATCH_COUNT = 1 << 0,       /* BTS-1 is not the number of messages that came, or none */
    HL7_BATCH_FILE_COUNT = 1 << 1,  /* FTS-1 is not the number of batches that came */
    HL7_BATCH_NO_END = 1 << 2,      /* a BHS without its BTS: cut off? */
    HL7_BATCH_NO_FILE_END = 1 << 3, /* an FHS without its FTS: cut off? */
};

struct hl7_batch_item {
    struct slice bytes; /* a segment without its end, or a message; until the caller moves them */
    uint64_t at;        /* where it begins, from the first byte given */
    int64_t said, came; /* of a trailer: its count, -1 where it says none, and what is true */
    struct hl7_frame frame; /* of TOO_LONG: head, length and hash */
};

struct hl7_batch {
    size_t max, head;  /* most bytes of a message; bytes kept of a longer one */
    uint64_t at;       /* bytes taken off so far */
    size_t scanned;    /* of the part under way, bytes known to hold no other part */
    uint64_t too_long; /* bytes of a message over the limit; 0 otherwise */
    struct buf kept;   /* its head */
    struct digest *digest;
    uint64_t messages, batches; /* so far, in all */
    uint64_t in_batch, in_file; /* messages since the last BHS or BTS, batches since FHS */
    bool file_open, batch_open;
    unsigned faults; /* enum hl7_batch_fault */
};

/* head at most max. Takes no memory until a message is too long. */
void hl7_batch_init(struct hl7_batch *b, size_t max, size_t head);
void hl7_batch_fini(struct hl7_batch *b);
/* Takes the next part off the front of *input, which holds all that is waiting. last: nothing
 * follows. To make progress the caller must be able to hold max + HL7_BATCH_ROOM bytes. */
enum hl7_batch_result hl7_batch_next(struct hl7_batch *b, struct slice *input, bool last,
                                     struct hl7_batch_item *ret);
enum { HL7_BATCH_ROOM = 16 };
/* Whether bytes begin as a file or a batch, rather than with a message. */
bool hl7_batch_begins(struct slice bytes);
/* Whether bytes begin with a message, and a further part follows: another message without any
 * header, a trailer. */
bool hl7_batch_several(struct slice bytes);
/* A field of a header or trailer, as sent; absent where the segment ends before it. */
struct slice hl7_batch_field(struct slice segment, unsigned field);

#endif
