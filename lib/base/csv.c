#include "csv.h"

#define ENDLESS                                                                                    \
    "a field whose quote does not end, or a row with line ends in it that is longer than may be"
#define BEHIND                                                                                     \
    "something stands behind the closing quote of a field: a quote within a field is doubled"
#define WITHIN "a quote within a field that has no quotes around it"
#define MIXED "a line ends in LF, those before in CR"

void csv_begin(struct csv *c, const struct csv_rules *rules)
{
    *c = (struct csv){.rules = *rules, .line = 1};
    if (!c->rules.delimiter)
        c->rules.delimiter = ',';
    if (!c->rules.row_max)
        c->rules.row_max = SIZE_MAX / 2;
}

static void take(struct csv *c, struct slice *input, size_t n)
{
    *input = slice_sub(*input, n, input->n);
    c->at += n;
}

/* How lines end is known from the first end: looking for a character that never comes would read
 * the rest of the input for every row. */
static size_t find_end(struct csv *c, struct slice s)
{
    size_t view = c->rules.row_max + 1; /* where the first line is longer, they end in LF */
    struct slice seen = slice_sub(s, 0, view);
    if (!c->ends_known) {
        size_t lf = slice_find(seen, '\n'), cr = slice_find(slice_sub(seen, 0, lf), '\r');
        bool any = cr < lf;
        while (cr < lf && seen.p[cr] == '\r')
            cr++;
        c->cr_alone = cr < lf || (any && cr == view);
        c->ends_known = c->cr_alone || lf < seen.n;
    }
    return slice_find(s, c->cr_alone ? '\r' : '\n');
}

/* Over the line end at the front, where one stands there. CR CR LF, which text that was converted
 * twice has, is one. */
static void take_end(struct csv *c, struct slice *input)
{
    size_t n = 0;
    while (n < input->n && input->p[n] == '\r' && !(c->cr_alone && n))
        n++;
    bool lf = n < input->n && input->p[n] == '\n';
    c->behind_cr = c->cr_alone && n && n == input->n;
    c->line += lf || (c->cr_alone && n);
    take(c, input, n + lf);
}

static bool is_end(const struct csv *c, struct slice s, size_t i)
{
    if (c->cr_alone)
        return s.p[i] == '\r';
    while (i < s.n && s.p[i] == '\r')
        i++;
    return i == s.n || s.p[i] == '\n';
}

/* Past the closing quote of the field whose opening quote stands at i; s.n + 1: it does not end in
 * s. */
static size_t past_quoted(struct slice s, size_t i)
{
    for (i++; i < s.n; i += 2) {
        i += slice_find(slice_sub(s, i, s.n), '"');
        if (i + 1 >= s.n || s.p[i + 1] != '"')
            break;
    }
    return i < s.n ? i + 1 : s.n + 1;
}

static size_t past_plain(const struct csv *c, struct slice s, size_t i)
{
    for (;;) {
        while (i < s.n && s.p[i] != c->rules.delimiter && s.p[i] != '"' && s.p[i] != '\n' &&
               s.p[i] != '\r')
            i++;
        if (i == s.n || s.p[i] != '\r' || is_end(c, s, i))
            return i;
        while (i < s.n && s.p[i] == '\r') /* characters like others */
            i++;
    }
}

struct scan {
    size_t end;      /* of the row */
    const char *why; /* a fault, at `at` */
    size_t at;
    bool open; /* s ends within a quoted field that begins at `at` */
};

/* A row with quotes in it. */
static struct scan scan_row(const struct csv *c, struct slice s)
{
    for (size_t i = 0;;) {
        bool quoted = i < s.n && s.p[i] == '"';
        size_t from = i;
        i = quoted ? past_quoted(s, i) : past_plain(c, s, i);
        if (i > s.n)
            return (struct scan){.open = true, .at = from};
        if (i == s.n || is_end(c, s, i))
            return (struct scan){.end = i};
        if (s.p[i] != c->rules.delimiter)
            return (struct scan){.at = i, .why = s.p[i] == '\n' ? MIXED : quoted ? BEHIND : WITHIN};
        i++;
    }
}

/* Line and column of an offset into the row. */
static void place(const struct csv *c, struct slice s, size_t at, struct csv_row *ret)
{
    char end = c->cr_alone ? '\r' : '\n';
    size_t line = 0;
    ret->fault_line = c->line;
    for (size_t i; (i = line + slice_find(slice_sub(s, line, at), end)) < at; line = i + 1)
        ret->fault_line++;
    ret->fault_column = at - line + 1;
}

static uint64_t ends_within(const struct csv *c, struct slice s)
{
    char end = c->cr_alone ? '\r' : '\n';
    uint64_t n = 0;
    for (size_t i = slice_find(s, end); i < s.n; n++)
        i += 1 + slice_find(slice_sub(s, i + 1, s.n), end);
    return n;
}

static enum csv_result give(struct csv *c, struct slice *input, size_t n, struct csv_row *ret)
{
    struct slice bytes = slice_sub(*input, 0, n);
    if (ret->quoted)
        c->line += ends_within(c, bytes);
    take(c, input, n);
    while (bytes.n && bytes.p[bytes.n - 1] == '\r' && !c->cr_alone)
        bytes.n--;
    ret->bytes = bytes;
    take_end(c, input);
    return CSV_ROW;
}

