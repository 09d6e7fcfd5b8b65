#include "utf8.h"

#include <stdint.h>

static size_t ascii_span(const unsigned char *p, size_t n)
{
    size_t at = 0;
    for (; n - at >= 8; at += 8) {
        uint64_t w;
        memcpy(&w, p + at, 8);
        if (w & 0x8080808080808080u)
            break;
    }
    while (at < n && p[at] < 0x80)
        at++;
    return at;
}

/* Length of the character at p (first byte 0x80 or more), 0 where it is none. The range of the
 * second byte is what rules out overlong forms and surrogates (Unicode table 3-7). */
static size_t wide_length(const unsigned char *p, size_t n)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t length;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        length = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        length = 3;
        low = p[0] == 0xe0 ? 0xa0 : 0x80;
        high = p[0] == 0xed ? 0x9f : 0xbf;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        length = 4;
        low = p[0] == 0xf0 ? 0x90 : 0x80;
        high = p[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (n < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

size_t utf8_span(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t at = 0;
    while (at < s.n) {
        at += ascii_span(p + at, s.n - at);
        if (at == s.n)
            break;
        size_t length = wide_length(p + at, s.n - at);
        if (!length)
            break;
        at += length;
    }
    return at;
}
