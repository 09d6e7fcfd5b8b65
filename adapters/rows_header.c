#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "log.h"
#include "rows.h"

void rows_refuse(struct rows *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(r->why, sizeof(r->why), fmt, ap);
    va_end(ap);
    r->refused = true;
}

/* A name that is expected and not there is the config's own: it may be told. */
static bool has_expected(struct rows *r)
{
    const struct conf_texts *want = &r->source->conf->csv.columns;
    for (unsigned i = 0; i < want->n; i++) {
        unsigned j = 0;
        while (j < r->ncolumns && !slice_eq(r->cells[j], want->at[i]))
            j++;
        if (j == r->ncolumns) {
            rows_refuse(r, "line 1: there is no column \"%.*s\" (csv: columns)",
                        SLICE_ARG(want->at[i]));
            return false;
        }
    }
    return true;
}

struct named {
    struct slice name;
    unsigned nth;
};

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    return slice_cmp(x->name, y->name);
}

/* Of two columns of one name nobody could tell which is meant. One without a name cannot be meant.
 */
static bool names_differ(struct rows *r)
{
    struct named *sorted = arena_alloc(&r->arena, (r->ncolumns + 1) * sizeof(*sorted));
    if (!sorted) {
        rows_refuse(r, "line 1: the header is longer than a message may be");
        return false;
    }
    for (unsigned i = 0; i < r->ncolumns; i++) {
        r->cells[i] = slice_trim(r->cells[i]);
        sorted[i] = (struct named){r->cells[i], i + 1};
    }
    qsort(sorted, r->ncolumns, sizeof(*sorted), by_name);
    for (unsigned i = 1; i < r->ncolumns; i++)
        if (sorted[i].name.n && slice_eq(sorted[i - 1].name, sorted[i].name)) {
            rows_refuse(r, "line 1: columns %u and %u have the same name", sorted[i - 1].nth,
                        sorted[i].nth);
            return false;
        }
    return true;
}

static int hash_columns(struct rows *r, struct err *reterr)
{
    struct digest *key;
    if (rows_key(r->source, "columns", SLICE(""), &key, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < r->ncolumns; i++)
        r->columns[i] = rows_hash(key, r->cells[i]);
    digest_close(key);
    return 0;
}

static bool same_name(struct row_hash x, struct row_hash y)
{
    return x.a == y.a && x.b == y.b;
}

/* The names themselves are not told: of a file without a header they are patient data. */
static void compare(struct rows *r)
{
    const struct row_memory *old = &r->memory;
    unsigned at = 0;
    while (at < old->ncolumns && at < r->ncolumns && same_name(old->columns[at], r->columns[at]))
        at++;
    if (old->ncolumns == 0 || (at == old->ncolumns && at == r->ncolumns))
        return;
    r->other_header = true;
    if (r->source->conf->csv.on_other_header == SITE_HEADER_REFUSE) {
        rows_refuse(r,
                    "line 1: the header is not that of the file before: %u columns, there were %u; "
                    "the first that differs is column %u",
                    r->ncolumns, old->ncolumns, at + 1);
        return;
    }
    log_line(LOG_WARN, "alarm.header",
             "source=%.*s the header is not that of the file before: %u columns, there were %u; "
             "the first that differs is column %u",
             SLICE_ARG(r->source->conf->name), r->ncolumns, old->ncolumns, at + 1);
}

/* From here on the rows are compared, each together with its header. */
static void begin_rows(struct rows *r)
{
    struct err err = {0};
    digest_close(r->key);
    r->key = NULL;
    r->header_read = true;
    if (rows_key(r->source, "row", buf_slice(&r->head), &r->key, &err) < 0)
        rows_refuse(r, "%s", err.text);
}

static void take_header(struct rows *r)
{
    struct err err = {0};
    if (!buf_ok(&r->head))
        rows_refuse(r, "line 1: the header is longer than a message may be");
    else if (!names_differ(r) || !has_expected(r))
        return;
    else if (hash_columns(r, &err) < 0)
        rows_refuse(r, "%s", err.text);
    else
        compare(r);
    if (!r->refused)
        begin_rows(r);
}

/* Each message says what the file said: a mark goes before the charset of the source. */
static void begin_head(struct rows *r)
{
    buf_reset(&r->head);
    if (r->marked && r->source->conf->charset.n)
        buf_puts(&r->head, ROWS_MARK);
}

void rows_header(struct rows *r, const struct csv_row *header)
{
    arena_reset(&r->arena);
    if (memchr(header->bytes.p, 0, header->bytes.n)) {
        rows_refuse(r, "line 1: there are zero bytes in it: this is not text, or text in UTF-16, "
                       "which has to be saved as UTF-8");
        return;
    }
    switch (csv_cells(header, &r->rules, &r->arena, r->cells, ROW_COLUMNS_MAX, &r->ncolumns)) {
    case CSV_CELLS_MANY:
        rows_refuse(r, "line 1: more than %d columns", ROW_COLUMNS_MAX);
        return;
    case CSV_CELLS_NOMEM:
        rows_refuse(r, "line 1: the header is longer than a message may be");
        return;
    case CSV_CELLS_OK:
        break;
    }
    begin_head(r);
    buf_put(&r->head, header->bytes);
    buf_putc(&r->head, '\n');
    take_header(r);
}

void rows_no_header(struct rows *r)
{
    const struct conf_texts *names = &r->source->conf->csv.columns;
    arena_reset(&r->arena);
    buf_reset(&r->head);
    r->ncolumns = 0;
    if (r->source->conf->format != SITE_CSV) {
        begin_rows(r);
        return;
    }
    begin_head(r);
    for (unsigned i = 0; i < names->n && i < ROW_COLUMNS_MAX; i++) {
        if (i)
            buf_putc(&r->head, r->rules.delimiter);
        buf_put(&r->head, names->at[i]);
        r->cells[r->ncolumns++] = names->at[i];
    }
    buf_putc(&r->head, '\n');
    take_header(r);
}
