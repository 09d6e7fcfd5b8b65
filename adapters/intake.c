#include "intake.h"

#include <stdio.h>
#include "answer.h"
#include "clock.h"
#include "log.h"
#include "session.h"

enum { SCRATCH_MAX = 64 * 1024, STUCK_MS = 5000, RECORDS_A_MESSAGE = 4 };

static void answer_soon(void *arg)
{
    session_answer_all(arg);
}

int intake_open(struct intake *in, const struct intake_options *o, struct err *reterr)
{
    *in = (struct intake){.loop = o->loop, .stream = o->stream};
    in->under_way_max = (uint64_t)o->site->stream.queue_records / RECORDS_A_MESSAGE + 1;
    in->bytes_max = o->site->stream.queue_bytes / 4;
    reply_stamp_init(&in->stamp);
    arena_init(&in->arena, o->site->message_arena);
    arena_init(&in->scratch, SCRATCH_MAX);
    disk_space_init(&in->disk, site_path(o->site, o->site->data), o->site->stream.free_min);
    if (loop_timer_add(o->loop, answer_soon, in, &in->soon, reterr) < 0)
        return -1;
    if (digest_open(SLICE_ABSENT, &in->digest, reterr) < 0)
        return -1;
    return record_writer_init(&in->record, reterr);
}

void intake_close(struct intake *in)
{
    loop_timer_remove(in->soon);
    record_writer_fini(&in->record);
    digest_close(in->digest);
    reply_pool_fini(&in->pool);
    arena_fini(&in->arena);
    arena_fini(&in->scratch);
}

bool intake_full(const struct intake *in)
{
    return in->under_way >= in->under_way_max || in->bytes_under_way >= in->bytes_max;
}

bool intake_mark(struct intake *in)
{
    if (!intake_passed(in))
        return false;
    in->side = !in->side;
    return true;
}

bool intake_passed(const struct intake *in)
{
    return in->of_side[!in->side] == 0;
}

bool intake_moving(struct intake *in, const char **ret_why)
{
    int64_t now = clock_mono_ms();
    if (disk_space_low(&in->disk, now))
        *ret_why = "the disk is nearly full: senders are told to try later";
    else if (in->held)
        *ret_why = "the stream has not answered since the start: senders are told to try later";
    else if (in->failing)
        *ret_why = "the stream refuses: senders are told to try later";
    else if (in->under_way && now - in->waiting_since > STUCK_MS)
        *ret_why = "messages wait for the stream";
    else
        return true;
    return false;
}

void intake_settle(struct reply *r)
{
    r->ready = true;
    if (r->to)
        r->to->ready(r->to, r);
    else
        reply_give_back(&r->intake->pool, r);
}

static void settle(struct reply *r)
{
    source_answered(r->source, &r->due, r->refused);
    intake_settle(r);
}

static bool speaks_hl7(const struct source *src)
{
    return src->conf->format == SITE_HL7V2;
}

static void later(struct reply *r, struct slice why)
{
    if (r->to)
        r->to->later(r->to);
    r->refused = true;
    r->later = true;
    if (speaks_hl7(r->source))
        reply_write_later(r, &r->intake->stamp, &r->intake->scratch, why);
}

/* "Try later" without asking the stream. It leaves in the next turn of the loop: the session is in
 * the middle of reading. */
static void put_off(struct reply *r, const char *why)
{
    later(r, slice_str(why));
    settle(r);
    loop_timer_start(r->intake->soon, 0);
}

static void on_durable(void *arg, const struct err *e)
{
    struct reply *r = arg;
    struct intake *in = r->intake;
    in->under_way--;
    in->of_side[r->side]--;
    in->bytes_under_way -= r->bytes;
    int64_t now_ns = clock_mono_ns();
    in->waiting_since = now_ns / 1000000;
    if (e && !in->failing)
        log_line(LOG_ERROR, "stream.failed", "why=\"%s\" senders are told to try later", e->text);
    if (!e && in->failing)
        log_line(LOG_INFO, "stream.recovered", "messages become durable again");
    in->failing = e != NULL;
    if (e)
        later(r, SLICE("the message could not be made durable: send it again later"));
    else
        series_observe(r->source->append, (double)(now_ns - r->taken_ns) / 1e9);
    settle(r);
}

