#include "failed_frames.h"

#include <stdlib.h>
#include "clock.h"

const char *frame_fault_name(enum frame_fault fault)
{
    static const char *const names[FRAME_FAULTS] = {
        [FRAME_RESTARTED] = "restart", [FRAME_CUT] = "cut",       [FRAME_SLOW] = "slow",
        [FRAME_TOO_LONG] = "too_long", [FRAME_UNREAD] = "no_hl7", [FRAME_NO_MLLP] = "no_mllp"};
    return names[fault];
}

static struct failed_frame *place_of(const struct failed_frames *f, uint64_t no)
{
    return &f->at[(no - 1) % f->places];
}

static void keep(struct failed_frame *one, struct slice bytes)
{
    buf_put(&one->head, slice_sub(bytes, 0, one->head.max - one->head.n));
}

static void forget(struct failed_frames *f)
{
    for (size_t i = 0; f->at && i < f->places; i++)
        buf_fini(&f->at[i].head);
    free(f->at);
    f->at = NULL;
}

/* The newest ones of `from` that there is room for. */
static void copy_newest(struct failed_frames *to, const struct failed_frames *from)
{
    const struct failed_frame *old = NULL;
    while ((old = failed_frames_next(from, old ? old->no : 0))) {
        if (old->no + to->places <= from->count)
            continue;
        struct failed_frame *one = place_of(to, old->no);
        *one = *old;
        buf_init(&one->head, to->head_max);
        keep(one, buf_slice(&old->head));
    }
}

void failed_frames_limit(struct failed_frames *f, size_t places, size_t head_max)
{
    struct failed_frames fresh = {.places = places, .head_max = head_max, .count = f->count};
    if (f->places == places && f->head_max == head_max)
        return;
    if (f->at && places)
        fresh.at = calloc(places, sizeof(*fresh.at));
    if (fresh.at)
        copy_newest(&fresh, f);
    forget(f);
    *f = fresh;
}

uint64_t failed_frames_put(struct failed_frames *f, enum frame_fault fault,
                           const struct address *peer, struct slice head, uint64_t bytes)
{
    char text[ADDRESS_TEXT];
    struct slice ip = address_ip_text(peer, text);
    f->count++;
    if (!f->at && f->places)
        f->at = calloc(f->places, sizeof(*f->at));
    if (!f->at)
        return 0;
    struct failed_frame *one = place_of(f, f->count);
    if (!one->no)
        buf_init(&one->head, f->head_max);
    buf_reset(&one->head);
    one->no = f->count;
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
    struct failed_frame *one = no && f->at ? place_of(f, no) : NULL;
    if (!one || one->no != no)
        return;
    one->bytes += bytes.n;
    keep(one, bytes);
}

const struct failed_frame *failed_frames_next(const struct failed_frames *f, uint64_t after)
{
    uint64_t oldest = f->count > f->places ? f->count - f->places + 1 : 1;
    uint64_t no = after + 1 > oldest ? after + 1 : oldest;
    for (; f->at && no <= f->count; no++)
        if (place_of(f, no)->no == no)
            return place_of(f, no);
    return NULL;
}

void failed_frames_fini(struct failed_frames *f)
{
    forget(f);
    *f = (struct failed_frames){.count = 0};
}
