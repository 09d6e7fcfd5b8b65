/* doctor_line.h - the connection of `weir doctor`: it asks, and listens longer than a sender would,
 * so that what comes behind an answer, or in its place, is seen.
 *
 * The line owns its connection and the bytes of the last answers. */
#ifndef WEIR_DOCTOR_LINE_H
#define WEIR_DOCTOR_LINE_H

#include "doctor_answer.h"
#include "mllp_call.h"

struct doctor_line {
    const char *address, *server_name;
    const struct tls *tls; /* NULL: plain text */
    int64_t timeout_ms;
    bool is_open, was_open;
    struct mllp_call call;
    struct buf came;
    struct arena arena;
};

enum { DOCTOR_ANSWERS = 4, DOCTOR_SETTLE_MS = 300 };

/* What came upon one asking; slices until the next one on the same line. */
struct doctor_reply {
    unsigned n; /* answers; those past DOCTOR_ANSWERS are counted only */
    struct doctor_answer answers[DOCTOR_ANSWERS];
    bool ended, broke; /* the connection is gone: closed, or reset */
    int64_t ms;        /* until the last byte came */
};

void doctor_line_init(struct doctor_line *l, const char *address, const struct tls *tls,
                      const char *server_name, int64_t timeout_ms);
void doctor_line_fini(struct doctor_line *l);

/* Connects where it is not connected. ERR_INPUT, ERR_PEER. */
int doctor_line_open(struct doctor_line *l, struct err *reterr);
void doctor_line_close(struct doctor_line *l);

/* Sends bytes as they are, in up to `parts` pieces that leave one by one, and takes what comes: up
 * to the timeout until `wanted` frames have ended, then for DOCTOR_SETTLE_MS more. Closes the line
 * where it broke, or where an answer may still be under way. ERR_PEER: it could not be sent. */
int doctor_line_ask(struct doctor_line *l, struct slice bytes, unsigned parts, unsigned wanted,
                    struct doctor_reply *ret, struct err *reterr);
/* What comes unasked within so many ms. */
enum mllp_came doctor_line_listen(struct doctor_line *l, int64_t wait_ms);

#endif
