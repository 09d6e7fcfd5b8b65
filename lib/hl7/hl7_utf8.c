#include "hl7_utf8.h"

#include <stdint.h>

size_t hl7_utf8_ascii(struct slice s)
{
    size_t at = 0;
    for (; s.n - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t v;
        memcpy(&v, s.p + at, sizeof(v));
        if (v & 0x8080808080808080u)
            break;
    }
    while (at < s.n && !(s.p[at] & 0x80))
        at++;
    return at;
}

/* Unicode §3.9, table 3-7: what may follow a first byte. */
static size_t length_of(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef) {
        if (first == 0xe0)
            *low = 0xa0;
        if (first == 0xed)
            *high = 0x9f;
        return 3;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if (first == 0xf0)
            *low = 0x90;
        if (first == 0xf4)
            *high = 0x8f;
        return 4;
    }
    return first < 0x80 ? 1 : 0;
}

size_t hl7_utf8_step(struct slice s, size_t *ret_bad)
{
    const unsigned char *p = (const unsigned char *)s.p;
    unsigned char low, high;
    size_t n = length_of(p[0], &low, &high);
    for (size_t i = 1; i < n; i++) {
        if (i == s.n || p[i] < low || p[i] > high) {
            *ret_bad = i;
            return 0;
        }
        low = 0x80;
        high = 0xbf;
    }
    *ret_bad = 1;
    return n;
}

bool hl7_utf8_valid(struct slice s)
{
    size_t bad;
    for (;;) {
        s = slice_sub(s, hl7_utf8_ascii(s), s.n);
        if (s.n == 0)
            return true;
        size_t n = hl7_utf8_step(s, &bad);
        if (n == 0)
            return false;
        s = slice_sub(s, n, s.n);
    }
}

char *hl7_utf8_put(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}
