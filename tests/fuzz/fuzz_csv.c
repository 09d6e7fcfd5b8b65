/* fuzz_csv: the pieces that a CSV text arrives in change nothing of its rows, and a row that is
 * good is good when it is read alone. The first byte gives the longest row, the second the size of
 * the pieces, the third the delimiter. */
#include <stdint.h>
#include <stdlib.h>
#include "buf.h"
#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS = 16 };

static void put_cells(struct buf *seen, const struct csv_row *row, const struct csv_rules *rules,
                      struct arena *arena)
{
    struct slice cells[CELLS];
    unsigned n = 0;
    arena_reset(arena);
    if (csv_cells(row, rules, arena, cells, CELLS, &n) == CSV_CELLS_NOMEM)
        abort();
    for (unsigned i = 0; i < n; i++) {
        buf_printf(seen, "%zu:", cells[i].n);
        buf_put(seen, cells[i]);
    }
}

/* The row alone, in front of a line end as the text has it. */
static void again(const struct csv *of, const struct csv_row *row)
{
    struct csv c;
    struct csv_row got;
    struct buf text;
    buf_init(&text, row->bytes.n + 1);
    buf_put(&text, row->bytes);
    buf_putc(&text, of->cr_alone ? '\r' : '\n');
    struct slice input = buf_slice(&text);
    csv_begin(&c, &of->rules);
    c.cr_alone = of->cr_alone;
    c.ends_known = true;
    if (csv_next(&c, &input, true, &got) != CSV_ROW || !slice_eq(got.bytes, row->bytes) || input.n)
        abort();
    buf_fini(&text);
}

static void read_on(struct csv *c, struct buf *waiting, bool last, struct arena *arena,
                    struct buf *seen)
{
    struct slice input = buf_slice(waiting);
    struct csv_row row;
    enum csv_result what;
    while ((what = csv_next(c, &input, last, &row)) != CSV_MORE) {
        if (row.bytes.n > c->rules.row_max || (what == CSV_BAD && (!row.why || !row.fault_column)))
            abort();
        buf_printf(seen, "%d@%llu,%llu:", (int)what, (unsigned long long)row.at,
                   (unsigned long long)row.line);
        buf_put(seen, row.bytes);
        if (what == CSV_LONG)
            buf_printf(seen, "%llu", (unsigned long long)row.length);
        if (what == CSV_BAD)
            buf_printf(seen, "%llu,%llu", (unsigned long long)row.fault_line,
                       (unsigned long long)row.fault_column);
        if (what == CSV_ROW) {
            put_cells(seen, &row, &c->rules, arena);
            again(c, &row);
        }
    }
    if (input.n > c->rules.row_max + 2 || (last && input.n))
        abort();
    buf_drop(waiting, waiting->n - input.n);
}

static void run(struct slice in, size_t step, const struct csv_rules *rules, struct buf *seen)
{
    struct csv c;
    struct arena arena;
    struct buf waiting;
    arena_init(&arena, in.n + 64);
    buf_init(&waiting, in.n + 1);
    csv_begin(&c, rules);
    for (; in.n; in = slice_sub(in, step, in.n)) {
        buf_put(&waiting, slice_sub(in, 0, step));
        read_on(&c, &waiting, false, &arena, seen);
    }
    read_on(&c, &waiting, true, &arena, seen);
    arena_fini(&arena);
    buf_fini(&waiting);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char delimiters[] = ",;\t|";
    if (size < 3)
        return 0;
    struct slice in = slice_make((const char *)data + 3, size - 3);
    struct csv_rules rules = {delimiters[data[2] % 4], (size_t)data[0] + 1};
    struct buf whole, pieces;
    buf_init(&whole, (size_t)64 << 20);
    buf_init(&pieces, (size_t)64 << 20);
    run(in, in.n + 1, &rules, &whole);
    run(in, (size_t)data[1] + 1, &rules, &pieces);
    if (!buf_ok(&whole) || !slice_eq(buf_slice(&whole), buf_slice(&pieces)))
        abort();
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