static enum csv_result give_bad(struct csv *c, struct slice *input, size_t line_end, size_t at,
                                const char *why, struct csv_row *ret)
{
    place(c, *input, at, ret);
    ret->why = why;
    ret->quoted = false;
    give(c, input, line_end, ret);
    return CSV_BAD;
}

static enum csv_result give_head(struct csv *c, struct slice *input, struct csv_row *ret)
{
    ret->quoted = false;
    ret->bytes = slice_sub(*input, 0, c->rules.row_max);
    c->long_at = c->at;
    c->long_line = c->line;
    take(c, input, c->rules.row_max);
    c->skipping = true;
    c->ends_known = true;
    return CSV_HEAD;
}

/* Whether s ends before it is seen how the line end at i ends. */
static bool ends_at(struct slice s, size_t i)
{
    while (i < s.n && s.p[i] == '\r')
        i++;
    return i == s.n;
}

/* The row has a quote in front of its first line end, which stands at line_end. */
static enum csv_result quoted_row(struct csv *c, struct slice *input, size_t line_end, bool last,
                                  struct csv_row *ret)
{
    struct slice seen = slice_sub(*input, 0, c->rules.row_max + 2);
    bool all = seen.n < input->n || last || seen.n == c->rules.row_max + 2;
    struct scan scan = scan_row(c, seen);
    if (!all && (scan.open || (!scan.why && ends_at(seen, scan.end))))
        return CSV_MORE;
    if (!scan.why && !scan.open && scan.end > c->rules.row_max)
        scan = (struct scan){.open = true};
    ret->quoted = true;
    if (!scan.why && !scan.open)
        return give(c, input, scan.end, ret);
    if (line_end > c->rules.row_max)
        return give_head(c, input, ret);
    return give_bad(c, input, line_end, scan.at, scan.why ? scan.why : ENDLESS, ret);
}

/* The rest of a row too long. */
static enum csv_result skip(struct csv *c, struct slice *input, bool last, struct csv_row *ret)
{
    size_t end = find_end(c, *input);
    bool found = end < input->n;
    take(c, input, end);
    if (!found && !last)
        return CSV_MORE;
    *ret = (struct csv_row){.at = c->long_at, .line = c->long_line, .length = c->at - c->long_at};
    take_end(c, input);
    c->skipping = false;
    return CSV_LONG;
}

static void skip_empty(struct csv *c, struct slice *input)
{
    if (input->n == 0)
        return;
    if (c->behind_cr && input->p[0] == '\n')
        take(c, input, 1);
    c->behind_cr = false;
    while (input->n && (input->p[0] == '\n' || input->p[0] == '\r'))
        take_end(c, input);
}

enum csv_result csv_next(struct csv *c, struct slice *input, bool last, struct csv_row *ret)
{
    if (c->skipping)
        return skip(c, input, last, ret);
    skip_empty(c, input);
    if (input->n == 0)
        return CSV_MORE;
    size_t end = find_end(c, *input);
    *ret = (struct csv_row){.at = c->at, .line = c->line};
    if (!last && end == input->n && end <= c->rules.row_max)
        return CSV_MORE;
    struct slice line = slice_sub(*input, 0, end);
    struct slice seen = slice_sub(line, 0, c->rules.row_max + 1);
    if (slice_find(seen, '"') < seen.n)
        return quoted_row(c, input, end, last, ret);
    if (end > c->rules.row_max)
        return give_head(c, input, ret);
    size_t other = c->cr_alone ? slice_find(line, '\n') : line.n;
    if (other < line.n)
        return give_bad(c, input, end, other, MIXED, ret);
    return give(c, input, end, ret);
}

/* A quoted field without its quotes; what is doubled in it is copied. False: no room. */
static bool unquote(struct slice field, struct arena *arena, struct slice *ret)
{
    struct slice in = slice_sub(field, 1, field.n - 1);
    size_t at = slice_find(in, '"'), n = 0;
    *ret = in;
    if (at == in.n)
        return true;
    char *to = arena_alloc(arena, in.n);
    if (!to)
        return false;
    for (size_t from = 0; from < in.n; from = at + 1) {
        at = from + slice_find(slice_sub(in, from, in.n), '"');
        size_t copy = at < in.n ? at + 1 - from : in.n - from; /* one of the two quotes */
        memcpy(to + n, in.p + from, copy);
        n += copy;
        at += at < in.n;
    }
    *ret = slice_make(to, n);
    return true;
}

enum csv_cells csv_cells(const struct csv_row *row, const struct csv_rules *rules,
                         struct arena *arena, struct slice *cells, unsigned max, unsigned *ret_n)
{
    char delimiter = rules->delimiter ? rules->delimiter : ',';
    struct slice s = row->bytes;
    unsigned n = 0;
    for (size_t i = 0, from = 0; i <= s.n; from = ++i) {
        bool quoted = i < s.n && s.p[i] == '"';
        i = quoted ? past_quoted(s, i) : i;
        i += slice_find(slice_sub(s, i, s.n), delimiter);
        if (n == max)
            return CSV_CELLS_MANY;
        cells[n] = slice_sub(s, from, i);
        if (quoted && !unquote(cells[n], arena, &cells[n]))
            return CSV_CELLS_NOMEM;
        n++;
    }
    *ret_n = n;
    return CSV_CELLS_OK;
}
