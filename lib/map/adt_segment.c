#include "adt_segment.h"

enum { DATE = 10 };

void adt_segment_begin(struct adt_segment *s, struct buf *out, const char *id)
{
    *s = (struct adt_segment){.out = out, .from = out->n, .component = 1};
    buf_puts(out, id);
}

void adt_segment_end(struct adt_segment *s)
{
    if (!buf_ok(s->out))
        return;
    if (s->field == 0)
        s->out->n = s->from;
    else
        buf_putc(s->out, '\r');
}

void adt_segment_at(struct adt_segment *s, unsigned field, unsigned component)
{
    for (; s->field < field; s->field++, s->component = 1)
        buf_putc(s->out, '|');
    for (; s->component < component; s->component++)
        buf_putc(s->out, '^');
}

void adt_segment_repeat(struct adt_segment *s)
{
    buf_putc(s->out, '~');
    s->component = 1;
}

/* What stands for a byte that cannot stand for itself (HL7 v2.4 §2.10); NULL: it can. Other control
 * bytes have no place in a message: a blank. */
static const char *escape_of(char c)
{
    switch (c) {
    case '|':
        return "\\F\\";
    case '^':
        return "\\S\\";
    case '&':
        return "\\T\\";
    case '~':
        return "\\R\\";
    case '\\':
        return "\\E\\";
    case '\n':
        return "\\.br\\";
    default:
        return (unsigned char)c < ' ' || c == 0x7f ? " " : NULL;
    }
}

static void put_text(struct buf *out, struct slice text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *escape = escape_of(text.p[i]);
        if (!escape)
            continue;
        buf_put(out, slice_sub(text, from, i));
        if (text.p[i] != '\r' || i + 1 == text.n || text.p[i + 1] != '\n')
            buf_puts(out, text.p[i] == '\r' ? "\\.br\\" : escape);
        from = i + 1;
    }
    buf_put(out, slice_sub(text, from, text.n));
}

void adt_segment_text(struct adt_segment *s, unsigned field, unsigned component, struct slice text)
{
    if (!text.n)
        return;
    adt_segment_at(s, field, component);
    put_text(s->out, text);
}

void adt_segment_raw(struct adt_segment *s, unsigned field, struct slice bytes)
{
    if (!bytes.n)
        return;
    adt_segment_at(s, field, 1);
    buf_put(s->out, bytes);
}

void adt_segment_time(struct adt_segment *s, unsigned field, struct slice rfc3339)
{
    if (!rfc3339.n)
        return;
    adt_segment_at(s, field, 1);
    for (size_t i = 0; i < rfc3339.n; i++) {
        char c = rfc3339.p[i];
        bool digit = c >= '0' && c <= '9';
        if (c == 'Z' || c == 'z')
            buf_puts(s->out, "+0000");
        else if (digit || c == '.' || c == '+' || (c == '-' && i > DATE))
            buf_putc(s->out, c);
    }
}
