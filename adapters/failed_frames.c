#include "failed_frames.h"

#include "clock.h"

const char *frame_fault_name(enum frame_fault fault)
{
    static const char *const names[FRAME_FAULTS] = {
        [FRAME_RESTARTED] = "restart", [FRAME_CUT] = "cut",       [FRAME_SLOW] = "slow",
        [FRAME_TOO_LONG] = "too_long", [FRAME_UNREAD] = "no_hl7", [FRAME_NO_MLLP] = "no_mllp"};
    return names[fault];
}

static void keep(struct failed_frame *one, struct slice bytes)
{
    buf_put(&one->head, slice_sub(bytes, 0, FAILED_FRAME_HEAD - one->head.n));
}

uint64_t failed_frames_put(struct failed_frames *f, enum frame_fault fault,
                           const struct address *peer, struct slice head, uint64_t bytes)
{
    struct failed_frame *one = &f->at[f->count % FAILED_FRAMES_MAX];
    char text[ADDRESS_TEXT];
    struct slice ip = address_ip_text(peer, text);
    if (!one->no)
        buf_init(&one->head, FAILED_FRAME_HEAD);
    buf_reset(&one->head);
    one->no = ++f->count;
    one->fault = fault;
    one->at_ms = clock_wall_ms();
    one->bytes = bytes;
    memcpy(one->peer, ip.p, ip.n);
    one->peer[ip.n] = '\0';
    keep(one, head);
    return one->no;
}

void failed_frames_more(struct failed_frames *f, uint64_t no, struct slice bytes)
{
    struct failed_frame *one = no ? &f->at[(no - 1) % FAILED_FRAMES_MAX] : NULL;
    if (!one || one->no != no)
        return;
    one->bytes += bytes.n;
    keep(one, bytes);
}

const struct failed_frame *failed_frames_next(const struct failed_frames *f, uint64_t after)
{
    uint64_t oldest = f->count > FAILED_FRAMES_MAX ? f->count - FAILED_FRAMES_MAX + 1 : 1;
    uint64_t no = after + 1 > oldest ? after + 1 : oldest;
    return no <= f->count ? &f->at[(no - 1) % FAILED_FRAMES_MAX] : NULL;
}

void failed_frames_fini(struct failed_frames *f)
{
    for (unsigned i = 0; i < FAILED_FRAMES_MAX; i++)
        buf_fini(&f->at[i].head);
}
