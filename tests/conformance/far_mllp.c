#include "far_mllp.h"

#include "hl7_ack.h"
#include "hl7_frame.h"
#include "kit.h"

enum { FRAME_MAX = 8 << 20 };

static struct conn **slot_of(struct far_mllp *f, const struct conn *c)
{
    for (unsigned i = 0; i < FAR_MLLP_CONNS; i++)
        if (f->conns[i] == c)
            return &f->conns[i];
    return NULL;
}

static void answer(struct far_mllp *f, struct conn *c, struct slice message)
{
    static const struct hl7_limits limits = {.segments = 1000, .fields = 10000};
    struct arena arena;
    struct hl7_msg m;
    struct hl7_header h;
    struct buf ack, frame;
    struct err err = {0};
    arena_init(&arena, 16 << 20);
    buf_init(&ack, 1 << 16);
    buf_init(&frame, 1 << 16);
    ck_assert_msg(hl7_msg_parse(message, &limits, &arena, &m, &err) == 0, "%s", err.text);
    hl7_msg_header(&m, &h);
    f->message(message, h.control_id);
    hl7_ack_write(&ack, &m,
                  &(struct hl7_ack){.code = HL7_AA,
                                    .sent_at = SLICE("20260303081500+0000"),
                                    .control_id = SLICE("R1")});
    hl7_frame_write(&frame, buf_slice(&ack));
    struct slice bytes = buf_slice(&frame);
    ck_assert(conn_send(c, &bytes, 1));
    buf_fini(&ack);
    buf_fini(&frame);
    arena_fini(&arena);
}

/* Whole frames only: what is left is given again with what comes next. */
static size_t on_data(struct conn *c, struct slice bytes, void *arg)
{
    size_t done = 0;
    for (;;) {
        struct slice left = slice_sub(bytes, done, bytes.n);
        const char *end = left.n ? memmem(left.p, left.n, "\x1c\r", 2) : NULL;
        if (!end)
            return done;
        ck_assert_int_eq(left.p[0], '\v');
        answer(arg, c, slice_sub(left, 1, (size_t)(end - left.p)));
        done += (size_t)(end - left.p) + 2;
    }
}

static void on_closed(struct conn *c, const char *why, void *arg)
{
    struct far_mllp *f = arg;
    struct conn **at = slot_of(f, c);
    (void)why;
    ck_assert_ptr_nonnull(at);
    listener_release(f->listener, &f->peers[at - f->conns]);
    *at = NULL;
}

static void on_accepted(int fd, const struct address *peer, void *arg)
{
    static const struct conn_hooks hooks = {.data = on_data, .closed = on_closed};
    struct far_mllp *f = arg;
    struct conn_options o = {.in_max = FRAME_MAX, .out_max = FRAME_MAX};
    struct conn **at = slot_of(f, NULL);
    struct err err = {0};
    ck_assert_ptr_nonnull(at);
    f->peers[at - f->conns] = *peer;
    ck_assert_msg(conn_open(f->loop, f->shared, fd, &o, &hooks, f, at, &err) == 0, "%s", err.text);
}

static void on_refused(enum listen_refusal why, const struct address *peer, void *arg)
{
    (void)peer;
    (void)arg;
    ck_abort_msg("%s", listen_refusal_name(why));
}

void far_mllp_open(struct far_mllp *f, struct loop *l,
                   void (*message)(struct slice message, struct slice control_id))
{
    static const struct listen_hooks hooks = {on_accepted, on_refused};
    struct listen_options o = {.max = FAR_MLLP_CONNS};
    struct err err = {0};
    *f = (struct far_mllp){.loop = l, .message = message};
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &err), 0);
    ck_assert_int_eq(conn_shared_open(65536, &f->shared, &err), 0);
    ck_assert_msg(listener_open(l, &o, &hooks, f, &f->listener, &err) == 0, "%s", err.text);
}

void far_mllp_close(struct far_mllp *f)
{
    for (unsigned i = 0; i < FAR_MLLP_CONNS; i++)
        conn_close(f->conns[i]);
    listener_close(f->listener);
    conn_shared_close(f->shared);
}
