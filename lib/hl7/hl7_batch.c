#include "hl7_batch.h"

#include "num.h"

enum { ID = 3, LOOK = 4 }; /* bytes that tell what a line is */

void hl7_batch_init(struct hl7_batch *b, size_t max, size_t head)
{
    *b = (struct hl7_batch){.max = max, .head = head};
    buf_init(&b->kept, head ? head : 1);
}

void hl7_batch_fini(struct hl7_batch *b)
{
    buf_fini(&b->kept);
    digest_close(b->digest);
    b->digest = NULL;
}

static bool is_end(char c)
{
    return c == '\r' || c == '\n';
}

/* Line ends, blanks, the marks of MLLP: nothing that is of a part. */
static bool is_around(char c)
{
    return is_end(c) || c == ' ' || c == '\t' || c == 0x0b || c == 0x1c || c == '\0';
}

/* In front of a part also a byte order mark. */
static bool is_between(char c)
{
    return is_around(c) || c == '\xEF' || c == '\xBB' || c == '\xBF';
}

static bool is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What the line at p is; MESSAGE for MSH, MORE for any other. A trailer may be nothing but its id.
 */
static enum hl7_batch_result line_is(const char *p, size_t n)
{
    static const struct {
        char id[ID + 1];
        enum hl7_batch_result what;
    } rows[] = {{"MSH", HL7_BATCH_MESSAGE},
                {"FHS", HL7_BATCH_FILE},
                {"BHS", HL7_BATCH_BATCH},
                {"BTS", HL7_BATCH_BATCH_END},
                {"FTS", HL7_BATCH_FILE_END}};
    for (size_t i = 0; n >= ID && i < sizeof(rows) / sizeof(*rows); i++) {
        if (memcmp(p, rows[i].id, ID) != 0)
            continue;
        bool bare = n == ID || is_end(p[ID]) || p[ID] == 0x1c;
        bool ends = rows[i].what >= HL7_BATCH_BATCH_END;
        return (bare ? ends : !is_word(p[ID])) ? rows[i].what : HL7_BATCH_MORE;
    }
    return HL7_BATCH_MORE;
}

/* A line that starts at i, behind the VT of a frame if there is one. */
static bool begins_part(struct slice in, size_t i)
{
    if (i < in.n && in.p[i] == 0x0b)
        i++;
    return line_is(in.p + i, in.n - i) != HL7_BATCH_MORE;
}

/* Where the next part begins behind `from`, which is within a line: in.n where that cannot be told
 * yet; *ret_sure is how far there is none. */
static size_t find_next(struct slice in, size_t from, bool last, size_t *ret_sure)
{
    size_t i = from;
    while (i < in.n) {
        while (i < in.n && !is_end(in.p[i]))
            i++;
        if (i == in.n)
            break;
        if (!last && in.n - i < LOOK + 2) { /* the end of a line, VT, and what tells */
            *ret_sure = i;
            return in.n;
        }
        if (begins_part(in, ++i)) {
            *ret_sure = i;
            return i;
        }
    }
    *ret_sure = in.n;
    return in.n;
}

static void drop(struct hl7_batch *b, struct slice *input, size_t n)
{
    *input = slice_sub(*input, n, input->n);
    b->at += n;
}

/* A message without what stands behind its last segment but for one line end. */
static struct slice message_of(struct slice part)
{
    size_t n = part.n;
    while (n && is_around(part.p[n - 1]))
        n--;
    if (n < part.n && is_end(part.p[n]))
        n++;
    return slice_make(part.p, n);
}

/* Whether a trailer says another count than what came; what is no count is wrong, whatever came. */
static bool miscounts(struct hl7_batch_item *trailer, uint64_t came)
{
    struct slice text = slice_trim(hl7_batch_field(trailer->bytes, 1));
    bool says = text.n && !slice_eq_str(text, "\"\"");
    int64_t n = -1;
    bool number = num_i64(text, &n) && n >= 0;
    trailer->said = number ? n : -1;
    trailer->came = (int64_t)came;
    return says && (!number || n != trailer->came);
}

