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

#include "conn.h"
#include "hl7_frame.h"
#include "intake.h"
#include "listen.h"

struct mllp_port;

struct session {
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
    bool answerable; /* in the intake's list */
    bool put_off;    /* see session_put_off */
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
/* Whether the certificate of its connection may send under the names of MSH-3 and MSH-4; what may
 * not is logged. */
bool session_may_send(const struct session *s, const struct translation *t);
/* Frees; answers still under way find nobody. */
void session_close(struct session *s);
/* A message of s is answered "try later": nothing behind it is taken, or what the peer had sent
 * already would overtake it when it comes again. Once that answer has left peers of a port where
 * all wait for their answers go on; where one was seen not to, the connection ends behind it. */
void session_put_off(struct session *s);
/* An answer of s became ready: it is sent by session_answer_all, together with what else is ready
 * then. */
void session_answerable(struct session *s);
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
