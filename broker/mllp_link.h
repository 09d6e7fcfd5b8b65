/* mllp_link.h - one connection to an MLLP receiver, with one message under way at a time.
 *
 *   closed -> connecting -> ready <-> waiting for the answer
 *
 * It connects when there is something to send, and stays connected. Whatever leaves it unsure which
 * message an answer is for closes the connection: no answer in time, an answer to another message,
 * bytes that nobody asked for. So a late answer is never taken for that of the next message. An
 * answer to the message before, sent once more, is dropped.
 *
 * Owns its socket and a copy of the message under way; borrows loop, shared buffer, host and tls.
 */
#ifndef WEIR_MLLP_LINK_H
#define WEIR_MLLP_LINK_H

#include "conn.h"
#include "hl7_ack.h"
#include "loop.h"
#include "tls.h"

struct mllp_link;

struct mllp_link_options {
    struct loop *loop;
    struct conn_shared *shared;
    const char *host;
    uint16_t port;
    int64_t connect_timeout, timeout, idle_time; /* ms; idle_time 0: kept open */
    size_t answer_max;
    const char *server_name; /* that its certificate bears; NULL: the host */
    struct tls *tls;         /* NULL: plain text. Looked at for new files before each connection */
    bool wait;               /* CA is no answer yet */
};

enum mllp_outcome {
    MLLP_ANSWERED,      /* code is MSA-1 of an answer to this message */
    MLLP_WRONG_ID,      /* MSA-2 is another one */
    MLLP_NO_ANSWER,     /* none in time, none that can be read, or the line broke */
    MLLP_NO_CONNECTION, /* the message was not sent */
    MLLP_NO_TRUST,      /* TLS: a certificate or setting is wrong */
};
struct mllp_result {
    enum mllp_outcome outcome;
    enum hl7_ack_code code;
    bool later;      /* the answer says that the same message may be taken later (ERR-5) */
    unsigned error;  /* its first error code (HL7 table 0357); 0 = none */
    const char *why; /* in words, never of the message; NULL where it was answered */
};
typedef void (*mllp_result_fn)(void *arg, const struct mllp_result *r);

int mllp_link_open(const struct mllp_link_options *o, mllp_result_fn fn, void *arg,
                   struct mllp_link **ret, struct err *reterr);
/* No result comes any more. NULL is fine. */
void mllp_link_close(struct mllp_link *l);
/* Sends a message, whose MSH-10 is control_id. Once the result of the one before has come; fn runs
 * later, never within. */
void mllp_link_send(struct mllp_link *l, struct slice message, struct slice control_id);

#endif
