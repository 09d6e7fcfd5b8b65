/* intake.h - the shared middle of every adapter: the bytes of one message become a set of records,
 * and the answer is free to leave once that set is durable.
 *
 *   taken -> translated -> appended -> durable -> answered      AA, or AE/AR after flow.rejected
 * holds every reason
 *                             '------> not durable -> answered  "try later"; nothing was kept that
 * counts
 *
 * The intake borrows loop and stream and owns the replies until session_answer has sent them. */
#ifndef WEIR_INTAKE_H
#define WEIR_INTAKE_H

#include "disk_space.h"
#include "loop.h"
#include "record.h"
#include "reply.h"
#include "source.h"
#include "stream.h"

/* How long a message may be, and which option of its source says so: "mllp.frame_max". */
struct intake_limit {
    uint64_t bytes;
    const char *option;
};

/* What cannot become a message at all: a row that is broken, or too long. */
struct intake_refusal {
    struct slice raw; /* what is kept of it */
    uint64_t length;  /* how long it is in all */
    unsigned code;    /* HL7 table 0357 */
    struct slice why; /* for a person; no patient data */
};

struct intake_options {
    struct loop *loop;
    struct stream *stream;
    const struct site *site;
};

struct intake {
    struct loop *loop;
    struct stream *stream;
    struct reply_pool pool;
    struct reply_stamp stamp;
    struct record_writer record;
    struct arena arena, scratch;
    struct digest *digest; /* SHA-256 */
    struct disk_space disk;
    uint64_t under_way, bytes_under_way;
    uint64_t of_side[2]; /* of these: before and after the newest mark */
    unsigned side;
    uint64_t under_way_max, bytes_max; /* past these no more is read */
    int64_t waiting_since; /* monotonic ms since which something is under way without any success; 0
                              = nothing is */
    bool failing;          /* the newest outcome was a failure */
    bool held;             /* not known yet which source is paused: all hear "try later" */
    struct session *answerable; /* sessions with an answer that may leave */
    struct loop_timer *soon;    /* sends answers that did not wait for the stream */
};

int intake_open(struct intake *in, const struct intake_options *o, struct err *reterr);
/* The stream must be drained before. */
void intake_close(struct intake *in);

/* True when no more should be read from any connection now. */
bool intake_full(const struct intake *in);
/* A reply that is no message's, such as the one answer to a batch: whoever takes it makes it ready
 * with intake_settle. NULL without memory. */
struct reply *intake_reply(struct intake *in, struct source *src, struct reply_to *to);
/* Its answers are written: they may leave. */
void intake_settle(struct reply *r);
/* Takes one message, a frame over the limit, or what is to stand in flow.rejected, for whoever
 * waits for its answer. Returns the reply, to be queued there in this order; NULL without memory:
 * nothing was taken. An answer is written for HL7 v2 only; of other formats the reply says what
 * became of it (refused, later, why). */
struct reply *intake_message(struct intake *in, struct source *src, struct reply_to *to,
                             struct slice raw);
struct reply *intake_long_frame(struct intake *in, struct source *src, struct reply_to *to,
                                const struct hl7_frame *frame, const struct intake_limit *limit);
struct reply *intake_refuse(struct intake *in, struct source *src, struct reply_to *to,
                            const struct intake_refusal *refusal);
/* Whether that message would be refused, by what can be told without taking it: why is then filled
 * as that of a reply. */
bool intake_would_refuse(struct intake *in, struct source *src, struct slice raw,
                         char why[REPLY_WHY]);
/* Draws a line behind all that is under way now; intake_passed once none of it is any more. False:
 * what stands before the line drawn last is still under way. */
bool intake_mark(struct intake *in);
bool intake_passed(const struct intake *in);
/* False, with a reason, when messages are not becoming durable. */
bool intake_moving(struct intake *in, const char **ret_why);

#endif