static void end_batch(struct hl7_batch *b, struct hl7_batch_item *ret)
{
    if (ret) {
        if (miscounts(ret, b->in_batch))
            b->faults |= HL7_BATCH_COUNT;
    } else if (b->batch_open) {
        b->faults |= HL7_BATCH_NO_END;
    }
    /* Messages outside of any BHS are a batch, too. */
    if (b->batch_open || b->in_batch || ret) {
        b->batches++;
        b->in_file++;
    }
    b->batch_open = false;
    b->in_batch = 0;
}

static void end_file(struct hl7_batch *b, struct hl7_batch_item *ret)
{
    end_batch(b, NULL);
    if (ret) {
        if (miscounts(ret, b->in_file))
            b->faults |= HL7_BATCH_FILE_COUNT;
    } else if (b->file_open) {
        b->faults |= HL7_BATCH_NO_FILE_END;
    }
    b->file_open = false;
    b->in_file = 0;
}

static void count(struct hl7_batch *b, enum hl7_batch_result what, struct hl7_batch_item *ret)
{
    if (what == HL7_BATCH_FILE) {
        end_file(b, NULL);
        b->file_open = true;
    } else if (what == HL7_BATCH_BATCH) {
        end_batch(b, NULL);
        b->batch_open = true;
    } else if (what == HL7_BATCH_BATCH_END) {
        end_batch(b, ret);
    } else if (what == HL7_BATCH_FILE_END) {
        end_file(b, ret);
    } else {
        b->messages++;
        b->in_batch++;
    }
}

/* Passes over n bytes of a message that is too long. */
static void pass_over(struct hl7_batch *b, struct slice *input, size_t n)
{
    struct slice bytes = slice_sub(*input, 0, n);
    digest_add(b->digest, bytes);
    buf_put(&b->kept, slice_sub(bytes, 0, b->head > b->kept.n ? b->head - b->kept.n : 0));
    b->too_long += n;
    drop(b, input, n);
    b->scanned = 0;
}

/* A line end that may stand in front of another part stays in the input until that is known. */
static enum hl7_batch_result too_long(struct hl7_batch *b, struct slice *input, bool last,
                                      struct hl7_batch_item *ret)
{
    size_t sure = 0, next = find_next(*input, 0, last, &sure);
    bool found = next < input->n;
    pass_over(b, input, found ? next : sure);
    if (!found && !last)
        return HL7_BATCH_MORE;
    *ret = (struct hl7_batch_item){.at = b->at - b->too_long, .said = -1};
    ret->frame.bytes = buf_slice(&b->kept);
    ret->frame.total = b->too_long;
    digest_end(b->digest, ret->frame.sha256);
    b->too_long = 0;
    count(b, HL7_BATCH_TOO_LONG, ret);
    return HL7_BATCH_TOO_LONG;
}

static enum hl7_batch_result begin_too_long(struct hl7_batch *b, struct slice *input, bool last,
                                            struct hl7_batch_item *ret)
{
    struct err ignored = {0};
    if (!b->digest && digest_open(SLICE_ABSENT, &b->digest, &ignored) < 0)
        return HL7_BATCH_NOMEM;
    digest_begin(b->digest);
    buf_reset(&b->kept);
    return too_long(b, input, last, ret);
}

/* One line: FHS, BHS, BTS, FTS. One over the limit is refused like a message. */
static enum hl7_batch_result take_segment(struct hl7_batch *b, enum hl7_batch_result what,
                                          struct slice *input, bool last,
                                          struct hl7_batch_item *ret)
{
    size_t n = b->scanned;
    while (n < input->n && !is_end(input->p[n]))
        n++;
    b->scanned = n;
    if (n > b->max)
        return begin_too_long(b, input, last, ret);
    if (n == input->n && !last)
        return HL7_BATCH_MORE;
    *ret = (struct hl7_batch_item){.bytes = slice_sub(*input, 0, n), .at = b->at, .said = -1};
    while (ret->bytes.n && is_around(ret->bytes.p[ret->bytes.n - 1]))
        ret->bytes.n--;
    drop(b, input, n);
    b->scanned = 0;
    count(b, what, ret);
    return what;
}

