#include "doctor_line.h"

#include <poll.h>
#include "clock.h"
#include "tcp_tune.h"

enum { CAME_MAX = 1024 * 1024, ARENA_MAX = 8 * 1024 * 1024, BETWEEN_PARTS_MS = 40, FREE_MS = 150 };

void doctor_line_init(struct doctor_line *l, const char *address, const struct tls *tls,
                      const char *server_name, int64_t timeout_ms)
{
    *l = (struct doctor_line){
        .address = address, .tls = tls, .server_name = server_name, .timeout_ms = timeout_ms};
    buf_init(&l->came, CAME_MAX);
    arena_init(&l->arena, ARENA_MAX);
}

void doctor_line_close(struct doctor_line *l)
{
    if (l->is_open)
        mllp_call_close(&l->call);
    l->is_open = false;
}

void doctor_line_fini(struct doctor_line *l)
{
    doctor_line_close(l);
    buf_fini(&l->came);
    arena_fini(&l->arena);
}

int doctor_line_open(struct doctor_line *l, struct err *reterr)
{
    if (l->is_open)
        return 0;
    if (l->was_open) /* one that takes one connection only needs a moment to see that it ended */
        poll(NULL, 0, FREE_MS);
    if (mllp_call_open(l->address, l->tls, l->server_name, l->timeout_ms, &l->call, reterr) < 0)
        return -1;
    tcp_tune(l->call.fd);
    return l->is_open = l->was_open = true, 0;
}

static int write_parts(struct doctor_line *l, struct slice bytes, unsigned parts,
                       struct err *reterr)
{
    size_t step = bytes.n / parts + 1;
    for (size_t at = 0; at < bytes.n; at += step) {
        if (at)
            poll(NULL, 0, BETWEEN_PARTS_MS);
        if (mllp_call_write(&l->call, slice_sub(bytes, at, at + step), reterr) < 0)
            return -1;
    }
    return 0;
}

/* How long to wait for more: an answer that began as a frame may take its time to end, one in no
 * frame has no end but silence. */
static int64_t patience(const struct doctor_line *l, unsigned wanted, int64_t left)
{
    struct slice came = buf_slice(&l->came);
    bool done = doctor_frames_ended(came) >= wanted;
    bool unframed = came.n && slice_find(came, 0x0b) == came.n;
    int64_t settle = left < DOCTOR_SETTLE_MS ? left : DOCTOR_SETTLE_MS;
    return done ? DOCTOR_SETTLE_MS : unframed ? settle : left;
}

static void listen_on(struct doctor_line *l, unsigned wanted, struct doctor_reply *ret)
{
    int64_t start = clock_mono_ms();
    for (;;) {
        struct slice some;
        int64_t left = l->timeout_ms - (clock_mono_ms() - start);
        int64_t wait = patience(l, wanted, left);
        enum mllp_came came = wait > 0 ? mllp_call_read(&l->call, wait, &some) : MLLP_CAME_NOTHING;
        if (came == MLLP_CAME_BYTES) {
            buf_put(&l->came, some);
            ret->ms = clock_mono_ms() - start;
        }
        ret->ended = came == MLLP_CAME_END || came == MLLP_CAME_BREAK;
        ret->broke = came == MLLP_CAME_BREAK;
        if (came != MLLP_CAME_BYTES || !buf_ok(&l->came))
            return;
        if (clock_mono_ms() - start > l->timeout_ms + DOCTOR_SETTLE_MS)
            return; /* it goes on for ever */
    }
}

static void take_apart(struct doctor_line *l, struct doctor_reply *ret)
{
    struct slice left = buf_slice(&l->came);
    struct doctor_answer a;
    while (doctor_answer_next(&left, &l->arena, &a)) {
        if (ret->n < DOCTOR_ANSWERS)
            ret->answers[ret->n] = a;
        ret->n++;
    }
}

int doctor_line_ask(struct doctor_line *l, struct slice bytes, unsigned parts, unsigned wanted,
                    struct doctor_reply *ret, struct err *reterr)
{
    struct doctor_reply reply = {0};
    if (doctor_line_open(l, reterr) < 0)
        return -1;
    buf_reset(&l->came);
    arena_reset(&l->arena);
    if (write_parts(l, bytes, parts, reterr) < 0) {
        doctor_line_close(l);
        return -1;
    }
    listen_on(l, wanted, &reply);
    take_apart(l, &reply);
    if (reply.ended || reply.n < wanted || !buf_ok(&l->came))
        doctor_line_close(l);
    *ret = reply;
    return 0;
}

enum mllp_came doctor_line_listen(struct doctor_line *l, int64_t wait_ms)
{
    struct slice some;
    enum mllp_came came = mllp_call_read(&l->call, wait_ms, &some);
    if (came == MLLP_CAME_END || came == MLLP_CAME_BREAK)
        doctor_line_close(l);
    return came;
}
