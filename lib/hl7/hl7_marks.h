/* hl7_marks.h - where in 64 bytes a character stands, as bits: most of a message is not a
 * separator, and a call per field costs more than the field. Part of hl7_msg.c alone. */
#ifndef WEIR_HL7_MARKS_H
#define WEIR_HL7_MARKS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

enum { HL7_BLOCK = 64 };

#ifdef __SSE2__
#include <emmintrin.h>

/* Bit i is set where p[i] is c, for the HL7_BLOCK bytes at p. */
static inline uint64_t hl7_marks(const char *p, char c)
{
    const __m128i wanted = _mm_set1_epi8(c);
    uint64_t found = 0;
    for (unsigned i = 0; i < HL7_BLOCK; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
        found |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, wanted)) << i;
    }
    return found;
}
#else

/* The same, eight bytes at a time. The sum is exact: no carry runs from one byte into the next. The
 * multiplication gathers the lowest bit of each byte in the top byte. */
static inline uint64_t hl7_marks(const char *p, char c)
{
    const uint64_t ones = 0x0101010101010101u, low = 0x7f7f7f7f7f7f7f7fu;
    uint64_t found = 0;
    for (unsigned i = 0; i < HL7_BLOCK; i += 8) {
        uint64_t v;
        memcpy(&v, p + i, sizeof(v));
        v = le64toh(v) ^ ones * (unsigned char)c;
        v = ~(((v & low) + low) | v | low) >> 7;
        found |= v * 0x0102040810204080u >> 56 << i;
    }
    return found;
}
#endif

/* How many bits are set: in place of __builtin_popcountll, which is a call on plain x86-64. */
static inline unsigned hl7_marks_count(uint64_t v)
{
    v -= v >> 1 & 0x5555555555555555u;
    v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
    v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)(v * 0x0101010101010101u >> 56);
}

#endif
