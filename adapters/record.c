#include "record.h"

#include <stdio.h>
#include "clock.h"
#include "json.h"

enum {
    JSON_MAX = 64 * 1024 * 1024,
    REJECTED_HEAD = 64 * 1024,
    ADDED = 4096, /* what the journey adds to an event, at most */
};

int record_writer_init(struct record_writer *w, struct err *reterr)
{
    *w = (struct record_writer){0};
    buf_init(&w->json, JSON_MAX);
    if (event_encoder_open(&w->json, &w->encoder, reterr) < 0)
        return -1;
    return json_writer_open(&w->json, &w->reasons, reterr);
}

void record_writer_fini(struct record_writer *w)
{
    event_encoder_close(w->encoder);
    json_writer_close(w->reasons);
    buf_fini(&w->json);
}

static void begin(struct record_writer *w)
{
    buf_reset(&w->json);
    w->nheaders = 0;
    w->n = 0;
}

static void header(struct record_writer *w, struct slice name, struct slice value)
{
    struct stream_record *r = &w->set[w->n - 1];
    if (!slice_present(value))
        return;
    if (r->nheaders == 0)
        r->headers = &w->headers[w->nheaders];
    w->headers[w->nheaders++] = (struct stream_header){name, value};
    r->nheaders++;
}

static void record(struct record_writer *w, struct slice topic, const struct site_source *source,
                   struct slice value)
{
    w->set[w->n++] = (struct stream_record){.topic = topic, .key = source->name, .value = value};
    header(w, SLICE("source"), source->name);
    header(w, SLICE("received"), slice_str(w->received));
}

/* Whether that time is given, and so long ago. */
static bool is_past(struct slice time, int64_t received_ms, int64_t after)
{
    int64_t ms;
    int offset;
    return rfc3339_read(time, &ms, &offset) && received_ms - ms > after;
}

/* A load of years ago is told from news by its age when it came. */
static bool is_history(const struct record_writer *w, const struct site_source *source,
                       const struct event *e)
{
    int64_t received;
    int offset;
    if (source->history_after == 0 || !rfc3339_read(slice_str(w->received), &received, &offset))
        return false;
    struct slice recorded = event_get(e, EV_DATA_RECORDED_AT);
    return is_past(event_get(e, EV_DATA_SENT_AT), received, source->history_after) ||
           is_past(slice_present(recorded) ? recorded : event_get(e, EV_TIME), received,
                   source->history_after);
}

static void reported(struct record_writer *w, const struct site_source *source,
                     const struct translate_event *e, struct slice value)
{
    record(w, SLICE("flow.reported"), source, value);
    header(w, SLICE("ce_id"), e->id);
    header(w, SLICE("ce_type"), e->type);
    header(w, SLICE("content-type"), SLICE("application/cloudevents+json"));
    header(w, SLICE("person"), e->person);
    header(w, SLICE("person-local"), e->person_local);
    header(w, SLICE("retired"), e->retired);
    bool history = is_history(w, source, e->event);
    if (!source->forward || history)
        header(w, SLICE("forward"), SLICE("no"));
    if (history)
        header(w, SLICE("history"), SLICE("yes"));
}