static enum stream_result append(struct intake *in, struct reply *r, struct err *reterr)
{
    enum stream_result result =
        stream_append(in->stream, in->record.set, in->record.n, on_durable, r, reterr);
    if (result != STREAM_OK)
        return result;
    if (in->under_way == 0)
        in->waiting_since = clock_mono_ms();
    in->under_way++;
    r->side = in->side;
    in->of_side[r->side]++;
    in->bytes_under_way += r->bytes;
    return result;
}

struct reply *intake_reply(struct intake *in, struct source *src, struct reply_to *to)
{
    struct reply *r = reply_take(&in->pool);
    if (!r)
        return NULL;
    r->intake = in;
    r->source = src;
    src->replies++;
    r->to = to;
    r->bytes = 0;
    r->due.n = 0;
    r->taken_ns = clock_mono_ns();
    return r;
}

static struct reply *begin(struct intake *in, struct source *src, struct reply_to *to, size_t bytes)
{
    struct reply *r = intake_reply(in, src, to);
    if (!r)
        return NULL;
    r->bytes = bytes;
    src->last_ms = clock_wall_ms();
    series_add(src->received, 1);
    return r;
}

/* The MSH segment alone, for the answer to a message that could not be taken apart. */
static const struct hl7_msg *read_header(struct intake *in, struct slice raw, struct hl7_msg *ret)
{
    static const struct hl7_limits limits = {8, 1000};
    struct err ignored;
    size_t from = 0, end;
    while (from < raw.n && memchr("\xEF\xBB\xBF \t\r\n", raw.p[from], 7))
        from++;
    for (end = from; end < raw.n && raw.p[end] != '\r' && raw.p[end] != '\n'; end++)
        ;
    arena_reset(&in->scratch);
    return hl7_msg_parse(slice_sub(raw, from, end), &limits, &in->scratch, ret, &ignored) == 0
               ? ret
               : NULL;
}

static void note_why(char why[REPLY_WHY], const struct translate_reason *first)
{
    char place[RECORD_PLACE];
    record_place(first, place);
    snprintf(why, REPLY_WHY, "%u%s%s: %.*s", first->code, *place ? " at " : "", place,
             SLICE_ARG(first->text));
}

/* raw: what is kept of the message, all of it or its head. The answer a is written already. */
static void refuse(struct intake *in, struct reply *r, struct slice raw, const struct answer *a,
                   const struct translation *t)
{
    struct err err = {0};
    r->refused = true;
    if (a->later) {
        put_off(r, "no memory to read the message: send it again later");
        return;
    }
    note_why(r->why, &t->reasons[0]);
    source_log_refusal(r->source, t->sha256, &t->reasons[0], a->unusable);
    if (record_rejected(&in->record, r->source->conf, raw, r->bytes, t, a->unusable, &err) == 0 &&
        append(in, r, &err) == STREAM_OK)
        return;
    put_off(r, "the refusal could not be made durable: send it again later");
}

/* Whether nothing is taken now, not even into flow.rejected. */
static bool not_now(struct intake *in, struct reply *r)
{
    if (in->held) {
        put_off(r, "the stream has not answered since the start: send it again later");
        return true;
    }
    if (!disk_space_low(&in->disk, loop_now(in->loop)))
        return false;
    put_off(r, "no room on the disk: send it again later");
    return true;
}

/* A message whose records the stream can never take: refused with its head kept, so that it is
 * neither lost nor sent again for ever. */
static void refuse_unfit(struct intake *in, struct reply *r, struct slice raw,
                         const struct translation *t, const struct err *why)
{
    struct translate_reason reason;
    struct translation unfit = answer_unfit(t, why, &reason);
    struct answer answer;
    answer_of(&unfit, true, &answer);
    if (speaks_hl7(r->source))
        reply_write(r, &in->stamp, &t->msg, answer.code, answer.errors, answer.nerrors);
    if (r->to && r->to->answer)
        r->to->answer(r->to, r, &unfit);
    refuse(in, r, slice_sub(raw, 0, 64 * 1024), &answer, &unfit);
}

/* What is to be answered, and for HL7 v2 the answer itself. */
static void answer(struct intake *in, struct reply *r, struct slice raw,
                   const struct translation *t, bool may_send, struct answer *ret)
{
    struct hl7_msg header;
    if (!speaks_hl7(r->source)) {
        answer_of(t, true, ret);
        if (r->to && r->to->answer)
            r->to->answer(r->to, r, t);
        return;
    }
    r->unread = !t->parsed;
    const struct hl7_msg *request = t->parsed ? &t->msg : read_header(in, raw, &header);
    answer_of(t, request != NULL, ret);
    if (may_send) /* on_invalid is about what a sender says, not about who it is */
        answer_accept(&r->source->conf->ack, ret);
    reply_write(r, &in->stamp, request, ret->code, ret->errors, ret->nerrors);
}

