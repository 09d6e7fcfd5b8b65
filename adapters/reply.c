#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "answer.h"
#include "clock.h"
#include "hl7_frame.h"
#include "source.h"

enum { POOL_KEEP = 1024, FRAME_MAX = 256 * 1024, HEADER_MAX = 16 * 1024, MEMORY_KEEP = 4096 };

struct reply *reply_take(struct reply_pool *p)
{
    struct reply *r = p->free;
    if (r) {
        p->free = r->next;
        p->kept--;
        r->next = NULL;
        r->ready = false;
        r->close = false;
        r->refused = false;
        r->later = false;
        r->unread = false;
        r->frame.max = FRAME_MAX;
        r->why[0] = '\0';
        return r;
    }
    r = calloc(1, sizeof(*r));
    if (!r)
        return NULL;
    buf_init(&r->frame, FRAME_MAX);
    buf_init(&r->header, HEADER_MAX);
    return r;
}

static void reply_free(struct reply *r)
{
    buf_fini(&r->frame);
    buf_fini(&r->header);
    free(r);
}

void reply_give_back(struct reply_pool *p, struct reply *r)
{
    r->source->replies--;
    if (p->kept >= POOL_KEEP || r->frame.cap + r->header.cap > MEMORY_KEEP) {
        reply_free(r);
        return;
    }
    r->next = p->free;
    p->free = r;
    p->kept++;
}

void reply_pool_fini(struct reply_pool *p)
{
    while (p->free) {
        struct reply *next = p->free->next;
        reply_free(p->free);
        p->free = next;
    }
    p->kept = 0;
}

void reply_stamp_init(struct reply_stamp *s)
{
    *s = (struct reply_stamp){.second = -1};
    snprintf(s->run, sizeof(s->run), "W%llX", (unsigned long long)clock_wall_ms());
}

struct slice reply_now(struct reply_stamp *s)
{
    int64_t ms = clock_wall_ms();
    if (ms / 1000 != s->second) {
        s->second = ms / 1000;
        hl7_time_write(ms, 0, s->sent_at);
    }
    return slice_str(s->sent_at);
}

/* MSH-10 of an answer. */
static struct slice next_id(struct reply_stamp *s, char id[40])
{
    size_t n = strlen(s->run), digits = 1;
    uint64_t count = ++s->count;
    while (digits < 16 && count >> (4 * digits))
        digits++;
    memcpy(id, s->run, n);
    id[n++] = '-';
    for (; digits; digits--)
        id[n++] = "0123456789ABCDEF"[count >> (4 * (digits - 1)) & 15];
    return slice_make(id, n);
}

void reply_put_id(struct reply_stamp *s, struct buf *out)
{
    char id[40];
    buf_put(out, next_id(s, id));
}

static void write_frame(struct reply *r, struct reply_stamp *s, const struct hl7_msg *request,
                        struct hl7_ack ack)
{
    char id[40];
    ack.sent_at = reply_now(s);
    ack.control_id = next_id(s, id);
    ack.unanswered = r->terms.enhanced && hl7_ack_is_application(ack.code);
    ack.text = r->source->conf->ack.text;
    buf_putc(&r->frame, 0x0b);
    hl7_ack_write(&r->frame, request, &ack);
    buf_puts(&r->frame, "\x1c\r");
}

static bool write_all(struct reply *r, struct reply_stamp *s, const struct hl7_msg *request,
                      struct hl7_ack ack)
{
    buf_reset(&r->frame);
    for (unsigned i = 0; i < r->due.n; i++) {
        ack.code = r->due.codes[i];
        write_frame(r, s, request, ack);
    }
    return buf_ok(&r->frame);
}

/* All that is due for an outcome. A header too large to be echoed is answered from defaults. */
static void write_frames(struct reply *r, struct reply_stamp *s, const struct hl7_msg *request,
                         struct hl7_ack ack, bool later)
{
    answer_due(&r->source->conf->ack, &r->terms, ack.code, later, &r->due);
    r->close = !write_all(r, s, request, ack) && !write_all(r, s, NULL, ack);
}

void reply_write(struct reply *r, struct reply_stamp *s, const struct hl7_msg *request,
                 enum hl7_ack_code code, const struct hl7_ack_error *errors, size_t nerrors)
{
    struct hl7_ack ack = {.code = code, .errors = errors, .nerrors = nerrors};
    buf_reset(&r->header);
    if (request && request->nsegments)
        buf_put(&r->header, request->segments[0].bytes);
    if (!buf_ok(&r->header))
        buf_reset(&r->header);
    answer_terms(&r->source->conf->ack, request, &r->terms);
    r->refused = code != HL7_AA;
    write_frames(r, s, request, ack, false);
}

void reply_write_later(struct reply *r, struct reply_stamp *s, struct arena *scratch,
                       struct slice why)
{
    static const struct hl7_limits limits = {8, 64};
    struct hl7_ack_error error = {.code = HL7_INTERNAL, .retriable = true, .text = why};
    struct hl7_ack ack = {.code = HL7_AR, .errors = &error, .nerrors = 1};
    struct hl7_msg msg;
    struct err ignored = {0};
    arena_reset(scratch);
    bool known =
        r->header.n && hl7_msg_parse(buf_slice(&r->header), &limits, scratch, &msg, &ignored) == 0;
    r->refused = true;
    r->later = true;
    write_frames(r, s, known ? &msg : NULL, ack, true);
    r->close |= r->due.n == 0 || r->source->conf->ack.on_trouble == SITE_TROUBLE_CLOSE;
    if (r->close)
        r->due.n = 0;
}
