#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "log.h"
#include "rows.h"

enum {
    HEADER_EXTRA = 128 * 1024, /* of the memory for one row, beside its bytes: for the columns */
    KEPT = 64 * 1024,          /* of a row too long */
    CHECKS_A_STEP = 1000, /* rows translated for nothing, so that other sources get their turn */
    MARK_MAX = 4,         /* bytes of the longest byte order mark */
};

static const struct site_source *conf_of(const struct rows *r)
{
    return r->source->conf;
}

static bool is_csv(const struct rows *r)
{
    return conf_of(r)->format == SITE_CSV;
}

static void close_rows(struct folder_file *f)
{
    struct rows *r = f->rows;
    if (!r)
        return;
    buf_fini(&r->head);
    buf_fini(&r->raw);
    buf_fini(&r->kept);
    arena_fini(&r->arena);
    row_file_close(&r->memory_file);
    row_memory_fini(&r->memory);
    digest_close(r->key);
    free(r->cells);
    free(r->columns);
    free(r);
    f->rows = NULL;
}

static int open_rows(struct folder_file *f, struct err *reterr)
{
    const struct site_source *conf = f->o.source->conf;
    struct rows *r = f->rows = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory to read rows");
    r->source = f->o.source;
    r->rules = (struct csv_rules){conf->csv.delimiter, conf->folder.message_max};
    buf_init(&r->head, conf->folder.message_max);
    buf_init(&r->raw, 2 * conf->folder.message_max + HEADER_EXTRA);
    buf_init(&r->kept, 2 * conf->folder.message_max + HEADER_EXTRA);
    arena_init(&r->arena, conf->folder.message_max + HEADER_EXTRA);
    row_memory_init(&r->memory, (size_t)conf->folder.remember);
    r->cells = calloc(ROW_COLUMNS_MAX, sizeof(*r->cells));
    r->columns = calloc(ROW_COLUMNS_MAX, sizeof(*r->columns));
    if (r->cells && r->columns)
        return 0;
    close_rows(f);
    return err_set(reterr, ERR_NOMEM, "no memory to read rows");
}

/* The reading alone: what is known of the file stays. */
static void begin_reading(struct rows *r)
{
    csv_begin(&r->csv, &r->rules);
    json_lines_begin(&r->lines, conf_of(r)->folder.message_max);
    r->begun = r->header_read = false;
    r->nrows = r->nunchanged = 0;
    r->first = r->ntaken = 0;
}

static void begin(struct folder_file *f, uint64_t skip)
{
    struct rows *r = f->rows;
    r->skip = skip;
    begin_reading(r);
    if (skip)
        return;
    r->checking = conf_of(r)->folder.on_bad_row == SITE_BAD_ROW_FILE;
    r->refused = r->other_header = false;
    rows_recall(r, f->o.name);
}

/* ---- the text ---- */

/* Past the byte order mark. False: more has to be seen. */
static bool begin_text(struct folder_file *f, struct slice *input, bool last)
{
    static const struct slice others[] = {
        {"\xff\xfe", 2}, {"\xfe\xff", 2}, {"\0\0\xfe\xff", 4}}; /* UTF-16 is UTF-8 by now */
    struct rows *r = f->rows;
    if (input->n < MARK_MAX && !last)
        return false;
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (slice_starts(*input, others[i]))
            rows_refuse(r, "line 1: the file is written in %s: it has to be saved as UTF-8",
                        is_csv(r) ? "UTF-32" : "UTF-16 or UTF-32");
    r->marked = slice_starts(*input, SLICE(ROWS_MARK));
    if (r->marked)
        *input = slice_sub(*input, 3, input->n);
    r->begun = true;
    if (!r->refused && (!is_csv(r) || !conf_of(r)->csv.header))
        rows_no_header(r);
    return true;
}

static enum csv_result next_value(struct rows *r, struct slice *input, bool last,
                                  struct csv_row *ret)
{
    static const enum csv_result of[] = {[JSON_LINES_MORE] = CSV_MORE,
                                         [JSON_LINES_VALUE] = CSV_ROW,
                                         [JSON_LINES_HEAD] = CSV_HEAD,
                                         [JSON_LINES_LONG] = CSV_LONG};
    struct json_line line = {.at = 0};
    enum csv_result what = of[json_lines_next(&r->lines, input, last, &line)];
    *ret = (struct csv_row){
        .bytes = line.bytes, .at = line.at, .line = line.line, .length = line.length};
    return what;
}

/* ---- one row ---- */

