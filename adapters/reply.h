/* reply.h - the answer to one message, from taking it until its stream record is durable and its
 * turn on the connection has come.
 *
 * Replies belong to a pool and go back to it; their memory is kept for the next message. The answer
 * is written when the message is taken, while its bytes are at hand; what could not be made durable
 * is answered anew from a copy of the MSH. */
#ifndef WEIR_REPLY_H
#define WEIR_REPLY_H

#include "buf.h"
#include "hl7_ack_due.h"
#include "hl7_time.h"

struct intake;
struct reply;
struct translation;
struct translate_reason;

/* Who waits for answers: a connection, a batch. */
struct reply_to {
    /* The answer may leave. Also called before intake_message has returned it. */
    void (*ready)(struct reply_to *to, struct reply *r);
    /* Some message of it is answered "try later": nothing that comes behind it is to be taken, or
     * it would overtake it. */
    void (*later)(struct reply_to *to);
    /* Whether who sends here may send this; NULL: may. */
    bool (*may_send)(struct reply_to *to, const struct translation *t);
    /* Whether it is refused although it was understood, and why; NULL: never. */
    bool (*refuses)(struct reply_to *to, const struct translation *t, struct translate_reason *ret);
    /* Writes down what is to be answered, once it is durable, while the translation is at hand; not
     * called where there was no memory. NULL: the acknowledgment of HL7 v2 is all. */
    void (*answer)(struct reply_to *to, struct reply *r, const struct translation *t);
};

struct source;

enum { REPLY_WHY = 200 };

struct reply {
    struct reply *next;
    struct intake *intake;
    struct source *source;
    struct reply_to *to; /* NULL: who waited is gone */
    uint64_t at;         /* whoever waits may note here which message it was */
    char why[REPLY_WHY]; /* of a refusal: its first reason, for a person; no patient data */
    struct buf frame;    /* the answers, framed: one or two, or none that is due */
    struct buf header;   /* MSH segment of the message; empty: none could be read */
    struct hl7_ack_terms terms;
    struct hl7_ack_due due; /* which they are */
    bool refused;           /* nothing was made of the message, whatever its sender hears */
    bool unread;            /* the message could not be taken apart */
    bool later;             /* it was not made durable either: to be sent again */
    bool close;             /* no answer: the connection ends here */
    bool ready;             /* may leave as soon as those before it have */
    size_t bytes;           /* of the message, for the account of what is under way */
    unsigned side;          /* intake_mark */
    int64_t taken_ns;       /* monotonic */
};

struct reply_pool {
    struct reply *free;
    unsigned kept; /* in the free list */
};

/* A fresh reply, or NULL without memory. */
struct reply *reply_take(struct reply_pool *p);
/* Its source may go, as far as this one is concerned. */
void reply_give_back(struct reply_pool *p, struct reply *r);
void reply_pool_fini(struct reply_pool *p);

/* What every ACK of a process needs. */
struct reply_stamp {
    char run[16]; /* tells runs of the process apart, so that MSH-10 never repeats */
    uint64_t count;
    int64_t second; /* of sent_at */
    char sent_at[HL7_TIME_SIZE];
};
void reply_stamp_init(struct reply_stamp *s);
/* The time of sending (MSH-7), and an id that was never given before (MSH-10). The time is borrowed
 * until the next call. */
struct slice reply_now(struct reply_stamp *s);
void reply_put_id(struct reply_stamp *s, struct buf *out);

/* Writes the framed answers that the sender is owed (answer_due) into r->frame and keeps the MSH.
 * request NULL: no header could be read. */
void reply_write(struct reply *r, struct reply_stamp *s, const struct hl7_msg *request,
                 enum hl7_ack_code code, const struct hl7_ack_error *errors, size_t nerrors);
/* Writes "try later" instead (HL7 table 0357: 207; ERR-5 RETRY). Where the source wants no such
 * answer, or the sender none at all, the connection is to close: it must not pass for stored. */
void reply_write_later(struct reply *r, struct reply_stamp *s, struct arena *scratch,
                       struct slice why);

#endif
