#include "hl7_mask.h"

static char masked(char c)
{
    unsigned char b = (unsigned char)c;
    if (b >= '0' && b <= '9')
        return '9';
    if ((b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || b >= 0x80)
        return 'x';
    return c;
}

bool hl7_mask_shows(struct slice segment, unsigned field)
{
    if (slice_eq(segment, SLICE("MSH")))
        return field != 7 && field != 10 && field <= 12;
    if (slice_eq(segment, SLICE("FHS")) || slice_eq(segment, SLICE("BHS")))
        return field <= 6;
    return field == 1 && (slice_eq(segment, SLICE("BTS")) || slice_eq(segment, SLICE("FTS")));
}

void hl7_mask_value(struct slice value, char *out)
{
    for (size_t i = 0; i < value.n; i++)
        out[i] = masked(value.p[i]);
}

static void mask_segment(struct slice segment, char separator, char *out)
{
    bool header = slice_starts(segment, SLICE("MSH"));
    unsigned field = header ? 1 : 0;
    /* What has no id may begin with a name. */
    size_t id = slice_find(segment, separator) == 3 ? 3 : 0;
    for (size_t i = 0; i < segment.n; i++) {
        char c = segment.p[i];
        if (c == separator)
            field++;
        header &= (unsigned char)c >= 0x20; /* behind an end of segment that is none to us */
        bool shown = c == separator || i < id || (header && hl7_mask_shows(SLICE("MSH"), field));
        out[i] = shown ? c : masked(c);
    }
}

void hl7_mask(struct slice message, char *out)
{
    char separator = message.n > 3 && slice_starts(message, SLICE("MSH")) ? message.p[3] : '|';
    size_t from = 0;
    while (from < message.n) {
        size_t end = from;
        while (end < message.n && message.p[end] != '\r' && message.p[end] != '\n')
            end++;
        mask_segment(slice_sub(message, from, end), separator, out + from);
        for (; end < message.n && (message.p[end] == '\r' || message.p[end] == '\n'); end++)
            out[end] = message.p[end];
        from = end;
    }
}
