#include "hl7_odd.h"

#include <stdio.h>
#include "hl7_escape.h"
#include "hl7_names.h"
#include "hl7_time.h"

struct finder {
    const struct hl7_msg *m;
    const struct hl7_charset *cs;
    struct arena *scratch;
    hl7_odd_fn fn;
    void *arg;
    unsigned n;
    bool later; /* of a version behind 2.5.1, where segments have more fields */
};

static void tell(struct finder *f, const char *at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct finder *f, const char *at, const char *fmt, ...)
{
    char text[HL7_ODD_TEXT];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    f->fn(f->arg, at, text);
    f->n++;
}

static void tell_place(struct finder *f, const struct hl7_place *p, const char *text)
{
    char at[HL7_PLACE_SIZE];
    tell(f, hl7_place_text(p, at), "%s", text);
}

/* ---- around the segments ---- */

static size_t find_msh(struct slice sent)
{
    size_t at = 0;
    while (at + 3 <= sent.n && memcmp(sent.p + at, "MSH", 3) != 0)
        at++;
    return at + 3 <= sent.n ? at : 0;
}

static void look_at_front(struct finder *f, struct slice sent)
{
    size_t at = find_msh(sent);
    if (at)
        tell(f, "byte 0", "%zu bytes before MSH%s", at,
             slice_starts(sent, SLICE("\xEF\xBB\xBF")) ? ": a byte order mark" : "");
}

/* An end without a segment before it, such as a blank line, does not count. */
static void look_at_ends(struct finder *f, struct slice sent)
{
    uint64_t lf = 0, crlf = 0, segments = 0, first = 0;
    const char *as = NULL;
    bool blank = true;
    for (size_t i = find_msh(sent); i < sent.n; i++) {
        char c = sent.p[i];
        bool ends = c == '\r' || c == '\n';
        bool both = c == '\r' && i + 1 < sent.n && sent.p[i + 1] == '\n';
        if (ends && !blank) {
            segments++;
            crlf += both;
            lf += c == '\n';
        }
        if (ends && !blank && !first && (both || c == '\n')) {
            first = segments;
            as = both ? "CRLF" : "LF";
        }
        blank = ends;
    }
    char at[40];
    snprintf(at, sizeof(at), "segment %llu", (unsigned long long)first);
    if (first)
        tell(f, at, "ends in %s, not in CR: of %llu segments %llu end in LF, %llu in CRLF", as,
             (unsigned long long)segments, (unsigned long long)lf, (unsigned long long)crlf);
}

static void look_at_delimiters(struct finder *f)
{
    const struct hl7_delims *d = &f->m->delims;
    if (d->field != '|')
        tell(f, "MSH-1", "the field separator is '%c', usually it is '|'", d->field);
    if (f->m->flags & HL7_SHORT_DELIMS)
        tell(f, "MSH-2", "fewer than four characters: the rest is taken to be as usual");
    else if (d->component != '^' || d->repetition != '~' || d->escape != '\\' ||
             d->subcomponent != '&')
        tell(f, "MSH-2",
             "not the usual ^~\\&: component '%c', repetition '%c', escape '%c', "
             "subcomponent '%c'",
             d->component, d->repetition, d->escape, d->subcomponent);
    if (f->m->flags & HL7_JOINED)
        tell(f, "message", "ADD segments go on with the segment before: they are joined here");
}

/* ---- header ---- */

/* HL7 table 0104, in order; -1: not there. */
static int version_of(struct slice v)
{
    static const char *const known[] = {"2.1", "2.2", "2.3",   "2.3.1", "2.4",   "2.5",   "2.5.1",
                                        "2.6", "2.7", "2.7.1", "2.8",   "2.8.1", "2.8.2", "2.9"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (slice_eq_str(v, known[i]))
            return (int)i;
    return -1;
}

static bool is_valued(struct slice s)
{
    return hl7_state_of(s) == HL7_VALUE;
}

static void look_at_header(struct finder *f)
{
    struct hl7_header h;
    hl7_msg_header(f->m, &h);
    if (!is_valued(h.sent_at))
        tell(f, "MSH-7", "not sent: when the message was made is not known");
    if (!is_valued(h.type))
        tell(f, "MSH-9", "not sent: what the message is has to be guessed");
    else if (!is_valued(h.trigger) && !slice_eq_str(h.type, "ACK"))
        tell(f, "MSH-9.2", "not sent: the trigger event");
    if (!is_valued(h.control_id))
        tell(f, "MSH-10", "not sent: an answer cannot name the message");
    struct slice mode = hl7_msg_part(f->m, h.processing_id, 1, 0);
    if (!is_valued(mode))
        tell(f, "MSH-11", "not sent: live (P) or a test (T, D) is not said");
    else if (mode.n != 1 || !memchr("PTD", mode.p[0], 3))
        tell(f, "MSH-11", "neither P, T nor D (HL7 table 0103)");
    struct slice version = hl7_msg_part(f->m, h.version, 1, 0);
    if (!is_valued(version))
        tell(f, "MSH-12", "not sent: the version is not known");
    else if (version_of(version) < 0)
        tell(f, "MSH-12", "no version of HL7 v2 (HL7 table 0104)");
    f->later = version_of(version) > version_of(SLICE("2.5.1"));
    struct slice code = hl7_msg_field(f->m, hl7_msg_segment(f->m, SLICE("EVN"), 0), 1);
    if (is_valued(code) && is_valued(h.trigger) && !slice_eq(code, h.trigger))
        tell(f, "EVN-1", "another trigger event than MSH-9.2 says");
}

static void look_at_charset(struct finder *f)
{
    struct hl7_header h;
    hl7_msg_header(f->m, &h);
    if (f->cs->flags & HL7_CHARSET_UNKNOWN)
        tell(f, "MSH-18", "names a character set that weir cannot read");
    if (f->cs->flags & HL7_CHARSET_SWITCHED)
        tell(f, "MSH-18", "names several character sets: only the first is read");
    if (f->cs->guess && !is_valued(h.charset))
        tell(f, "MSH-18", "not sent, and the message is not ASCII: read as %s",
             strcmp(f->cs->guess, "utf8") == 0 ? "UTF-8" : "Windows-1252");
    else if (f->cs->guess)
        tell(f, "MSH-18", "does not say what the message is: read as %s",
             strcmp(f->cs->guess, "utf8") == 0 ? "UTF-8" : "Windows-1252");
}

/* ---- segments and their fields ---- */

static void look_at_order(struct finder *f)
{
    static const char *const order[] = {"EVN", "PID", "PV1", "PV2"};
    const struct hl7_segment *last = NULL;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const struct hl7_segment *s = hl7_msg_segment(f->m, slice_str(order[i]), 0);
        if (s && last && s < last)
            tell(f, order[i], "stands before %.3s, where it should follow it", last->id.p);
        if (s && (!last || s > last))
            last = s;
    }
}

