#include "masked_message.h"

#include <ctype.h>

static void put_masked(char c, FILE *to)
{
    unsigned char b = (unsigned char)c;
    if (isdigit(b))
        putc('9', to);
    else if (isalpha(b) || b >= 0x80)
        putc('x', to);
    else
        putc(b < 0x20 || b == 0x7f ? '?' : b, to);
}

/* Fields of MSH that tell of systems, not of patients (MSH-1 is the separator itself). */
static bool open_field(bool header, unsigned field)
{
    return header && field != 7 && field != 10 && field <= 12;
}

static void print_segment(struct slice segment, char separator, FILE *to)
{
    bool header = slice_starts(segment, SLICE("MSH"));
    unsigned field = header ? 1 : 0;
    size_t id =
        slice_find(segment, separator) == 3 ? 3 : 0; /* what has no id may begin with a name */
    for (size_t i = 0; i < segment.n; i++) {
        char c = segment.p[i];
        if (c == separator)
            field++;
        if (c == separator || i < id || open_field(header, field))
            putc((unsigned char)c < 0x20 ? '?' : c, to);
        else
            put_masked(c, to);
    }
    putc('\n', to);
}

void masked_message_print(struct slice message, FILE *to)
{
    char separator = message.n > 3 && slice_starts(message, SLICE("MSH")) ? message.p[3] : '|';
    while (slice_present(message) && message.n) {
        size_t cr = slice_find(message, '\r'), lf = slice_find(message, '\n');
        size_t end = cr < lf ? cr : lf;
        if (end)
            print_segment(slice_make(message.p, end), separator, to);
        message = slice_sub(message, end + 1, message.n);
    }
}
