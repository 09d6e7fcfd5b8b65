#include "hl7_frame.h"

enum { VT = 0x0b, FS = 0x1c, CR = 0x0d, LF = 0x0a, KEEP_MAX = 64 * 1024 };

void hl7_deframer_init(struct hl7_deframer *d, const struct hl7_frame_rules *rules)
{
    *d = (struct hl7_deframer){.rules = *rules};
    if (d->rules.head > d->rules.max)
        d->rules.head = d->rules.max;
    buf_init(&d->held, d->rules.max);
}

void hl7_deframer_fini(struct hl7_deframer *d)
{
    buf_fini(&d->held);
    digest_close(d->digest);
    d->digest = NULL;
}

bool hl7_deframer_midway(const struct hl7_deframer *d)
{
    return d->state == HL7_FRAME_INSIDE;
}

/* Empties what is held; the memory of a large frame is given back. */
static void release(struct hl7_deframer *d)
{
    if (d->held.cap > KEEP_MAX) {
        buf_fini(&d->held);
        buf_init(&d->held, d->rules.max);
    }
    buf_reset(&d->held);
    d->total = 0;
    d->fs_seen = false;
    d->lent = false;
}

static void advance(struct slice *s, size_t n)
{
    s->p += n;
    s->n -= n;
}

/* The frame has outgrown the limit: from here on only its head, length and hash are kept. */
static bool outgrow(struct hl7_deframer *d, struct slice more)
{
    struct err err;
    if (!d->digest && digest_open(SLICE_ABSENT, &d->digest, &err) < 0)
        return false;
    digest_begin(d->digest);
    digest_add(d->digest, buf_slice(&d->held));
    digest_add(d->digest, more);
    d->total = d->held.n + more.n;
    if (d->held.n < d->rules.head)
        buf_put(&d->held, slice_sub(more, 0, d->rules.head - d->held.n));
    d->held.n = d->held.n < d->rules.head ? d->held.n : d->rules.head;
    return buf_ok(&d->held);
}

/* False without memory. */
static bool hold(struct hl7_deframer *d, struct slice more)
{
    if (more.n == 0)
        return true;
    if (d->total) {
        digest_add(d->digest, more);
        d->total += more.n;
        return true;
    }
    if (more.n > d->rules.max - d->held.n)
        return outgrow(d, more);
    buf_put(&d->held, more);
    return buf_ok(&d->held);
}

static enum hl7_frame_result tell_too_long(struct hl7_deframer *d, struct hl7_frame *ret)
{
    *ret = (struct hl7_frame){.bytes = buf_slice(&d->held), .total = d->total};
    digest_end(d->digest, ret->sha256);
    d->lent = true;
    return HL7_FRAME_TOO_LONG;
}

static enum hl7_frame_result no_memory(struct hl7_deframer *d)
{
    release(d);
    d->state = HL7_FRAME_OUTSIDE;
    return HL7_FRAME_NOMEM;
}

/* The frame under way ends with `last`; MORE where it was empty. */
static enum hl7_frame_result finish(struct hl7_deframer *d, struct slice last,
                                    struct hl7_frame *ret)
{
    d->state = HL7_FRAME_BEHIND;
    d->fs_seen = false;
    bool whole_in_input = d->held.n == 0 && d->total == 0 && last.n <= d->rules.max;
    if (!whole_in_input && !hold(d, last))
        return no_memory(d);
    if (d->total)
        return tell_too_long(d, ret);
    struct slice bytes = whole_in_input ? last : buf_slice(&d->held);
    if (bytes.n == 0) {
        d->counts.empty++;
        return HL7_FRAME_MORE;
    }
    d->lent = true;
    *ret = (struct hl7_frame){.bytes = bytes, .total = bytes.n};
    return HL7_FRAME_WHOLE;
}

static bool ends_frame(const struct hl7_deframer *d, char next)
{
    return next == CR || (!d->rules.require_end_cr && (next == VT || next == LF));
}

/* The byte behind an FS that was the last of the bytes before. */
static enum hl7_frame_result after_fs(struct hl7_deframer *d, struct slice *in,
                                      struct hl7_frame *ret)
{
    if (ends_frame(d, in->p[0])) {
        if (in->p[0] != VT)
            advance(in, 1);
        return finish(d, slice_make(in->p, 0), ret);
    }
    d->fs_seen = false;
    return hold(d, slice_make("\x1c", 1)) ? HL7_FRAME_MORE : no_memory(d);
}

/* Bytes of *in up to the FS that ends the frame, or to its end when there is none (false): each
 * byte is looked at once. */