static struct reply *finish(struct intake *in, struct reply *r, struct slice raw,
                            const struct translation *t)
{
    struct err err = {0};
    char now[RFC3339_SIZE];
    struct source *src = r->source;
    enum stream_result result = STREAM_BAD;
    if (record_message(&in->record, src->conf, raw, rfc3339_utc(src->last_ms, now), t, &err) == 0)
        result = append(in, r, &err);
    if (result == STREAM_BAD)
        refuse_unfit(in, r, raw, t, &err);
    if (result == STREAM_FULL)
        put_off(r, "too much is under way: send it again later");
    return r;
}

struct reply *intake_message(struct intake *in, struct source *src, struct reply_to *to,
                             struct slice raw)
{
    struct translation t;
    struct answer due;
    struct translate_reason foreign;
    struct reply *r = begin(in, src, to, raw.n);
    if (!r)
        return NULL;
    arena_reset(&in->arena);
    translate_run(src->translator, raw, &in->arena, &t);
    series_observe(src->translate, (double)(clock_mono_ns() - r->taken_ns) / 1e9);
    bool may_send = !to->may_send || to->may_send(to, &t);
    if (!may_send)
        t = answer_foreign(&t, &foreign);
    else if (to->refuses && to->refuses(to, &t, &foreign))
        t = answer_because(&t, &foreign);
    answer(in, r, raw, &t, may_send, &due);
    if (not_now(in, r))
        return r;
    source_count(src, &t);
    if (t.verdict != TRANSLATE_REFUSED)
        return finish(in, r, raw, &t);
    refuse(in, r, raw, &due, &t);
    return r;
}

bool intake_would_refuse(struct intake *in, struct source *src, struct slice raw,
                         char why[REPLY_WHY])
{
    struct translation t;
    arena_reset(&in->arena);
    translate_run(src->translator, raw, &in->arena, &t);
    if (t.verdict == TRANSLATE_REFUSED && t.nreasons)
        note_why(why, &t.reasons[0]);
    return t.verdict == TRANSLATE_REFUSED && t.nreasons;
}

struct reply *intake_refuse(struct intake *in, struct source *src, struct reply_to *to,
                            const struct intake_refusal *refusal)
{
    unsigned char sum[DIGEST_SIZE];
    struct translate_reason reason = {.code = refusal->code, .text = refusal->why};
    struct translation t = {.verdict = TRANSLATE_REFUSED, .reasons = &reason, .nreasons = 1};
    struct answer due;
    struct reply *r = begin(in, src, to, refusal->length);
    if (!r)
        return NULL;
    digest_of(in->digest, refusal->raw, sum);
    digest_hex(sum, sizeof(sum), t.sha256);
    answer_of(&t, true, &due);
    if (not_now(in, r))
        return r;
    source_count(src, &t);
    refuse(in, r, refusal->raw, &due, &t);
    return r;
}

struct reply *intake_long_frame(struct intake *in, struct source *src, struct reply_to *to,
                                const struct hl7_frame *frame, const struct intake_limit *limit)
{
    struct hl7_ack_error error = {.code = HL7_VALUE_TOO_LONG,
                                  .text = SLICE("the frame is longer than this source may send")};
    struct slice labels[] = {src->conf->name, SLICE("frame")};
    struct hl7_msg msg;
    struct err err = {0};
    struct reply *r = begin(in, src, to, frame->bytes.n);
    if (!r)
        return NULL;
    reply_write(r, &in->stamp, read_header(in, frame->bytes, &msg), HL7_AR, &error, 1);
    if (not_now(in, r))
        return r;
    series_add(metric_series(src->families->rejected, labels), 1);
    log_line(LOG_WARN, "frame.too_long", "source=%.*s bytes=%llu limit=%llu",
             SLICE_ARG(src->conf->name), (unsigned long long)frame->total,
             (unsigned long long)limit->bytes);
    r->refused = true;
    snprintf(r->why, sizeof(r->why), "%d: %s", HL7_VALUE_TOO_LONG,
             "longer than this source may send");
    if (record_frame(&in->record, src->conf, frame, limit->bytes, limit->option, &err) == 0 &&
        append(in, r, &err) == STREAM_OK)
        return r;
    put_off(r, "the refusal could not be made durable: send it again later");
    return r;
}
