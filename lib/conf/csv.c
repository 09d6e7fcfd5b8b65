#include "csv.h"

void csv_begin(struct csv *c, struct slice text, const char *file)
{
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_sub(text, 3, text.n);
    *c = (struct csv){.rest = text, .file = file, .next_line = 1};
}

static char take(struct csv *c)
{
    char ch = c->rest.p[0];
    c->rest = slice_sub(c->rest, 1, c->rest.n);
    if (ch == '\n')
        c->next_line++;
    return ch;
}

/* After the opening quote: up to the closing one. Returns the length written, or -1. */
static int quoted(struct csv *c, char *out)
{
    int n = 0;
    while (c->rest.n) {
        char ch = take(c);
        if (ch == '"') {
            if (!c->rest.n || c->rest.p[0] != '"')
                return n;
            take(c);
        }
        out[n++] = ch;
    }
    return -1;
}

static bool at_end(const struct csv *c)
{
    return c->rest.n == 0 || c->rest.p[0] == '\n' || c->rest.p[0] == ',' ||
           (c->rest.p[0] == '\r' && (c->rest.n == 1 || c->rest.p[1] == '\n'));
}

/* Bytes that the cell can take at most: for its copy. */
static size_t cell_room(const struct csv *c)
{
    if (c->rest.n == 0 || c->rest.p[0] != '"') {
        size_t n = 0;
        while (n < c->rest.n && c->rest.p[n] != ',' && c->rest.p[n] != '\n')
            n++;
        return n;
    }
    size_t n = 1;
    while (n < c->rest.n && (c->rest.p[n] != '"' || (n + 1 < c->rest.n && c->rest.p[n + 1] == '"')))
        n += c->rest.p[n] == '"' ? 2 : 1;
    return n;
}

static int cell(struct csv *c, struct arena *arena, struct slice *ret, struct err *reterr)
{
    char *out = arena_alloc(arena, cell_room(c) + 1);
    int n = 0;
    if (!out)
        return err_set(reterr, ERR_LIMIT, "%s:%u: more than fits the memory set aside", c->file,
                       c->line);
    if (c->rest.n && c->rest.p[0] == '"') {
        take(c);
        n = quoted(c, out);
        if (n < 0 || !at_end(c))
            return err_set(reterr, ERR_CONF,
                           "%s:%u: a quoted cell must end in a quote and a comma or line end",
                           c->file, c->line);
    } else {
        while (!at_end(c))
            out[n++] = take(c);
    }
    out[n] = 0;
    *ret = slice_make(out, (size_t)n);
    return 0;
}

/* Over the end of a line; true when it was one. */
static bool line_end(struct csv *c)
{
    if (c->rest.n && c->rest.p[0] == '\r')
        take(c);
    if (c->rest.n && c->rest.p[0] == '\n')
        take(c);
    else if (c->rest.n)
        return false;
    return true;
}

int csv_next(struct csv *c, struct arena *arena, struct slice cells[CSV_CELLS_MAX], unsigned *ret_n,
             struct err *reterr)
{
    while (c->rest.n && (c->rest.p[0] == '\n' || slice_starts(c->rest, SLICE("\r\n"))))
        line_end(c);
    if (!c->rest.n)
        return 0;
    c->line = c->next_line;
    for (unsigned n = 0; n < CSV_CELLS_MAX; n++) {
        if (cell(c, arena, &cells[n], reterr) < 0)
            return -1;
        if (c->rest.n && c->rest.p[0] == ',') {
            take(c);
            continue;
        }
        line_end(c);
        *ret_n = n + 1;
        return 1;
    }
    return err_set(reterr, ERR_CONF, "%s:%u: more than %d cells", c->file, c->line, CSV_CELLS_MAX);
}
