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
/* The same in two steps, for who wants to know which of them failed: after a handshake that did,
 * c->tls (if any) says why (tls_link_fault), and the call is closed as ever. */
int mllp_call_connect(const char *address, int64_t timeout_ms, struct mllp_call *ret,
                      struct err *reterr);
int mllp_call_secure(struct mllp_call *c, const char *address, const struct tls *tls,
                     const char *name, struct err *reterr);
void mllp_call_close(struct mllp_call *c);
/* Sends one message and gives the bytes of the answer; valid until the next call. ERR_PEER: closed,
 * or no answer in time. */
int mllp_call_send(struct mllp_call *c, struct slice message, struct slice *ret,
                   struct err *reterr);

/* Bytes as they are, in no frame. ERR_PEER. */
int mllp_call_write(struct mllp_call *c, struct slice bytes, struct err *reterr);

enum mllp_came {
    MLLP_CAME_BYTES,   /* *ret, until the next call */
    MLLP_CAME_NOTHING, /* in that time */
    MLLP_CAME_END,     /* the peer closed */
    MLLP_CAME_BREAK,   /* the connection was reset */
};
/* What comes within so many milliseconds (at least 1), framed or not. */
enum mllp_came mllp_call_read(struct mllp_call *c, int64_t wait_ms, struct slice *ret);

#endif