static bool refuse_row(struct folder_file *f, const struct csv_row *row, struct row_place place,
                       const char *why)
{
    struct rows *r = f->rows;
    char text[REPLY_WHY];
    struct intake_refusal refusal = {.raw = buf_slice(&r->raw), .code = HL7_DATA_TYPE};
    if (row->at < r->skip)
        return true;
    if (place.column)
        snprintf(text, sizeof(text), "line %llu, column %llu: %s", (unsigned long long)place.line,
                 (unsigned long long)place.column, why);
    else
        snprintf(text, sizeof(text), "line %llu: %s", (unsigned long long)place.line, why);
    if (r->checking) {
        r->place = place;
        folder_file_note(f, row->at, text);
        return true;
    }
    refusal.why = slice_str(text);
    refusal.length = refusal.raw.n;
    if (row->length) {
        refusal.code = HL7_VALUE_TOO_LONG;
        refusal.raw = buf_slice(&r->kept);
        refusal.length = r->head.n + row->length;
    }
    if (!reply_queue_refuse(&f->queue, &refusal, row->at))
        return false;
    r->taken[(r->first + r->ntaken++) % ROWS_UNDER_WAY] = (struct row_taken){.place = place};
    return true;
}

/* header, line end, row: what the maps read. */
static bool compose(struct rows *r, struct buf *to, struct slice row)
{
    buf_reset(to);
    buf_put(to, buf_slice(&r->head));
    buf_put(to, row);
    return buf_ok(to);
}

/* True where the row has as many fields as the header. */
static bool fits_header(struct rows *r, const struct csv_row *row, char why[REPLY_WHY])
{
    unsigned n = 0;
    arena_reset(&r->arena);
    if (!is_csv(r))
        return true;
    if (csv_cells(row, &r->rules, &r->arena, r->cells, ROW_COLUMNS_MAX, &n) != CSV_CELLS_OK)
        n = ROW_COLUMNS_MAX + 1;
    snprintf(why, REPLY_WHY, "%s%u fields, the header has %u", n > ROW_COLUMNS_MAX ? "over " : "",
             n > ROW_COLUMNS_MAX ? ROW_COLUMNS_MAX : n, r->ncolumns);
    return n == r->ncolumns;
}

/* What would be refused is noted; nothing is taken. */
static void check_row(struct folder_file *f, const struct csv_row *row)
{
    struct rows *r = f->rows;
    char why[REPLY_WHY] = "";
    if (!intake_would_refuse(f->o.intake, f->o.source, buf_slice(&r->raw), why))
        return;
    r->place = (struct row_place){row->line, 0};
    folder_file_note(f, row->at, why);
}

static bool take_row(struct folder_file *f, const struct csv_row *row)
{
    struct rows *r = f->rows;
    struct row_hash hash = rows_hash(r->key, row->bytes);
    struct row_place place = {row->line, 0};
    char why[REPLY_WHY];
    enum row_seen seen = row_memory_look(&r->memory, hash);
    r->nrows++;
    r->nunchanged += seen == ROW_UNCHANGED;
    if (seen != ROW_NEW || row->at < r->skip)
        return true;
    if (!compose(r, &r->raw, row->bytes))
        return false;
    if (!fits_header(r, row, why))
        return refuse_row(f, row, place, why);
    if (r->checking) {
        check_row(f, row);
        return true;
    }
    if (!reply_queue_message(&f->queue, buf_slice(&r->raw), row->at))
        return false;
    r->taken[(r->first + r->ntaken++) % ROWS_UNDER_WAY] = (struct row_taken){hash, place};
    return true;
}

static bool take_long(struct folder_file *f, const struct csv_row *row)
{
    f->rows->nrows++;
    return refuse_row(f, row, (struct row_place){row->line, 0},
                      "longer than may be (folder: message_max)");
}

static bool take_bad(struct folder_file *f, const struct csv_row *row)
{
    struct rows *r = f->rows;
    r->nrows++;
    return compose(r, &r->raw, row->bytes) &&
           refuse_row(f, row, (struct row_place){row->fault_line, row->fault_column}, row->why);
}

/* The first row. */
static bool take_header(struct folder_file *f, enum csv_result what, const struct csv_row *row)
{
    struct rows *r = f->rows;
    if (what == CSV_BAD)
        rows_refuse(r, "line %llu, column %llu: %s", (unsigned long long)row->fault_line,
                    (unsigned long long)row->fault_column, row->why);
    else if (what != CSV_ROW)
        rows_refuse(r, "line 1: the header is longer than a message may be");
    else
        rows_header(r, row);
    return true;
}

