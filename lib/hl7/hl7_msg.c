#include "hl7_msg.h"

#include "hl7_add.h"
#include "hl7_marks.h"

static bool ends_segment(char c)
{
    return c == '\r' || c == '\n';
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The message from its MSH on; absent when there is none. */
static struct slice skip_leading(struct slice raw, unsigned *flags)
{
    struct slice s = raw;
    if (slice_starts(s, SLICE("\xEF\xBB\xBF")))
        s = slice_sub(s, 3, s.n);
    while (s.n && (blank(s.p[0]) || ends_segment(s.p[0])))
        s = slice_make(s.p + 1, s.n - 1);
    if (s.n != raw.n)
        *flags |= HL7_LEADING_BYTES;
    return slice_starts(s, SLICE("MSH")) ? s : SLICE_ABSENT;
}

/* A delimiter is a printing ASCII character that is no letter, digit or blank. */
static bool may_delimit(char c)
{
    bool alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return c > ' ' && c < 0x7f && !alnum;
}

static bool has_twice(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (memchr(s.p + i + 1, s.p[i], s.n - i - 1))
            return true;
    return false;
}

/* HL7 v2.5.1 §2.5.4; five characters since v2.7 §2.5.4. msh begins with "MSH". */
static int read_delims(struct slice msh, size_t at, struct hl7_delims *ret, unsigned *flags,
                       struct err *reterr)
{
    static const char usual[4] = {'^', '~', '\\', '&'};
    char got[5] = {0};
    if (msh.n < 4 || !may_delimit(msh.p[3]))
        return err_set(reterr, ERR_INPUT, "MSH-1 at byte %zu is not a field separator (usually |)",
                       at + 3);
    size_t n = 0;
    while (4 + n < msh.n && msh.p[4 + n] != msh.p[3] && !ends_segment(msh.p[4 + n]))
        n++;
    struct slice chars = slice_make(msh.p + 4, n);
    if (n < 2 || n > 5)
        return err_set(reterr, ERR_INPUT,
                       "MSH-2 at byte %zu has %zu characters; it needs 4 (usually ^~\\&)", at + 4,
                       n);
    for (size_t i = 0; i < n; i++)
        if (!may_delimit(chars.p[i]))
            return err_set(reterr, ERR_INPUT, "MSH-2 at byte %zu holds what cannot delimit",
                           at + 4 + i);
    if (has_twice(chars))
        return err_set(reterr, ERR_INPUT, "MSH-2 at byte %zu gives one character two meanings",
                       at + 4);
    memcpy(got, chars.p, n);
    for (size_t i = n; i < 4; i++)
        got[i] = usual[i] != msh.p[3] && !memchr(got, usual[i], n) ? usual[i] : 0;
    if (n < 4)
        *flags |= HL7_SHORT_DELIMS;
    *ret = (struct hl7_delims){msh.p[3], got[0], got[1], got[2], got[3], got[4]};
    return 0;
}

struct builder {
    const struct hl7_limits *limits;
    struct hl7_segment *segments;
    struct slice *fields;
    uint32_t nsegments, nfields;
    unsigned flags;
    char sep;
    bool full;          /* a limit was reached */
    const char *at;     /* start of the segment under way */
    const char *field;  /* start of the field under way; NULL while in the segment's id */
    const char *id_end; /* valid once field is set */
};

static void put_field(struct builder *b, const char *from, const char *to)
{
    if (b->nfields == b->limits->fields) {
        b->full = true;
        return;
    }
    b->fields[b->nfields++] = slice_make(from, (size_t)(to - from));
}

static bool odd_id(struct slice id)
{
    if (id.n != 3)
        return true;
    for (size_t i = 0; i < 3; i++)
        if (!((id.p[i] >= 'A' && id.p[i] <= 'Z') || (id.p[i] >= '0' && id.p[i] <= '9')))
            return true;
    return false;
}

/* In these three the first separator is itself field 1. */
static bool is_header(uint32_t key)
{
    return key == hl7_key(SLICE("MSH")) || key == hl7_key(SLICE("FHS")) ||
           key == hl7_key(SLICE("BHS"));
}

static void begin_segment(struct builder *b, const char *id_end)
{
    if (b->nsegments == b->limits->segments) {
        b->full = true;
        return;
    }
    struct hl7_segment *s = &b->segments[b->nsegments++];
    s->id = slice_make(b->at, (size_t)(id_end - b->at));
    s->key = hl7_key(s->id);
    s->first = b->nfields;
    if (odd_id(s->id))
        b->flags |= HL7_ODD_SEGMENT;
}

static void on_separator(struct builder *b, const char *p)
{
    if (b->field) {
        put_field(b, b->field, p);
    } else {
        begin_segment(b, p);
        uint32_t key = b->full ? 0 : b->segments[b->nsegments - 1].key;
        if (is_header(key))
            put_field(b, p, p + 1);
        else if (key == hl7_key(SLICE("ADD")))
            b->flags |= HL7_JOINED;
    }
    b->field = p + 1;
}

/* Blanks before the end are trimmed; a line of nothing but blanks is no segment. */
static void on_end(struct builder *b, const char *p)
{
    const char *end = p;
    const char *from = b->field ? b->field : b->at;
    while (end > from && blank(end[-1]))
        end--;
    if (!b->field && end > b->at)
        begin_segment(b, end);
    else if (b->field)
        put_field(b, b->field, end);
    if ((b->field || end > b->at) && !b->full) {
        struct hl7_segment *s = &b->segments[b->nsegments - 1];
        s->bytes = slice_make(b->at, (size_t)(end - b->at));
        s->nfields = b->nfields - s->first;
    }
    b->field = NULL;
    b->at = p + 1;
}

static void on_mark(struct builder *b, const char *p)
{
    if (*p == b->sep) {
        on_separator(b, p);
        return;
    }
    if (*p == '\n')
        b->flags |= HL7_LF_ENDS;
    on_end(b, p);
}

/* A whole block, or what is left of the message and zeros, which are no mark. */
static const char *block_at(struct slice s, size_t at, char tail[HL7_BLOCK])
{
    size_t left = s.n - at;
    if (left >= HL7_BLOCK)
        return s.p + at;
    memset(tail, 0, HL7_BLOCK);
    memcpy(tail, s.p + at, left);
    return tail;
}

static void index_all(struct builder *b, struct slice s)
{
    char tail[HL7_BLOCK];
    b->at = s.p;
    for (size_t at = 0; at < s.n && !b->full; at += HL7_BLOCK) {
        const char *p = block_at(s, at, tail);
        uint64_t hits = hl7_marks(p, b->sep) | hl7_marks(p, '\r') | hl7_marks(p, '\n');
        for (; hits && !b->full; hits &= hits - 1)
            on_mark(b, s.p + at + __builtin_ctzll(hits));
    }
    if (!b->full && b->at < s.p + s.n)
        on_end(b, s.p + s.n);
}

/* Counts first, so that two allocations of the right size do for all of it. */
static void count_marks(struct slice s, char field, size_t *ret_seps, size_t *ret_ends)
{
    char tail[HL7_BLOCK];
    size_t seps = 0, ends = 0;
    for (size_t at = 0; at < s.n; at += HL7_BLOCK) {
        const char *p = block_at(s, at, tail);
        seps += hl7_marks_count(hl7_marks(p, field));
        ends += hl7_marks_count(hl7_marks(p, '\r') | hl7_marks(p, '\n'));
    }
    *ret_seps = seps;
    *ret_ends = ends;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Fills in *m, whose delims are known, from s, its bytes from MSH on. */
static int index_message(struct slice s, const struct hl7_limits *limits, struct arena *arena,
                         struct hl7_msg *m, struct err *reterr)
{
    struct builder b = {.limits = limits, .sep = m->delims.field, .flags = m->flags};
    size_t seps, ends;
    count_marks(s, b.sep, &seps, &ends);
    /* Each header segment has a field more than separators. */
    size_t nsegments = least(ends + 1, limits->segments);
    size_t nfields = least(seps + ends + 1, limits->fields);
    b.segments = arena_alloc(arena, nsegments * sizeof(*b.segments));
    b.fields = arena_alloc(arena, nfields * sizeof(*b.fields));
    if (!b.segments || !b.fields)
        return err_set(reterr, ERR_LIMIT,
                       "the index of %zu segments and %zu fields passes the memory of a message "
                       "(message_arena)",
                       nsegments, nfields);
    index_all(&b, s);
    if (b.full)
        return err_set(reterr, ERR_LIMIT, "more than %u segments or %u fields in a message",
                       limits->segments, limits->fields);
    m->segments = b.segments;
    m->fields = b.fields;
    m->nsegments = b.nsegments;
    m->nfields = b.nfields;
    m->flags = b.flags;
    return 0;
}

int hl7_msg_parse(struct slice raw, const struct hl7_limits *limits, struct arena *arena,
                  struct hl7_msg *ret, struct err *reterr)
{
    struct hl7_msg m = {.raw = raw};
    struct slice s = skip_leading(raw, &m.flags);
    if (!slice_present(s))
        return err_set(reterr, ERR_INPUT, "no MSH segment at the start: this is not HL7 v2");
    if (read_delims(s, (size_t)(s.p - raw.p), &m.delims, &m.flags, reterr) < 0 ||
        index_message(s, limits, arena, &m, reterr) < 0)
        return -1;
    if (m.flags & HL7_JOINED) {
        m.raw = hl7_add_join(s, m.delims.field, arena);
        if (!slice_present(m.raw))
            return err_set(reterr, ERR_LIMIT,
                           "the message with its ADD segments joined passes the memory of a "
                           "message (message_arena)");
        /* Joined to MSH-2 it may have made other delimiters of it. */
        if (read_delims(m.raw, 0, &m.delims, &m.flags, reterr) < 0 ||
            index_message(m.raw, limits, arena, &m, reterr) < 0)
            return -1;
    }
    *ret = m;
    return 0;
}

const struct hl7_segment *hl7_msg_segment(const struct hl7_msg *m, struct slice id, unsigned nth)
{
    uint32_t key = hl7_key(id);
    if (!key)
        return NULL;
    for (uint32_t i = 0; i < m->nsegments; i++)
        if (m->segments[i].key == key && nth-- == 0)
            return &m->segments[i];
    return NULL;
}

struct slice hl7_msg_field(const struct hl7_msg *m, const struct hl7_segment *s, unsigned field)
{
    if (!s || field == 0 || field > s->nfields)
        return SLICE_ABSENT;
    return m->fields[s->first + field - 1];
}

/* Part `nth` (from 1) of s; an unused separator (0) takes nothing apart. */
static struct slice nth_part(struct slice s, char sep, unsigned nth)
{
    if (!slice_present(s) || nth == 0)
        return SLICE_ABSENT;
    if (!sep)
        return nth == 1 ? s : SLICE_ABSENT;
    const char *p = s.p, *end = s.p + s.n;
    for (; p < end; p++) {
        if (*p != sep)
            continue;
        if (--nth == 0)
            return slice_make(s.p, (size_t)(p - s.p));
        s.p = p + 1;
    }
    return nth == 1 ? slice_make(s.p, (size_t)(end - s.p)) : SLICE_ABSENT;
}

struct slice hl7_msg_repetition(const struct hl7_msg *m, struct slice field, unsigned nth)
{
    return nth_part(field, m->delims.repetition, nth);
}

struct slice hl7_msg_take_repetition(const struct hl7_msg *m, struct slice *rest)
{
    struct slice all = *rest;
    if (m->delims.repetition)
        return slice_split(rest, m->delims.repetition);
    *rest = SLICE_ABSENT;
    return all;
}

unsigned hl7_msg_repetitions(const struct hl7_msg *m, struct slice field)
{
    if (!slice_present(field))
        return 0;
    unsigned n = 1;
    for (size_t i = 0; i < field.n && m->delims.repetition; i++)
        n += field.p[i] == m->delims.repetition;
    return n;
}

struct slice hl7_msg_part(const struct hl7_msg *m, struct slice repetition, unsigned component,
                          unsigned subcomponent)
{
    if (component == 0)
        return repetition;
    struct slice part = nth_part(repetition, m->delims.component, component);
    return subcomponent == 0 ? part : nth_part(part, m->delims.subcomponent, subcomponent);
}

enum hl7_state hl7_state_of(struct slice value)
{
    if (!slice_present(value))
        return HL7_ABSENT;
    if (value.n == 0)
        return HL7_EMPTY;
    return value.n == 2 && value.p[0] == '"' && value.p[1] == '"' ? HL7_NULL : HL7_VALUE;
}

void hl7_msg_header(const struct hl7_msg *m, struct hl7_header *ret)
{
    const struct hl7_segment *msh = hl7_msg_segment(m, SLICE("MSH"), 0);
    struct slice type = hl7_msg_repetition(m, hl7_msg_field(m, msh, 9), 1);
    *ret = (struct hl7_header){
        .sending_app = hl7_msg_field(m, msh, 3),
        .sending_facility = hl7_msg_field(m, msh, 4),
        .receiving_app = hl7_msg_field(m, msh, 5),
        .receiving_facility = hl7_msg_field(m, msh, 6),
        .sent_at = hl7_msg_field(m, msh, 7),
        .type = hl7_msg_part(m, type, 1, 0),
        .trigger = hl7_msg_part(m, type, 2, 0),
        .structure = hl7_msg_part(m, type, 3, 0),
        .control_id = hl7_msg_field(m, msh, 10),
        .processing_id = hl7_msg_field(m, msh, 11),
        .version = hl7_msg_field(m, msh, 12),
        .sequence = hl7_msg_field(m, msh, 13),
        .charset = hl7_msg_field(m, msh, 18),
        .accept_ack = hl7_msg_field(m, msh, 15),
        .app_ack = hl7_msg_field(m, msh, 16),
    };
}
