/* doctor.h - one examination of a listener by `weir doctor`: without a message (doctor_look.c), of
 * its answer (doctor_judge.c), with messages (doctor_try.c). Borrows all but what doctor_line and
 * buf own. */
#ifndef WEIR_DOCTOR_H
#define WEIR_DOCTOR_H

#include "doctor_line.h"
#include "doctor_message.h"
#include "doctor_report.h"

struct doctor {
    struct doctor_line line;
    struct doctor_report *report;
    const struct hl7_msg *message; /* what is sent */
    const struct hl7_msg *accent;  /* the same as UTF-8 text; NULL: it is in another set */
    int64_t start_ms;              /* wall clock: begins the control ids */
    unsigned no;                   /* messages sent so far */
    struct buf bytes;              /* what is sent next */
    char id[DOCTOR_ID];            /* control id of the message sent last */
    const char *first;             /* code of the answer to the plain message; NULL: none yet */
    bool two_open;                 /* a second connection was taken and kept */
};

enum { DOCTOR_BYTES_MAX = 64 * 1024 * 1024 };

/* Connects, and says what is seen without a message; false: there is nothing to go on with. */
bool doctor_look(struct doctor *d);
/* Whether TLS is spoken where plain text brought no answer; says so. */
void doctor_look_tls(struct doctor *d);
/* Whether a second connection is taken, refused, or drops the first. */
void doctor_look_second(struct doctor *d);

/* Sends the messages, and says what came of each. */
void doctor_try(struct doctor *d);

/* What one answer to d->id is like: its frame, its text, its header. */
void doctor_judge(struct doctor *d, const struct doctor_reply *reply);
/* "AA", "AR 202"; borrows out. */
const char *doctor_code(const struct doctor_answer *a, char out[16]);

#endif