/* False: no memory. */
static bool take(struct folder_file *f, enum csv_result what, const struct csv_row *row)
{
    if (!f->rows->header_read)
        return take_header(f, what, row);
    switch (what) {
    case CSV_ROW:
        return take_row(f, row);
    case CSV_BAD:
        return take_bad(f, row);
    case CSV_HEAD:
        return compose(f->rows, &f->rows->kept, slice_sub(row->bytes, 0, KEPT));
    case CSV_LONG:
        return take_long(f, row);
    case CSV_MORE:
        break;
    }
    return true;
}

/* ---- the file ---- */

static enum file_feed at_end(struct folder_file *f)
{
    struct rows *r = f->rows;
    if (!r->refused && !r->header_read)
        rows_refuse(r, "there is nothing in the file, not even a header");
    if (!r->checking || r->refused || f->refused)
        return FILE_END;
    r->checking = false;
    begin_reading(r);
    return FILE_AGAIN;
}

/* What is refused as a whole is read on for its size and hash. */
static enum file_feed pass_over(struct slice *input, bool last)
{
    *input = slice_sub(*input, input->n, input->n);
    return last ? FILE_END : FILE_MORE;
}

static enum file_feed feed(struct folder_file *f, struct slice *input, bool last)
{
    struct rows *r = f->rows;
    struct csv_row row = {.at = 0};
    unsigned checks = CHECKS_A_STEP;
    if (!rows_recalled(r)) {
        f->o.moved(f->o.arg);
        return FILE_WAIT;
    }
    if (!r->begun && !begin_text(f, input, last))
        return FILE_MORE;
    while (!r->refused && reply_queue_open(&f->queue) && checks) {
        enum csv_result what =
            is_csv(r) ? csv_next(&r->csv, input, last, &row) : next_value(r, input, last, &row);
        if (what == CSV_MORE)
            return last ? at_end(f) : FILE_MORE;
        if (!take(f, what, &row))
            return FILE_NOMEM;
        checks -= r->checking;
    }
    if (r->refused)
        return pass_over(input, last);
    if (checks == 0)
        f->o.moved(f->o.arg);
    return FILE_WAIT;
}

static void answered(struct folder_file *f, const struct reply *reply)
{
    struct rows *r = f->rows;
    const struct row_taken *t = &r->taken[r->first];
    if (!reply->refused)
        row_memory_put(&r->memory, t->hash);
    r->first = (r->first + 1) % ROWS_UNDER_WAY;
    r->ntaken--;
}

static void where(const struct folder_file *f, uint64_t at, struct json_writer *w)
{
    const struct rows *r = f->rows;
    struct row_place place = r->checking ? r->place : r->taken[r->first].place;
    (void)at;
    json_key(w, SLICE("line"));
    json_int(w, (int64_t)place.line);
    if (!place.column)
        return;
    json_key(w, SLICE("column"));
    json_int(w, (int64_t)place.column);
}

/* Of a file of which nothing was taken, the one before is still the one to compare with. */
static bool durable(struct folder_file *f)
{
    struct rows *r = f->rows;
    if (!r->refused && !r->checking && !rows_keep(r))
        return false;
    f->o.source->last_ms = clock_wall_ms();
    series_add(f->o.source->unchanged, r->nunchanged);
    return true;
}

static bool good(const struct folder_file *f)
{
    return f->refused == 0 && !f->rows->refused;
}

static void put_number(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, slice_str(key));
    json_int(w, (int64_t)n);
}

static void report(const struct folder_file *f, struct json_writer *w)
{
    const struct rows *r = f->rows;
    bool none = r->refused || r->checking;
    put_number(w, "rows", r->nrows);
    put_number(w, "unchanged", none ? 0 : r->nunchanged);
    if (is_csv(r)) {
        put_number(w, "columns", r->ncolumns);
        json_key(w, SLICE("other_header"));
        json_bool(w, r->other_header);
    }
    json_key(w, SLICE("taken"));
    json_string(w, none ? SLICE("nothing") : SLICE("all but the refused"));
    json_key(w, SLICE("faults"));
    json_array(w);
    if (r->refused)
        json_string(w, slice_str(r->why));
    json_array_end(w);
}

static bool reads_utf16(const struct folder_file *f)
{
    return is_csv(f->rows);
}

const struct file_form file_rows = {
    .open = open_rows,
    .close = close_rows,
    .begin = begin,
    .feed = feed,
    .answered = answered,
    .where = where,
    .durable = durable,
    .good = good,
    .report = report,
    .room = MARK_MAX,
    .reads_utf16 = reads_utf16,
};
