#include "json_lines.h"

void json_lines_begin(struct json_lines *l, size_t max)
{
    *l = (struct json_lines){.max = max, .line = 1};
}

static void take(struct json_lines *l, struct slice *input, size_t n)
{
    *input = slice_sub(*input, n, input->n);
    l->at += n;
}

static void skip_blank(struct json_lines *l, struct slice *input)
{
    size_t n = 0;
    for (; n < input->n && memchr(" \t\r\n", input->p[n], 4); n++)
        l->line += input->p[n] == '\n';
    take(l, input, n);
}

/* Whether every bracket and quote that begins in s ends in it. */
static bool balanced(struct slice s)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && depth)
            depth--;
    }
    return depth == 0 && !quoted;
}

/* UNKNOWN: more has to be seen. */
static enum json_lines_kind kind_of(const struct json_lines *l, struct slice input, bool last)
{
    struct slice s = slice_sub(input, 0, l->max + 2);
    size_t end = slice_find(s, '\n');
    if (s.p[0] != '{')
        return JSON_LINES_ONE;
    if (end < s.n && balanced(slice_sub(s, 0, end)))
        return JSON_LINES_EACH;
    if (end + 1 < s.n)
        return s.p[end + 1] == '{' ? JSON_LINES_EACH : JSON_LINES_ONE;
    return last || s.n == l->max + 2 ? JSON_LINES_ONE : JSON_LINES_UNKNOWN;
}

static enum json_lines_result give_head(struct json_lines *l, struct slice *input,
                                        struct json_line *ret)
{
    ret->bytes = slice_sub(*input, 0, l->max);
    l->long_at = l->at;
    l->long_line = l->line;
    take(l, input, l->max);
    l->skipping = true;
    return JSON_LINES_HEAD;
}

static size_t end_of(const struct json_lines *l, struct slice s)
{
    return l->kind == JSON_LINES_EACH ? slice_find(s, '\n') : s.n;
}

/* The rest of a value too long. */
static enum json_lines_result skip(struct json_lines *l, struct slice *input, bool last,
                                   struct json_line *ret)
{
    size_t end = end_of(l, *input);
    bool found = end < input->n;
    take(l, input, end);
    if (!found && !last)
        return JSON_LINES_MORE;
    *ret = (struct json_line){.at = l->long_at, .line = l->long_line, .length = l->at - l->long_at};
    l->skipping = false;
    return JSON_LINES_LONG;
}

enum json_lines_result json_lines_next(struct json_lines *l, struct slice *input, bool last,
                                       struct json_line *ret)
{
    if (l->skipping)
        return skip(l, input, last, ret);
    skip_blank(l, input);
    if (input->n == 0)
        return JSON_LINES_MORE;
    if (l->kind == JSON_LINES_UNKNOWN)
        l->kind = kind_of(l, *input, last);
    size_t end = end_of(l, *input);
    *ret = (struct json_line){.at = l->at, .line = l->line};
    if (l->kind == JSON_LINES_UNKNOWN)
        return JSON_LINES_MORE;
    if (end > l->max)
        return give_head(l, input, ret);
    if (end == input->n && !last)
        return JSON_LINES_MORE;
    ret->bytes = slice_trim(slice_sub(*input, 0, end));
    take(l, input, end);
    return JSON_LINES_VALUE;
}