static bool odd_id(struct slice id)
{
    bool odd = id.n != 3;
    for (size_t i = 0; i < id.n && !odd; i++)
        odd = !((id.p[i] >= 'A' && id.p[i] <= 'Z') || (id.p[i] >= '0' && id.p[i] <= '9'));
    return odd;
}

static bool steers(struct slice value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < 0x20 || value.p[i] == 0x7f)
            return true;
    return false;
}

static void look_at_text(struct finder *f, const struct hl7_place *p, struct slice field)
{
    unsigned flags = 0;
    if (steers(field))
        tell_place(f, p, "holds a control byte");
    if (slice_find(field, f->m->delims.escape) == field.n && (f->cs->valid || !f->cs->declared))
        return;
    arena_reset(f->scratch);
    hl7_charset_text(f->cs, f->m, field, f->scratch, &flags);
    if (flags & HL7_ESCAPE_KEPT)
        tell_place(f, p, "holds an escape that is not understood: kept as it was sent");
    if (flags & HL7_CHARSET_REPLACED)
        tell_place(f, p, "holds bytes that stand for nothing in the character set");
}

static void look_at_time(struct finder *f, const struct hl7_place *p, struct slice field)
{
    char text[HL7_ODD_TEXT];
    struct err err = {0};
    struct slice rest = field;
    struct hl7_place at = *p;
    for (unsigned i = 1; slice_present(rest); i++) {
        struct slice time = hl7_msg_part(f->m, hl7_msg_take_repetition(f->m, &rest), 1, 0);
        at.repetition = i;
        if (!is_valued(time) || hl7_time_check(time, &err) == 0)
            continue;
        snprintf(text, sizeof(text), "is no time: %.150s", err.text);
        tell_place(f, &at, text);
    }
}

static void look_at_field(struct finder *f, const struct hl7_place *p, struct slice field)
{
    struct slice type = hl7_field_name(p->segment, p->field).type;
    look_at_text(f, p, field);
    if (slice_eq(type, SLICE("TS")) || slice_eq(type, SLICE("DT")))
        look_at_time(f, p, field);
}

static void look_at_segment(struct finder *f, const struct hl7_segment *s,
                            struct hl7_place_counts *counts, uint32_t no)
{
    struct hl7_place p = {.segment = s->id, .sequence = hl7_place_count(counts, s)};
    char at[40];
    unsigned known = hl7_segment_fields(s->id), past = 0;
    bool header = p.segment.n == 3 && memcmp(p.segment.p, "MSH", 3) == 0;
    snprintf(at, sizeof(at), "segment %u", no);
    if (odd_id(s->id)) {
        tell(f, at, "its id is not three capital letters or digits: text that broke over a line?");
        p.segment = SLICE("?"); /* such text is not told */
        p.sequence = 0;
    } else if (p.segment.p[0] != 'Z' && !hl7_segment_name(s->id).n) {
        tell(f, at, "%.3s is no segment that weir has names of", s->id.p);
    }
    for (p.field = header ? 3 : 1; p.field <= s->nfields; p.field++) {
        struct slice field = hl7_msg_field(f->m, s, p.field);
        if (field.n == 0)
            continue;
        look_at_field(f, &p, field);
        past += known && !f->later && p.field > known;
    }
    p.field = known + 1;
    if (past)
        tell_place(f, &p, "and what follows: more fields than HL7 v2.5.1 has for it");
}

unsigned hl7_odd_find(struct slice sent, const struct hl7_msg *m, const struct hl7_charset *cs,
                      struct arena *scratch, hl7_odd_fn fn, void *arg)
{
    struct finder f = {.m = m, .cs = cs, .scratch = scratch, .fn = fn, .arg = arg};
    struct hl7_place_counts counts = {.kinds = 0};
    look_at_front(&f, sent);
    look_at_ends(&f, sent);
    look_at_delimiters(&f);
    look_at_header(&f);
    look_at_charset(&f);
    look_at_order(&f);
    for (uint32_t i = 0; i < m->nsegments; i++)
        look_at_segment(&f, &m->segments[i], &counts, i + 1);
    return f.n;
}
