#include "session.h"

#include <stdlib.h>
#include <unistd.h>
#include "log.h"
#include "mllp_port.h"
#include "sender.h"

enum { IDLE_LOOK_MS = 250 };

static struct session *session_of(struct reply_to *to)
{
    return (struct session *)(void *)to;
}

/* An answer of s became ready: it is sent by session_answer_all, together with what else is ready
 * then. */
static void on_ready(struct reply_to *to, struct reply *r)
{
    struct session *s = session_of(to);
    struct intake *in = s->port->intake;
    (void)r;
    if (s->answerable)
        return;
    s->answerable = true;
    s->next_answerable = in->answerable;
    in->answerable = s;
}

/* A message of s is answered "try later": nothing behind it is taken, or what the peer had sent
 * already would overtake it when it comes again. Once that answer has left peers of a port where
 * all wait for their answers go on; where one was seen not to, the connection ends behind it. */
static void on_later(struct reply_to *to)
{
    session_of(to)->put_off = true;
}

static bool on_may_send(struct reply_to *to, const struct translation *t)
{
    const struct session *s = session_of(to);
    if (!s->who || !s->who->sending.n || !t->parsed ||
        sender_among(&s->who->sending, &t->msg, &t->header))
        return true;
    mllp_tls_log_foreign(s->port, s->who, conn_tls(s->conn));
    return false;
}

static bool may_take(const struct session *s)
{
    return !s->port->paused && !s->bulk && !s->put_off && s->pending < s->port->rules.pipeline &&
           !intake_full(s->port->intake);
}

static void queue(struct session *s, struct reply *r)
{
    r->next = NULL;
    if (s->last)
        s->last->next = r;
    else
        s->first = r;
    s->last = r;
    if (s->pending++)
        s->port->pipelines = true;
}

/* All messages of a batch are taken, or it has to be sent again: its one answer is written. */
static void on_bulk(struct bulk *b, void *arg)
{
    struct session *s = arg;
    struct reply *r = bulk_reply(b);
    if (bulk_put_off(b))
        on_later(&s->to);
    s->bulk = NULL;
    bulk_close(b);
    intake_settle(r);
    session_answer_all(s->port->intake);
}

/* A batch in one frame. Nothing behind it is read before it is answered. */
static struct reply *take_batch(struct session *s, struct slice bytes)
{
    struct mllp_port *p = s->port;
    struct bulk_options o = {.loop = p->loop,
                             .intake = p->intake,
                             .source = &p->source,
                             .limit = {p->rules.frames.max, "mllp.frame_max"},
                             .of = &s->to,
                             .framed = true};
    struct reply *r = intake_reply(p->intake, &p->source, &s->to);
    if (r && !bulk_open(&o, bytes, r, on_bulk, s, &s->bulk)) {
        reply_give_back(&p->intake->pool, r);
        return NULL;
    }
    return r;
}

/* False without memory: the connection must go, so that what is unanswered is sent again. */
static bool take(struct session *s, enum hl7_frame_result what, const struct hl7_frame *frame)
{
    struct mllp_port *p = s->port;
    const struct intake_limit limit = {p->rules.frames.max, "mllp.frame_max"};
    struct reply *r = NULL;
    s->spoke_mllp = true;
    if (what == HL7_FRAME_WHOLE &&
        (hl7_batch_begins(frame->bytes) || hl7_batch_several(frame->bytes)))
        r = take_batch(s, frame->bytes);
    else if (what == HL7_FRAME_WHOLE)
        r = intake_message(p->intake, &p->source, &s->to, frame->bytes);
    else if (what == HL7_FRAME_TOO_LONG)
        r = intake_long_frame(p->intake, &p->source, &s->to, frame, &limit);
    if (!r)
        return false;
    if (what == HL7_FRAME_TOO_LONG)
        failed_frames_put(&p->source.failed, FRAME_TOO_LONG, &s->peer, frame->bytes, frame->total);
    else if (r->unread)
        failed_frames_put(&p->source.failed, FRAME_UNREAD, &s->peer, frame->bytes, frame->total);
    queue(s, r);
    return true;
}

static void on_dropped(void *arg, struct slice begin, struct slice rest)
{
    struct session *s = arg;
    struct failed_frames *f = &s->port->source.failed;
    uint64_t no = failed_frames_put(f, s->dropping, &s->peer, begin, begin.n);
    failed_frames_more(f, no, rest);
}

