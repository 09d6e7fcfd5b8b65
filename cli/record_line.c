#include "record_line.h"

#include <stdio.h>
#include <stdlib.h>
#include "masked_message.h"
#include "rfc3339.h"

enum record_kind record_kind(struct slice topic)
{
    static const struct {
        const char *topic;
        enum record_kind kind;
    } rows[] = {{"flow.events", RECORD_EVENT},     {"flow.reported", RECORD_EVENT},
                {"flow.messages", RECORD_MESSAGE}, {"flow.rejected", RECORD_MESSAGE},
                {"flow.parked", RECORD_PARKED},    {"flow.audit", RECORD_TEXT},
                {"flow.control", RECORD_TEXT},     {"flow.state", RECORD_TEXT}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_eq_str(topic, rows[i].topic))
            return rows[i].kind;
    return slice_starts(topic, SLICE("flow.route.")) ? RECORD_EVENT : RECORD_BYTES;
}

/* Control bytes would steer the terminal; a segment ends with CR. */
static void put_clean(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
            continue;
        buf_putc(out, c == '\r' || c == '\n' ? '\n' : c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
}

static void put_masked(struct buf *out, struct slice message)
{
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to) {
        buf_puts(out, "(no memory to mask it)\n");
        return;
    }
    masked_message_print(message, to);
    if (fclose(to) == 0)
        buf_put(out, slice_make(text, n));
    free(text);
}

void record_line(struct buf *out, const struct stream_message *m, bool reveal)
{
    char at[RFC3339_SIZE];
    enum record_kind kind = record_kind(m->topic);
    buf_put(out, rfc3339_utc(m->time_ms, at));
    buf_printf(out, " %.*s/%lld", SLICE_ARG(m->partition), (long long)m->offset);
    if (m->key.n)
        buf_printf(out, " key=%.*s", SLICE_ARG(m->key));
    for (unsigned i = 0; i < m->nheaders; i++)
        buf_printf(out, " %.*s=%.*s", SLICE_ARG(m->headers[i].name),
                   SLICE_ARG(m->headers[i].value));
    if (kind == RECORD_BYTES || kind == RECORD_PARKED)
        buf_printf(out, " bytes=%zu", m->value.n);
    buf_putc(out, '\n');
    if (kind == RECORD_MESSAGE && m->value.n && !reveal)
        put_masked(out, m->value);
    else if ((kind == RECORD_MESSAGE || kind == RECORD_TEXT) && m->value.n)
        put_clean(out, m->value);
    if (out->n && out->p[out->n - 1] != '\n')
        buf_putc(out, '\n');
}

void record_json(struct json_writer *w, const struct stream_message *m, bool reveal)
{
    char at[RFC3339_SIZE];
    json_object(w);
    json_member(w, "topic", m->topic);
    json_member(w, "partition", m->partition);
    json_key(w, SLICE("offset"));
    json_int(w, m->offset);
    json_member(w, "time", rfc3339_utc(m->time_ms, at));
    if (slice_present(m->key))
        json_member(w, "key", m->key);
    json_key(w, SLICE("headers"));
    json_object(w);
    for (unsigned i = 0; i < m->nheaders; i++) {
        json_key(w, m->headers[i].name);
        json_string(w, m->headers[i].value);
    }
    json_object_end(w);
    json_key(w, SLICE("bytes"));
    json_int(w, (int64_t)m->value.n);
    if (m->value.n && (reveal || record_kind(m->topic) == RECORD_TEXT))
        json_member(w, "value", m->value);
    json_object_end(w);
}
