/* session.h - one MLLP connection: frames in, answers out in the order of the frames, a bounded
 * number read ahead.
 *
 *   outside -> in a frame (deadline: frame_time) -> taken -> answered ;  no bytes for idle_time ->
 * closed
 *
 * A session owns its connection and the replies queued on it. It lives in the list of its port,
 * which frees it. */
#ifndef WEIR_SESSION_H
#define WEIR_SESSION_H

#include "bulk.h"
#include "conn.h"
#include "hl7_frame.h"
#include "intake.h"
#include "listen.h"

struct mllp_port;

struct session {
    struct reply_to to; /* first: a session is found by it */
    struct mllp_port *port;
    struct conn *conn; /* NULL: over, to be freed by session_close */
    struct address peer;
    const struct site_tls_peer *who; /* whose certificate it showed; NULL: not asked for */
    struct hl7_deframer deframer;
    struct hl7_frame_counts counted; /* of the deframer's counts, what the metrics know already */
    struct reply *first, *last;      /* answers in order */
    int64_t pending;
    int64_t frame_since; /* loop time at which the frame under way began; 0 = none */
    bool hung_up;        /* closes without an answer to what is left */
    bool paused, ending; /* ending: the peer sends no more, answers still go out */
    bool spoke_mllp, told_no_mllp;
    enum frame_fault dropping; /* why a frame is dropped that is dropped now */
    uint64_t no_mllp;  /* where its bytes are kept as long as it sends no frame; 0 = not yet */
    bool answerable;   /* in the intake's list */
    bool put_off;      /* a message was answered "try later" */
    struct bulk *bulk; /* a batch under way; NULL: none */
    struct session *next_answerable;
    struct session *prev, *next; /* of the port */
};

struct session_rules {
    struct hl7_frame_rules frames;
    struct conn_options conn;
    int64_t pipeline, frame_time, idle_time;
};

/* Takes fd and tls (NULL: plain text). NULL (logged by the caller) on failure: they are closed
 * then.
 */
struct session *session_open(struct mllp_port *port, int fd, const struct address *peer,
                             struct tls_link *tls, const struct site_tls_peer *who,
                             struct err *reterr);
/* Frees; answers still under way find nobody. */
void session_close(struct session *s);
/* Sends what may leave, in order, one write per connection, and reads on where that was waited for.
 */
void session_answer_all(struct intake *in);
/* Reads on if it was paused and may now. */
void session_try_resume(struct session *s);
/* Deadlines: a frame that takes too long, a connection without life. May close s. */
void session_tick(struct session *s, int64_t now);
/* No more reading; closes by itself once all answers are out. May close s. */
void session_drain(struct session *s);

#endif