/* Bytes in front of any frame, of a connection that has not sent one yet. */
static void keep_no_mllp(struct session *s, struct slice bytes)
{
    struct failed_frames *f = &s->port->source.failed;
    struct slice junk = slice_sub(bytes, 0, slice_find(bytes, '\x0b'));
    if (!junk.n)
        return;
    if (!s->no_mllp)
        s->no_mllp = failed_frames_put(f, FRAME_NO_MLLP, &s->peer, SLICE(""), 0);
    failed_frames_more(f, s->no_mllp, junk);
}

/* why: what is known of a frame that was dropped without another one having begun within it. */
static void count(struct session *s, enum source_drop why)
{
    const struct hl7_frame_counts *now = &s->deframer.counts, *old = &s->counted;
    uint64_t dropped = now->dropped_bytes - old->dropped_bytes;
    uint64_t junk = now->junk_bytes - old->junk_bytes + dropped;
    if (junk)
        series_add(s->port->source.junk, junk);
    if (now->junk_bytes && !s->spoke_mllp && !s->told_no_mllp) {
        source_log_no_mllp(&s->port->source, now->junk_bytes);
        s->told_no_mllp = true;
    }
    if (dropped)
        source_dropped(&s->port->source, now->restarts > old->restarts ? SOURCE_DROP_RESTART : why,
                       dropped);
    s->counted = *now;
}

/* Whether a frame is under way now, and since when. */
static void watch_frame(struct session *s)
{
    if (!hl7_deframer_midway(&s->deframer))
        s->frame_since = 0;
    else if (s->frame_since == 0)
        s->frame_since = loop_now(s->port->loop);
}

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct session *s = arg;
    struct slice input = bytes;
    struct hl7_frame frame;
    enum hl7_frame_result r = HL7_FRAME_MORE;
    if (!s->spoke_mllp && !hl7_deframer_midway(&s->deframer) && may_take(s))
        keep_no_mllp(s, bytes);
    while (may_take(s) && (r = hl7_deframer_next(&s->deframer, &input, &frame)) != HL7_FRAME_MORE) {
        s->frame_since = 0;
        if (!take(s, r, &frame)) {
            log_line(LOG_ERROR, "session.no_memory", "source=%.*s",
                     SLICE_ARG(s->port->source.conf->name));
            session_close(s);
            return bytes.n;
        }
    }
    if (r != HL7_FRAME_MORE || input.n) {
        s->paused = true;
        conn_pause(c);
    }
    count(s, SOURCE_DROP_RESTART);
    watch_frame(s);
    if (s->put_off && (input.n || s->frame_since))
        s->port->pipelines = true;
    return bytes.n - input.n;
}

static void finish_if_done(struct session *s)
{
    if (s->ending && !s->hung_up && s->pending == 0)
        conn_finish(s->conn);
}

static void on_end(struct conn *c, void *arg)
{
    struct session *s = arg;
    struct hl7_frame frame;
    (void)c;
    s->dropping = FRAME_CUT;
    enum hl7_frame_result r = hl7_deframer_end(&s->deframer, &frame);
    count(s, SOURCE_DROP_CUT);
    s->frame_since = 0;
    s->ending = true;
    if (r != HL7_FRAME_MORE && !s->put_off && !take(s, r, &frame)) {
        session_close(s);
        return;
    }
    finish_if_done(s);
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    struct session *s = arg;
    struct hl7_frame ignored;
    (void)c;
    s->dropping = FRAME_CUT;
    hl7_deframer_end(&s->deframer, &ignored);
    if (why)
        log_line(LOG_DEBUG, "session.closed", "source=%.*s why=\"%s\"",
                 SLICE_ARG(s->port->source.conf->name), why);
    s->conn = NULL;
    session_close(s);
}

struct session *session_open(struct mllp_port *port, int fd, const struct address *peer,
                             struct tls_link *tls, const struct site_tls_peer *who,
                             struct err *reterr)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    struct conn_options o = port->rules.conn;
    struct session *s = calloc(1, sizeof(*s));
    if (!s) {
        tls_link_close(tls);
        close(fd);
        err_set(reterr, ERR_NOMEM, "no memory for a connection");
        return NULL;
    }
    s->port = port;
    s->to = (struct reply_to){.ready = on_ready, .later = on_later, .may_send = on_may_send};
    s->peer = *peer;
    s->who = who;
    o.tls = tls;
    hl7_deframer_init(&s->deframer, &port->rules.frames);
    s->deframer.dropped = on_dropped;
    s->deframer.dropped_arg = s;
    if (conn_open(port->loop, port->shared, fd, &o, &hooks, s, &s->conn, reterr) < 0) {
        free(s);
        return NULL;
    }
    return s;
}

