#include "utf16.h"

enum { REPLACEMENT = 0xfffd };

bool utf16_begins(struct slice text, struct utf16 *ret)
{
    bool little = slice_starts(text, SLICE("\xff\xfe")),
         big = slice_starts(text, SLICE("\xfe\xff"));
    if ((!little && !big) || slice_starts(text, slice_make("\xff\xfe\0\0", 4)))
        return false;
    *ret = (struct utf16){.big = big};
    return true;
}

static void put(struct buf *to, uint32_t c)
{
    char s[4];
    size_t n;
    if (c < 0x80) {
        buf_putc(to, (char)c);
        return;
    }
    n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        s[i] = (char)(0x80 | (c & 0x3f));
    s[0] = (char)((0xf00 >> n & 0xff) | c);
    buf_put(to, slice_make(s, n));
}

static void take(struct utf16 *u, uint16_t unit, struct buf *to)
{
    bool low = unit >= 0xdc00 && unit <= 0xdfff, high = unit >= 0xd800 && unit < 0xdc00;
    if (u->high && low) {
        put(to, 0x10000 + ((uint32_t)(u->high & 0x3ff) << 10 | (unit & 0x3ff)));
        u->high = 0;
        return;
    }
    if (u->high)
        put(to, REPLACEMENT);
    u->high = high ? unit : 0;
    if (!high)
        put(to, low ? REPLACEMENT : unit);
}

void utf16_write(struct utf16 *u, struct slice bytes, struct buf *to)
{
    for (size_t i = 0; i < bytes.n; i++) {
        unsigned char b = (unsigned char)bytes.p[i];
        if (u->odd)
            take(u, (uint16_t)(u->big ? u->first << 8 | b : b << 8 | u->first), to);
        u->first = b;
        u->odd = !u->odd;
    }
}

void utf16_end(struct utf16 *u, struct buf *to)
{
    if (u->high)
        put(to, REPLACEMENT);
    if (u->odd)
        put(to, REPLACEMENT);
    u->high = 0;
    u->odd = false;
}
