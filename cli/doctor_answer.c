#include "doctor_answer.h"

#include <stdio.h>
#include "utf8.h"

enum { VT = 0x0b, FS = 0x1c };

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

static bool is_8_bit(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return true;
    return false;
}

/* Up to the VT: bytes that are nothing, or a message without one. */
static struct slice take_front(struct slice *input, struct doctor_answer *a)
{
    struct slice front = slice_sub(*input, 0, slice_find(*input, VT));
    struct slice said = slice_trim(front);
    if (front.n == input->n || slice_starts(said, SLICE("MSH")))
        a->odd |= DOCTOR_NO_START;
    else if (said.n)
        a->odd |= DOCTOR_BEFORE;
    if (!(a->odd & DOCTOR_NO_START))
        *input = slice_sub(*input, front.n + 1, input->n);
    return a->odd & DOCTOR_NO_START ? front : *input;
}

/* The message itself, taken off the input with what ends it. */
static struct slice take_body(struct slice *input, struct doctor_answer *a)
{
    struct slice all = take_front(input, a);
    size_t n = slice_find(all, FS), next = slice_find(all, VT);
    if (n == all.n || next < n) {
        a->odd |= DOCTOR_NO_END;
        *input = slice_sub(*input, next, input->n);
        return slice_sub(all, 0, next);
    }
    if (n + 1 == input->n || input->p[n + 1] != '\r')
        a->odd |= DOCTOR_NO_CR;
    *input = slice_sub(*input, n + 1, input->n);
    return slice_sub(all, 0, n);
}

static void read_body(struct slice body, struct arena *arena, struct doctor_answer *a)
{
    static const struct hl7_limits limits = {.segments = 100, .fields = 2000};
    struct hl7_msg m;
    struct hl7_header h;
    struct err err = {0};
    if (is_8_bit(body))
        a->odd |= DOCTOR_8_BIT | (utf8_span(body) < body.n ? DOCTOR_NO_UTF8 : 0);
    if (hl7_ack_read(body, arena, &a->said, &err) < 0) {
        snprintf(a->why, sizeof(a->why), "%.150s", err.text);
        return;
    }
    a->ack = true;
    if (hl7_msg_parse(body, &limits, arena, &m, &err) < 0)
        return;
    hl7_msg_header(&m, &h);
    a->charset = h.charset;
    if (m.flags & HL7_LF_ENDS)
        a->odd |= DOCTOR_LF_ENDS;
}

bool doctor_answer_next(struct slice *input, struct arena *arena, struct doctor_answer *ret)
{
    struct doctor_answer a = {0};
    while (input->n && is_line_end(input->p[0]))
        *input = slice_sub(*input, 1, input->n);
    if (input->n == 0)
        return false;
    read_body(take_body(input, &a), arena, &a);
    *ret = a;
    return true;
}

unsigned doctor_frames_ended(struct slice bytes)
{
    unsigned n = 0;
    for (size_t i = 0; i < bytes.n; i++)
        n += bytes.p[i] == FS;
    return n;
}

enum doctor_id doctor_id_of(struct slice sent, struct slice answered)
{
    struct slice bare = slice_trim(answered);
    if (slice_eq(sent, answered))
        return DOCTOR_SAME;
    if (bare.n == 0)
        return DOCTOR_MISSING;
    if (slice_eq(sent, bare))
        return DOCTOR_PADDED;
    if (slice_starts(sent, bare))
        return DOCTOR_CUT;
    return slice_ieq(sent, bare) ? DOCTOR_CASE : DOCTOR_OTHER;
}