static bool find_end(const struct hl7_deframer *d, struct slice in, size_t *ret_at)
{
    size_t from = 0;
    for (;;) {
        const char *fs = memchr(in.p + from, FS, in.n - from);
        if (!fs) {
            *ret_at = in.n;
            return false;
        }
        size_t at = (size_t)(fs - in.p);
        if (at + 1 == in.n || ends_frame(d, fs[1])) {
            *ret_at = at;
            return true;
        }
        from = at + 1;
    }
}

/* Whether the frame under way is over the limit with n bytes more. */
static bool outgrows(const struct hl7_deframer *d, size_t n)
{
    return d->total || n > d->rules.max - d->held.n;
}

/* rest: what of the frame under way is not held. */
static void drop(struct hl7_deframer *d, struct slice rest)
{
    d->counts.dropped_bytes += d->held.n + rest.n;
    if (d->dropped && d->held.n + rest.n)
        d->dropped(d->dropped_arg, buf_slice(&d->held), rest);
    release(d);
}

/* Takes what stands before a new VT off the front of *data: dropped and never answered, so that the
 * sender sends it again. Stops with true at a frame over the limit, which would come for ever. */
static bool restart(struct hl7_deframer *d, struct slice *data)
{
    size_t at;
    while ((at = slice_find(*data, VT)) < data->n) {
        d->counts.restarts++;
        if (outgrows(d, at))
            return true;
        drop(d, slice_sub(*data, 0, at));
        advance(data, at + 1);
    }
    return false;
}

/* Takes data of the frame under way; MORE also where the caller should just go on. */
static enum hl7_frame_result inside(struct hl7_deframer *d, struct slice *in, struct hl7_frame *ret)
{
    size_t end;
    bool found = find_end(d, *in, &end);
    struct slice data = slice_make(in->p, end);
    if (restart(d, &data)) {
        struct slice piece = slice_make(data.p, slice_find(data, VT));
        advance(in, (size_t)(piece.p + piece.n + 1 - in->p));
        return hold(d, piece) ? tell_too_long(d, ret) : no_memory(d);
    }
    if (found && end + 1 < in->n) {
        advance(in, end + (in->p[end + 1] == VT ? 1 : 2));
        return finish(d, data, ret);
    }
    advance(in, in->n);
    d->fs_seen = found;
    return hold(d, data) ? HL7_FRAME_MORE : no_memory(d);
}

/* Skips to behind the next VT. */
static void outside(struct hl7_deframer *d, struct slice *in)
{
    while (d->state == HL7_FRAME_BEHIND && in->n && (in->p[0] == CR || in->p[0] == LF))
        advance(in, 1);
    if (in->n == 0)
        return;
    size_t junk = slice_find(*in, VT);
    d->counts.junk_bytes += junk;
    d->state = junk < in->n ? HL7_FRAME_INSIDE : HL7_FRAME_OUTSIDE;
    advance(in, junk < in->n ? junk + 1 : junk);
}

enum hl7_frame_result hl7_deframer_next(struct hl7_deframer *d, struct slice *input,
                                        struct hl7_frame *ret)
{
    if (d->lent)
        release(d);
    while (input->n) {
        enum hl7_frame_result r = HL7_FRAME_MORE;
        if (d->state != HL7_FRAME_INSIDE)
            outside(d, input);
        else if (d->fs_seen)
            r = after_fs(d, input, ret);
        else
            r = inside(d, input, ret);
        if (r != HL7_FRAME_MORE)
            return r;
    }
    return HL7_FRAME_MORE;
}

enum hl7_frame_result hl7_deframer_idle(struct hl7_deframer *d, struct hl7_frame *ret)
{
    if (d->lent)
        release(d);
    if (d->state == HL7_FRAME_INSIDE && d->fs_seen && !d->rules.require_end_cr)
        return finish(d, SLICE(""), ret);
    return HL7_FRAME_MORE;
}

enum hl7_frame_result hl7_deframer_end(struct hl7_deframer *d, struct hl7_frame *ret)
{
    enum hl7_frame_result r = hl7_deframer_idle(d, ret);
    if (r != HL7_FRAME_MORE || d->state != HL7_FRAME_INSIDE)
        return r;
    d->state = HL7_FRAME_OUTSIDE;
    if (d->total)
        return tell_too_long(d, ret);
    drop(d, slice_make("\x1c", d->fs_seen));
    return HL7_FRAME_MORE;
}

void hl7_frame_write(struct buf *out, struct slice bytes)
{
    char *to = buf_reserve(out, bytes.n + 3);
    if (!to)
        return;
    *to++ = VT;
    if (bytes.n)
        memcpy(to, bytes.p, bytes.n);
    to[bytes.n] = FS;
    to[bytes.n + 1] = CR;
    out->n += bytes.n + 3;
}