int record_message(struct record_writer *w, const struct site_source *source, struct slice raw,
                   struct slice received, const struct translation *t, struct err *reterr)
{
    size_t ends[RECORD_EVENTS_MAX], from = 0;
    if (t->nevents > RECORD_EVENTS_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d events in one message", RECORD_EVENTS_MAX);
    if (received.n >= sizeof(w->received))
        return err_set(reterr, ERR_INPUT, "the time of its receipt cannot be read");
    begin(w);
    memcpy(w->received, received.p, received.n);
    w->received[received.n] = '\0';
    for (unsigned i = 0; i < t->nevents; i++) {
        event_encode(w->encoder, t->events[i].event, NULL);
        ends[i] = w->json.n;
        if (ends[i] - (i ? ends[i - 1] : 0) > EVENT_SIZE_MAX - ADDED)
            return err_set(reterr, ERR_LIMIT, "an event of it is larger than %d bytes",
                           EVENT_SIZE_MAX - ADDED);
    }
    if (!buf_ok(&w->json))
        return err_set(reterr, ERR_LIMIT, "its events are larger than %d bytes", JSON_MAX);
    record(w, SLICE("flow.messages"), source, raw);
    header(w, SLICE("sha256"), slice_make(t->sha256, DIGEST_HEX - 1));
    header(w, SLICE("verdict"), slice_str(translate_verdict_name(t->verdict)));
    for (unsigned i = 0; i < t->nevents; from = ends[i++])
        reported(w, source, &t->events[i], slice_make(w->json.p + from, ends[i] - from));
    for (unsigned i = 0; i < w->n; i++)
        w->set[i].own = true;
    return 0;
}

const char *record_place(const struct translate_reason *r, char out[RECORD_PLACE])
{
    if (slice_present(r->expression)) {
        struct slice path = slice_sub(r->expression, 0, RECORD_PLACE - 16);
        int n = snprintf(out, RECORD_PLACE, "%.*s", SLICE_ARG(path));
        if (r->sequence)
            snprintf(out + n, RECORD_PLACE - (size_t)n, " (%u)", r->sequence);
        return out;
    }
    int n = snprintf(out, RECORD_PLACE, "%.*s", SLICE_ARG(r->segment));
    if (r->sequence)
        n += snprintf(out + n, RECORD_PLACE - (size_t)n, "[%u]", r->sequence);
    if (r->field)
        n += snprintf(out + n, RECORD_PLACE - (size_t)n, "-%u", r->field);
    if (r->repetition > 1)
        n += snprintf(out + n, RECORD_PLACE - (size_t)n, "[%u]", r->repetition);
    if (r->component)
        snprintf(out + n, RECORD_PLACE - (size_t)n, ".%u", r->component);
    return out;
}

static void write_reason(struct record_writer *w, unsigned code, const char *at, struct slice text)
{
    json_object(w->reasons);
    json_key(w->reasons, SLICE("code"));
    json_int(w->reasons, code);
    json_key(w->reasons, SLICE("at"));
    json_string(w->reasons, slice_str(at));
    json_key(w->reasons, SLICE("text"));
    json_string(w->reasons, text);
    json_object_end(w->reasons);
}

static int rejected(struct record_writer *w, const struct site_source *source, struct slice head,
                    uint64_t length, struct slice sha256, const char *kind, struct err *reterr)
{
    rfc3339_utc(clock_wall_ms(), w->received);
    if (!buf_ok(&w->json))
        return err_set(reterr, ERR_LIMIT, "its reasons are larger than %d bytes", JSON_MAX);
    snprintf(w->length, sizeof(w->length), "%llu", (unsigned long long)length);
    record(w, SLICE("flow.rejected"), source, head);
    header(w, SLICE("length"), slice_str(w->length));
    header(w, SLICE("sha256"), sha256);
    header(w, SLICE("kind"), slice_str(kind));
    header(w, SLICE("reasons"), buf_slice(&w->json));
    return 0;
}

int record_rejected(struct record_writer *w, const struct site_source *source, struct slice raw,
                    uint64_t length, const struct translation *t, bool accepted, struct err *reterr)
{
    char at[RECORD_PLACE];
    begin(w);
    json_writer_reset(w->reasons);
    json_array(w->reasons);
    for (unsigned i = 0; i < t->nreasons; i++) {
        write_reason(w, t->reasons[i].code, record_place(&t->reasons[i], at), t->reasons[i].text);
    }
    json_array_end(w->reasons);
    if (rejected(w, source, raw, length, slice_make(t->sha256, DIGEST_HEX - 1), "message", reterr) <
        0)
        return -1;
    if (accepted)
        header(w, SLICE("answered"), SLICE("accepted"));
    return 0;
}

int record_frame(struct record_writer *w, const struct site_source *source,
                 const struct hl7_frame *frame, uint64_t limit, const char *option,
                 struct err *reterr)
{
    char text[160];
    snprintf(text, sizeof(text), "the frame has %llu bytes, the limit is %llu (sources.%.*s.%s)",
             (unsigned long long)frame->total, (unsigned long long)limit, SLICE_ARG(source->name),
             option);
    begin(w);
    json_writer_reset(w->reasons);
    json_array(w->reasons);
    write_reason(w, HL7_VALUE_TOO_LONG, "", slice_str(text));
    json_array_end(w->reasons);
    struct slice head = slice_sub(frame->bytes, 0, REJECTED_HEAD);
    return rejected(w, source, head, frame->total,
                    digest_hex(frame->sha256, DIGEST_SIZE, w->sha256), "frame", reterr);
}

void record_resolved(struct record_writer *w, struct slice source, struct slice of, struct slice by,
                     unsigned events)
{
    begin(w);
    snprintf(w->events, sizeof(w->events), "%u", events);
    w->set[w->n++] =
        (struct stream_record){.topic = SLICE("flow.rejected"), .key = source, .value = SLICE("")};
    header(w, SLICE("source"), source);
    header(w, SLICE("kind"), SLICE("resolved"));
    header(w, SLICE("of"), of);
    header(w, SLICE("by"), by);
    header(w, SLICE("events"), slice_str(w->events));
}

size_t record_bytes(const struct record_writer *w)
{
    size_t n = 0;
    for (unsigned i = 0; i < w->n; i++)
        n += w->set[i].value.n;
    return n;
}
