#include "segment.h"

#include "rfc3339.h"

enum { DAY_S = 86400 };

struct segment segment_begin(struct buf *out, const char *id)
{
    buf_put(out, slice_make(id, 3));
    return (struct segment){out, 0};
}

void segment_to(struct segment *s, unsigned field)
{
    for (; s->at < field; s->at++)
        buf_putc(s->out, '|');
}

void segment_put(struct segment *s, unsigned field, const char *text)
{
    segment_to(s, field);
    buf_puts(s->out, text);
}

void segment_digits(struct buf *out, uint64_t v, unsigned width)
{
    char text[20];
    for (unsigned i = width; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_put(out, slice_make(text, width));
}

void segment_number(struct buf *out, unsigned v)
{
    segment_digits(out, v, v > 99 ? 3 : v > 9 ? 2 : 1);
}

void segment_stamp(struct segment *s, unsigned field, const struct zone *zone, int64_t instant)
{
    int y, m, d;
    segment_to(s, field);
    if (instant == 0)
        return;
    int64_t local = instant + zone_offset_at(zone, instant) * 60;
    unsigned of_day = (unsigned)(local % DAY_S);
    rfc3339_date(local / DAY_S, &y, &m, &d);
    segment_digits(s->out, (uint64_t)((y * 100 + m) * 100 + d), SEGMENT_DATE_DIGITS);
    segment_digits(s->out, (of_day / 3600 * 100 + of_day / 60 % 60) * 100 + of_day % 60, 6);
}