static void leave_answerable(struct session *s)
{
    struct session **at = &s->port->intake->answerable;
    if (!s->answerable)
        return;
    while (*at && *at != s)
        at = &(*at)->next_answerable;
    if (*at)
        *at = s->next_answerable;
    s->answerable = false;
}

void session_close(struct session *s)
{
    struct reply_pool *pool = &s->port->intake->pool;
    if (s->bulk)
        bulk_reply(s->bulk)->ready = true;
    bulk_close(s->bulk);
    for (struct reply *r = s->first, *next; r; r = next) {
        next = r->next;
        r->to = NULL;
        if (r->ready)
            reply_give_back(pool, r);
    }
    leave_answerable(s);
    conn_close(s->conn);
    hl7_deframer_fini(&s->deframer);
    mllp_port_forget(s->port, s);
    free(s);
}

/* The next answer is that there is none: what was answered before still leaves, the rest is for the
 * sender to send again. */
static void hang_up(struct session *s)
{
    s->hung_up = true;
    s->paused = true;
    conn_finish(s->conn);
}

static bool send_ready(struct session *s)
{
    struct reply_pool *pool = &s->port->intake->pool;
    struct slice parts[CONN_PARTS_MAX];
    while (s->first && s->first->ready && !s->first->close) {
        unsigned n = 0;
        for (struct reply *r = s->first; r && r->ready && !r->close && n < CONN_PARTS_MAX;
             r = r->next)
            parts[n++] = buf_slice(&r->frame);
        if (!conn_send(s->conn, parts, n))
            return false;
        for (; n; n--) {
            struct reply *r = s->first;
            s->first = r->next;
            if (!s->first)
                s->last = NULL;
            s->pending--;
            reply_give_back(pool, r);
        }
    }
    return true;
}

/* All answers are out, a "try later" among them. */
static void put_off_is_out(struct session *s)
{
    if (s->port->pipelines)
        session_drain(s);
    else
        s->put_off = false;
}

void session_answer_all(struct intake *in)
{
    while (in->answerable) {
        struct session *s = in->answerable;
        in->answerable = s->next_answerable;
        s->answerable = false;
        if (s->hung_up)
            continue;
        if (!send_ready(s)) {
            session_close(s);
            continue;
        }
        if (s->first && s->first->ready) {
            hang_up(s);
            continue;
        }
        if (s->put_off && !s->first)
            put_off_is_out(s);
        finish_if_done(s);
        session_try_resume(s);
    }
}

void session_try_resume(struct session *s)
{
    if (!s->paused || s->hung_up || !may_take(s))
        return;
    s->paused = false;
    /* The time for which nothing was read is ours, not the sender's. */
    if (s->frame_since)
        s->frame_since = loop_now(s->port->loop);
    conn_resume(s->conn);
}

/* What came of an endless frame is refused like any that is too long; another one is dropped. The
 * connection closes behind the answers. */
static void too_slow(struct session *s)
{
    struct hl7_frame frame;
    s->dropping = FRAME_SLOW;
    enum hl7_frame_result r = hl7_deframer_end(&s->deframer, &frame);
    count(s, SOURCE_DROP_SLOW);
    s->frame_since = 0;
    if (r == HL7_FRAME_TOO_LONG && !take(s, r, &frame))
        session_close(s);
    else
        session_drain(s);
}

/* A frame without its last CR is whole when nothing follows, where the source allows it. */
static bool take_idle_frame(struct session *s)
{
    struct hl7_frame frame;
    enum hl7_frame_result r = hl7_deframer_idle(&s->deframer, &frame);
    watch_frame(s);
    return r == HL7_FRAME_MORE || take(s, r, &frame);
}

void session_tick(struct session *s, int64_t now)
{
    const struct session_rules *rules = &s->port->rules;
    int64_t quiet = now - conn_active_at(s->conn);
    if (s->paused)
        return;
    if (s->frame_since && quiet >= IDLE_LOOK_MS && may_take(s) && !take_idle_frame(s))
        session_close(s);
    else if (s->frame_since && now - s->frame_since > rules->frame_time)
        too_slow(s);
    else if (rules->idle_time && s->pending == 0 && quiet > rules->idle_time)
        session_close(s);
}

void session_drain(struct session *s)
{
    s->ending = true;
    s->paused = true;
    conn_pause(s->conn);
    finish_if_done(s);
}
