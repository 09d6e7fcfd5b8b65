/* hl7_fields - prints each value of HL7 v2 messages as weir's parser sees them, for comparing with
 * the parsers of others (differential.py).
 *
 * Reads MLLP frames from standard input. A message begins with "M" and its number; behind it stands
 * a line a value: segment number and id, field, repetition, component and subcomponent, a tab, the
 * value as text, and where that differs another tab and the value as sent. A refused message has a
 * line "E" with the reason. Control bytes and "%" are written as %hh, in what was sent also those
 * from 0x80 on. Empty values are left out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"
#include "hl7_charset.h"
#include "hl7_frame.h"

enum { INPUT_MAX = 256 << 20, ARENA_MAX = 256 << 20 };

static const struct hl7_limits limits = {.segments = 1000000, .fields = 10000000};

struct fields {
    struct hl7_msg msg;
    struct hl7_charset charset;
    struct arena arena;
};

static void put_coded(struct slice s, bool high_too)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || c == '%' || (high_too && c >= 0x80))
            printf("%%%02x", c);
        else
            putchar(c);
    }
}

static void put_value(struct fields *f, struct slice sent, bool delimiters)
{
    unsigned flags = 0;
    struct slice text =
        delimiters ? sent : hl7_charset_text(&f->charset, &f->msg, sent, &f->arena, &flags);
    putchar('\t');
    put_coded(text, false);
    if (!slice_eq(text, sent)) {
        putchar('\t');
        put_coded(sent, true);
    }
    putchar('\n');
}

struct place {
    unsigned segment, field, repetition;
    struct slice id;
};

static void put_place(const struct place *at, unsigned component, unsigned subcomponent)
{
    printf("%u ", at->segment);
    put_coded(at->id, true);
    printf("-%u[%u].%u.%u", at->field, at->repetition, component, subcomponent);
}

static void put_repetition(struct fields *f, const struct place *at, struct slice repetition)
{
    struct slice whole, part;
    for (unsigned c = 1; slice_present(whole = hl7_msg_part(&f->msg, repetition, c, 0)); c++)
        for (unsigned s = 1; slice_present(part = hl7_msg_part(&f->msg, repetition, c, s)); s++) {
            if (part.n == 0)
                continue;
            put_place(at, c, s);
            put_value(f, part, false);
        }
}

static void put_segment(struct fields *f, unsigned no, const struct hl7_segment *s)
{
    struct place at = {.segment = no, .id = s->id};
    bool header = slice_eq(s->id, SLICE("MSH"));
    for (at.field = 1; at.field <= s->nfields; at.field++) {
        struct slice field = hl7_msg_field(&f->msg, s, at.field), one;
        at.repetition = 1;
        if (header && at.field <= 2) {
            put_place(&at, 1, 1);
            put_value(f, field, true);
            continue;
        }
        for (; slice_present(one = hl7_msg_repetition(&f->msg, field, at.repetition));
             at.repetition++)
            put_repetition(f, &at, one);
    }
}

static int put_message(struct fields *f, unsigned no, struct slice raw)
{
    struct err err;
    printf("M %u\n", no);
    arena_reset(&f->arena);
    if (hl7_charset_parse(raw, SLICE_ABSENT, &limits, &f->arena, &f->msg, &f->charset, &err) < 0) {
        printf("E %s\n", err.text);
        return 0;
    }
    for (unsigned i = 0; i < f->msg.nsegments; i++)
        put_segment(f, i + 1, &f->msg.segments[i]);
    return f->arena.overflow ? -1 : 0;
}

static int read_all(struct buf *to)
{
    for (;;) {
        char *room = buf_reserve(to, 64 * 1024);
        ssize_t n = room ? read(STDIN_FILENO, room, 64 * 1024) : -1;
        if (n < 0 && room && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        to->n += (size_t)n;
    }
}

static int put_all(struct fields *f, struct slice input)
{
    const struct hl7_frame_rules rules = {.max = INPUT_MAX, .require_end_cr = true};
    struct hl7_deframer d;
    struct hl7_frame frame;
    int r = 0;
    hl7_deframer_init(&d, &rules);
    for (unsigned no = 1; r == 0 && hl7_deframer_next(&d, &input, &frame) == HL7_FRAME_WHOLE; no++)
        r = put_message(f, no, frame.bytes);
    hl7_deframer_fini(&d);
    return r;
}

int main(void)
{
    struct fields f = {0};
    struct buf input;
    buf_init(&input, INPUT_MAX);
    arena_init(&f.arena, ARENA_MAX);
    int r = read_all(&input);
    if (r == 0)
        r = put_all(&f, buf_slice(&input));
    if (r < 0)
        fprintf(stderr, "hl7_fields: the messages cannot be read, or one passes %d bytes\n",
                ARENA_MAX);
    arena_fini(&f.arena);
    buf_fini(&input);
    return r < 0 || fflush(stdout) != 0;
}
