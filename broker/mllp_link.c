#include "mllp_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "buf.h"
#include "dial.h"
#include "hl7_frame.h"
#include "num.h"
#include "tls_handshake.h"

enum {
    MESSAGE_MAX = 256 * 1024 * 1024,
    CONTROL_ID_MAX = 4096,
    TAIL_MS = 200, /* an FS that nothing follows for so long ends the answer */
    ARENA = 4 * 1024 * 1024,
};

struct mllp_link {
    struct mllp_link_options o;
    mllp_result_fn fn;
    void *arg;
    struct dial *dial;
    struct tls_handshake *handshake;
    struct conn *conn;
    int fd; /* under a handshake; -1 = none */
    struct hl7_deframer in;
    struct loop_timer *timer; /* the answer is due, or the line idles */
    struct loop_timer *soon;  /* the tail of an answer, or a result */
    struct buf frame;         /* under way */
    struct buf sent, before;  /* control ids: of the message under way, of the one answered last */
    bool waiting;             /* a message is under way */
    const char *failed;       /* it could not be sent: its result is due */
    struct arena arena;       /* of an answer */
};

/* ---- the line ---- */

static void disconnect(struct mllp_link *l)
{
    dial_cancel(l->dial);
    tls_handshake_cancel(l->handshake);
    conn_close(l->conn);
    if (l->fd >= 0)
        close(l->fd);
    l->dial = NULL;
    l->handshake = NULL;
    l->conn = NULL;
    l->fd = -1;
    hl7_deframer_fini(&l->in);
    hl7_deframer_init(&l->in, &(struct hl7_frame_rules){.max = l->o.answer_max});
    buf_reset(&l->before);
    loop_timer_stop(l->timer);
    loop_timer_stop(l->soon);
}

static void tell(struct mllp_link *l, const struct mllp_result *r)
{
    if (!l->waiting)
        return;
    l->waiting = false;
    loop_timer_stop(l->timer);
    if (l->conn && l->o.idle_time)
        loop_timer_start(l->timer, l->o.idle_time);
    l->fn(l->arg, r);
}

/* The line is of no more use; so ends the message under way, if there is one. */
static void fail(struct mllp_link *l, enum mllp_outcome outcome, const char *why)
{
    disconnect(l);
    tell(l, &(struct mllp_result){.outcome = outcome, .why = why});
}

static void on_timer(void *arg)
{
    struct mllp_link *l = arg;
    char why[80];
    if (!l->waiting) {
        disconnect(l);
        return;
    }
    snprintf(why, sizeof(why), "no answer within %lld ms%s", (long long)l->o.timeout,
             hl7_deframer_midway(&l->in) ? ", but the beginning of one"
             : l->in.counts.junk_bytes   ? ", but bytes that are in no MLLP frame"
                                         : "");
    fail(l, MLLP_NO_ANSWER, why);
}

/* ---- answers ---- */

static bool same(const struct buf *id, struct slice sent)
{
    return slice_eq(buf_slice(id), slice_present(sent) ? sent : SLICE(""));
}

static unsigned error_of(const struct hl7_answer *a)
{
    uint64_t n;
    return slice_present(a->error) && num_u64(a->error, &n) && n < 1000 ? (unsigned)n : 0;
}

static void remember(struct mllp_link *l)
{
    struct buf spare = l->before;
    l->before = l->sent;
    l->sent = spare;
}

/* Returns whether the line is still of use. */
static bool take_answer(struct mllp_link *l, struct slice bytes)
{
    struct hl7_answer a;
    struct err err = {0};
    arena_reset(&l->arena);
    if (hl7_ack_read(bytes, &l->arena, &a, &err) < 0) {
        fail(l, MLLP_NO_ANSWER, "the answer is no HL7 acknowledgment");
        return false;
    }
    bool mine = l->waiting && same(&l->sent, a.control_id);
    if (!mine && l->before.n && same(&l->before, a.control_id))
        return true; /* of the message before, once more */
    if (!mine) {
        fail(l, MLLP_WRONG_ID, "MSA-2 of the answer is not the MSH-10 that was sent");
        return false;
    }
    if (a.code == HL7_CA && l->o.wait) {
        loop_timer_start(l->timer, l->o.timeout);
        return true;
    }
    remember(l);
    tell(l, &(struct mllp_result){.outcome = MLLP_ANSWERED,
                                  .code = a.code,
                                  .later = slice_eq_str(a.retry, "RETRY"),
                                  .error = error_of(&a)});
    return l->conn != NULL;
}

/* False when the line is gone. */
static bool take_frame(struct mllp_link *l, enum hl7_frame_result got, const struct hl7_frame *f)
{
    if (got == HL7_FRAME_WHOLE)
        return take_answer(l, f->bytes);
    fail(l, MLLP_NO_ANSWER,
         got == HL7_FRAME_TOO_LONG ? "the answer is longer than answer_max"
                                   : "no memory for the answer");
    return false;
}

static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    struct mllp_link *l = arg;
    struct slice left = bytes;
    struct hl7_frame f;
    enum hl7_frame_result got;
    while ((got = hl7_deframer_next(&l->in, &left, &f)) != HL7_FRAME_MORE)
        if (!take_frame(l, got, &f) || l->conn != c)
            return bytes.n;
    if (hl7_deframer_midway(&l->in))
        loop_timer_start(l->soon, TAIL_MS);
    else if (!l->waiting && l->in.counts.junk_bytes > l->o.answer_max)
        disconnect(l);
    return bytes.n;
}

