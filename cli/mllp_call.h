/* mllp_call.h - one MLLP connection, plain or under TLS, of a sender that waits for each answer
 * (HL7 v2.5.1 App. C).
 *
 * Blocking, with a deadline: for commands. The call owns its socket. */
#ifndef WEIR_MLLP_CALL_H
#define WEIR_MLLP_CALL_H

#include "buf.h"
#include "err.h"
#include "hl7_frame.h"
#include "tls_link.h"

struct mllp_call {
    int fd;
    struct tls_link *tls; /* NULL: plain text */
    int64_t timeout_ms;
    struct hl7_deframer deframer;
    struct buf out, in;
};

/* "host:port", "[::1]:2575". tls: NULL for plain text; the listener's certificate must bear `name`
 * (NULL: the host). ERR_INPUT (no such address), ERR_PEER (nobody listens, or TLS is refused). */
int mllp_call_open(const char *address, const struct tls *tls, const char *name, int64_t timeout_ms,
                   struct mllp_call *ret, struct err *reterr);
void mllp_call_close(struct mllp_call *c);
/* Sends one message and gives the bytes of the answer; valid until the next call. ERR_PEER: closed,
 * or no answer in time. */
int mllp_call_send(struct mllp_call *c, struct slice message, struct slice *ret,
                   struct err *reterr);

#endif