static enum hl7_batch_result take_message(struct hl7_batch *b, struct slice *input, bool last,
                                          struct hl7_batch_item *ret)
{
    size_t next = find_next(*input, b->scanned, last, &b->scanned);
    if (b->scanned > b->max)
        return begin_too_long(b, input, last, ret);
    if (next == input->n && !last)
        return HL7_BATCH_MORE;
    *ret = (struct hl7_batch_item){
        .bytes = message_of(slice_sub(*input, 0, next)), .at = b->at, .said = -1};
    drop(b, input, next);
    b->scanned = 0;
    count(b, HL7_BATCH_MESSAGE, ret);
    return HL7_BATCH_MESSAGE;
}

enum hl7_batch_result hl7_batch_next(struct hl7_batch *b, struct slice *input, bool last,
                                     struct hl7_batch_item *ret)
{
    if (b->too_long)
        return too_long(b, input, last, ret);
    if (b->scanned == 0) {
        size_t from = 0;
        while (from < input->n && is_between(input->p[from]))
            from++;
        drop(b, input, from);
    }
    if (input->n == 0) {
        if (last)
            end_file(b, NULL);
        return HL7_BATCH_MORE;
    }
    if (input->n < LOOK && !last)
        return HL7_BATCH_MORE;
    enum hl7_batch_result what = line_is(input->p, input->n);
    if (what == HL7_BATCH_MORE || what == HL7_BATCH_MESSAGE)
        return take_message(b, input, last, ret);
    return take_segment(b, what, input, last, ret);
}

bool hl7_batch_begins(struct slice bytes)
{
    size_t from = 0;
    while (from < bytes.n && is_between(bytes.p[from]))
        from++;
    enum hl7_batch_result what = line_is(bytes.p + from, bytes.n - from);
    return what != HL7_BATCH_MORE && what != HL7_BATCH_MESSAGE;
}

/* For all the lines of each message that comes: most are told by their first byte. */
static bool may_begin_part(char c)
{
    return c == 'M' || c == 'F' || c == 'B' || c == 0x0b;
}

/* Whether a part begins behind an end of a line that is that character. */
static bool has_part_behind(struct slice bytes, char end)
{
    struct slice rest = bytes;
    while (slice_present(rest)) {
        slice_split(&rest, end);
        if (rest.n && may_begin_part(rest.p[0]) && begins_part(bytes, (size_t)(rest.p - bytes.p)))
            return true;
    }
    return false;
}

bool hl7_batch_several(struct slice bytes)
{
    size_t from = 0;
    while (from < bytes.n && is_between(bytes.p[from]))
        from++;
    bytes = slice_sub(bytes, from, bytes.n);
    return line_is(bytes.p, bytes.n) == HL7_BATCH_MESSAGE &&
           (has_part_behind(bytes, '\r') || has_part_behind(bytes, '\n'));
}

struct slice hl7_batch_field(struct slice segment, unsigned field)
{
    if (segment.n <= ID || field == 0)
        return SLICE_ABSENT;
    char separator = segment.p[ID];
    struct slice rest = slice_sub(segment, ID + 1, segment.n), value = SLICE_ABSENT;
    /* The separator itself is FHS-1 and BHS-1. */
    unsigned skip = slice_ends(slice_sub(segment, 0, ID), SLICE("HS"));
    if (skip && field == 1)
        return slice_sub(segment, ID, ID + 1);
    for (unsigned i = skip; i < field; i++)
        value = slice_present(rest) ? slice_split(&rest, separator) : SLICE_ABSENT;
    return value;
}