static void on_end(struct conn *c, void *arg)
{
    struct mllp_link *l = arg;
    struct hl7_frame f;
    enum hl7_frame_result got = hl7_deframer_end(&l->in, &f);
    (void)c;
    if (got == HL7_FRAME_MORE || take_frame(l, got, &f))
        fail(l, MLLP_NO_ANSWER, "the receiver closed the connection before it answered");
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    struct mllp_link *l = arg;
    char text[120];
    (void)c;
    snprintf(text, sizeof(text), "the connection broke: %s", why ? why : "closed");
    l->conn = NULL; /* freed when this returns */
    fail(l, MLLP_NO_ANSWER, text);
}

static void on_soon(void *arg)
{
    struct mllp_link *l = arg;
    struct hl7_frame f;
    const char *failed = l->failed;
    l->failed = NULL;
    if (failed) {
        fail(l, MLLP_NO_CONNECTION, failed);
        return;
    }
    enum hl7_frame_result got = hl7_deframer_idle(&l->in, &f);
    if (got != HL7_FRAME_MORE)
        (void)take_frame(l, got, &f);
}

/* ---- sending ---- */

static void later(struct mllp_link *l, const char *why)
{
    l->failed = why;
    loop_timer_start(l->soon, 0);
}

static void write_message(struct mllp_link *l)
{
    struct slice bytes = buf_slice(&l->frame);
    if (!conn_send(l->conn, &bytes, 1)) {
        later(l, "the connection broke while the message was sent");
        return;
    }
    loop_timer_start(l->timer, l->o.timeout);
}

static void open_conn(struct mllp_link *l, int fd, struct tls_link *tls)
{
    static const struct conn_hooks hooks = {.data = on_data, .end = on_end, .closed = on_closed};
    struct conn_options o = {.in_max = l->o.answer_max, .out_max = MESSAGE_MAX + 4, .tls = tls};
    struct err err = {0};
    if (conn_open(l->o.loop, l->o.shared, fd, &o, &hooks, l, &l->conn, &err) < 0) {
        later(l, "no memory for a connection");
        return;
    }
    write_message(l);
}

static void on_handshake(struct tls_link *tls, enum tls_fault fault, const char *why, void *arg)
{
    struct mllp_link *l = arg;
    char text[120];
    int fd = l->fd;
    l->handshake = NULL;
    l->fd = -1;
    if (fault == TLS_NO_FAULT) {
        open_conn(l, fd, tls);
        return;
    }
    bool broken = fault == TLS_SLOW || fault == TLS_BROKEN;
    snprintf(text, sizeof(text), "TLS: %s", why ? why : tls_fault_name(fault));
    close(fd);
    fail(l, broken ? MLLP_NO_CONNECTION : MLLP_NO_TRUST, text);
}

static void on_dialled(int fd, const char *why, void *arg)
{
    struct mllp_link *l = arg;
    struct err err = {0};
    l->dial = NULL;
    if (fd < 0) {
        fail(l, MLLP_NO_CONNECTION, why);
        return;
    }
    if (!l->o.tls) {
        open_conn(l, fd, NULL);
        return;
    }
    l->fd = fd;
    const char *name = l->o.server_name ? l->o.server_name : l->o.host;
    if (tls_handshake_start(l->o.loop, l->o.tls, fd, name, l->o.connect_timeout, on_handshake, l,
                            &l->handshake, &err) < 0)
        fail(l, MLLP_NO_TRUST, err.text);
}

static void connect_line(struct mllp_link *l)
{
    struct err err = {0};
    if (l->o.tls)
        (void)tls_renew(l->o.tls, &err); /* what is of no use leaves the old files */
    if (dial_start(l->o.loop, l->o.host, l->o.port, l->o.connect_timeout, on_dialled, l, &l->dial,
                   &err) < 0)
        later(l, "no memory for a connection");
}

void mllp_link_send(struct mllp_link *l, struct slice message, struct slice control_id)
{
    l->waiting = true;
    loop_timer_stop(l->timer);
    buf_reset(&l->frame);
    buf_reset(&l->sent);
    hl7_frame_write(&l->frame, message);
    if (control_id.n)
        buf_put(&l->sent, control_id);
    if (!buf_ok(&l->frame) || !buf_ok(&l->sent))
        later(l, "no memory for the message");
    else if (l->conn)
        write_message(l);
    else
        connect_line(l);
}

int mllp_link_open(const struct mllp_link_options *o, mllp_result_fn fn, void *arg,
                   struct mllp_link **ret, struct err *reterr)
{
    struct mllp_link *l = calloc(1, sizeof(*l));
    if (!l)
        return err_set(reterr, ERR_NOMEM, "no memory for a connection");
    *l = (struct mllp_link){.o = *o, .fn = fn, .arg = arg, .fd = -1};
    buf_init(&l->frame, MESSAGE_MAX);
    buf_init(&l->sent, CONTROL_ID_MAX);
    buf_init(&l->before, CONTROL_ID_MAX);
    arena_init(&l->arena, ARENA);
    hl7_deframer_init(&l->in, &(struct hl7_frame_rules){.max = o->answer_max});
    if (loop_timer_add(o->loop, on_timer, l, &l->timer, reterr) < 0 ||
        loop_timer_add(o->loop, on_soon, l, &l->soon, reterr) < 0) {
        mllp_link_close(l);
        return -1;
    }
    *ret = l;
    return 0;
}

void mllp_link_close(struct mllp_link *l)
{
    if (!l)
        return;
    if (l->timer && l->soon)
        disconnect(l);
    loop_timer_remove(l->timer);
    loop_timer_remove(l->soon);
    hl7_deframer_fini(&l->in);
    buf_fini(&l->frame);
    buf_fini(&l->sent);
    buf_fini(&l->before);
    arena_fini(&l->arena);
    free(l);
}
