#include <check.h>
#include <stdio.h>
#include "buf.h"
#include "csv.h"
#include "kit.h"
#include "suites.h"

enum { CELLS = 8 };

static void put_row(struct buf *out, const struct csv_row *row, const struct csv_rules *rules,
                    struct arena *arena)
{
    struct slice cells[CELLS];
    unsigned n = 0;
    arena_reset(arena);
    if (csv_cells(row, rules, arena, cells, CELLS, &n) == CSV_CELLS_MANY)
        buf_puts(out, " many");
    for (unsigned i = 0; i < n; i++)
        buf_printf(out, " [%.*s]", SLICE_ARG(cells[i]));
}

/* What is told of a row, as text: "2@7 [a] [b]", "bad 3:5 <line>". */
static void put(struct buf *out, enum csv_result what, const struct csv_row *row,
                const struct csv_rules *rules, struct arena *arena)
{
    if (what == CSV_ROW) {
        buf_printf(out, "%u@%u", (unsigned)row->line, (unsigned)row->at);
        put_row(out, row, rules, arena);
    } else if (what == CSV_BAD) {
        buf_printf(out, "bad %u:%u <%.*s>", (unsigned)row->fault_line, (unsigned)row->fault_column,
                   SLICE_ARG(row->bytes));
        ck_assert_ptr_nonnull(row->why);
    } else if (what == CSV_HEAD) {
        buf_printf(out, "head %u@%u <%.*s>", (unsigned)row->line, (unsigned)row->at,
                   SLICE_ARG(row->bytes));
    } else {
        buf_printf(out, "long %u@%u %u", (unsigned)row->line, (unsigned)row->at,
                   (unsigned)row->length);
    }
    buf_putc(out, '|');
}

struct reading {
    struct csv csv;
    const struct csv_rules *rules;
    struct arena arena;
    struct buf window, out;
};

static void read_on(struct reading *r, bool last)
{
    struct kit_guard g;
    struct csv_row row;
    enum csv_result what;
    kit_guard_open(&g, buf_slice(&r->window));
    struct slice input = g.bytes;
    while ((what = csv_next(&r->csv, &input, last, &row)) != CSV_MORE)
        put(&r->out, what, &row, r->rules, &r->arena);
    buf_drop(&r->window, r->window.n - input.n);
    kit_guard_close(&g);
}

static int on_piece(void *arg, struct slice piece)
{
    struct reading *r = arg;
    buf_put(&r->window, piece);
    read_on(r, false);
    return 0;
}

/* The rows of a text that comes in pieces of `step` bytes. */
static void read_all(struct reading *r, struct slice text, const struct csv_rules *rules,
                     size_t step)
{
    *r = (struct reading){.rules = rules};
    arena_init(&r->arena, 4096);
    buf_init(&r->window, 4096);
    buf_init(&r->out, 4096);
    csv_begin(&r->csv, rules);
    ck_assert_int_eq(kit_drip(text, step, on_piece, r), 0);
    read_on(r, true);
    ck_assert(buf_ok(&r->window) && buf_ok(&r->out) && r->window.n == 0);
    ck_assert_uint_eq(r->csv.at, text.n);
}

static void end(struct reading *r)
{
    arena_fini(&r->arena);
    buf_fini(&r->window);
    buf_fini(&r->out);
}

static const struct {
    const char *text, *want;
    char delimiter;
    size_t row_max;
} rows[] = {
    {"", "", 0, 0},
    {"\n\r\n\r\n", "", 0, 0},
    {"a,b\nc,d\n", "1@0 [a] [b]|2@4 [c] [d]|", 0, 0},
    {"a,b\r\nc,d", "1@0 [a] [b]|2@5 [c] [d]|", 0, 0},
    {"a,b\rc,d\r", "1@0 [a] [b]|2@4 [c] [d]|", 0, 0},
    {"a;b,c\n", "1@0 [a] [b,c]|", ';', 0},
    {"a\tb\n", "1@0 [a] [b]|", '\t', 0},
    {",\n \n", "1@0 [] []|2@2 [ ]|", 0, 0},
    {"a\n\n\nb\n", "1@0 [a]|4@4 [b]|", 0, 0},
    {"a,\"b \"\"q\"\", c\",\r\nd", "1@0 [a] [b \"q\", c] []|2@17 [d]|", 0, 0},
    {"\"\",\"\"\"\"\n\"a\"\"\"\n", "1@0 [] [\"]|2@8 [a\"]|", 0, 0},
    {"\"a\nb\r\nc\",d\r\ne\r\n", "1@0 [a\nb\r\nc] [d]|4@12 [e]|", 0, 0},
    {"\"a\rb\",c\rd\r", "1@0 [a\rb] [c]|3@8 [d]|", 0, 0},
    /* A CR alone is a character where lines end otherwise. */
    {"a\nb\rc,d\n", "1@0 [a]|2@2 [b\rc] [d]|", 0, 0},
    {"a\n\"b\",c\rd\n", "1@0 [a]|2@2 [b] [c\rd]|", 0, 0},
    {"a\rb\nc\rd\r", "1@0 [a]|bad 2:2 <b\nc>|3@6 [d]|", 0, 0},
    /* Broken quotes cost their own line. */
    {"a\n\"b\"c\nd\n", "1@0 [a]|bad 2:4 <\"b\"c>|3@7 [d]|", 0, 0},
    {"a\r\nb\"c\r\nd\r\n", "1@0 [a]|bad 2:2 <b\"c>|3@8 [d]|", 0, 0},
    {"a\nx,\"b\nc\n", "1@0 [a]|bad 2:3 <x,\"b>|3@7 [c]|", 0, 0},
    {"a\n\"b\nc,\"d\"\ne\n", "1@0 [a]|bad 3:4 <\"b>|3@5 [c] [d]|4@11 [e]|", 0, 0},
    {"\"", "bad 1:1 <\">|", 0, 0},
    {"a,b,c,d,e,f,g,h\na,b,c,d,e,f,g,h,i\n", "1@0 [a] [b] [c] [d] [e] [f] [g] [h]|2@16 many|", 0,
     0},
    /* Rows of more than 8 bytes. */
    {"12345678\n123456789\n1\n", "1@0 [12345678]|head 2@9 <12345678>|long 2@9 9|3@19 [1]|", 0, 8},
    {"\"3456,8\"\n1\n", "1@0 [3456,8]|2@9 [1]|", 0, 8},
    {"\"345\n78\"9\n1\n", "bad 2:4 <\"345>|bad 2:3 <78\"9>|3@10 [1]|", 0, 8},
    {"\"345\n789\"\n1\n", "bad 1:1 <\"345>|bad 2:4 <789\">|3@10 [1]|", 0, 8},
    {"\"23456789\"\n1\n", "head 1@0 <\"2345678>|long 1@0 10|2@11 [1]|", 0, 8},
    {"1,\"456789", "head 1@0 <1,\"45678>|long 1@0 9|", 0, 8},
    {"12345678\rb\r", "1@0 [12345678]|2@9 [b]|", 0, 8},
    {"a\n\r\n\n\nb\n", "1@0 [a]|5@6 [b]|", 0, 0},
    {"a\r\r\n\"b\"\r\r\nc\r\rd\n", "1@0 [a]|2@4 [b]|3@10 [c\r\rd]|", 0, 0},
    {"a\r\"b\nc\"\r\nd\n\r", "1@0 [a]|2@2 [b\nc]|bad 3:2 <d\n>|", 0, 0},
    {"1234567890\rb\r", "head 1@0 <12345678>|long 1@0 13|", 0, 8},
    {"a\r\n123456789\r\n\r\n1", "1@0 [a]|head 2@3 <12345678>|long 2@3 10|4@16 [1]|", 0, 8},
};

START_TEST(test_rows)
{
    const struct csv_rules rules = {rows[_i].delimiter, rows[_i].row_max};
    struct slice text = slice_str(rows[_i].text);
    size_t steps[] = {1, 2, 3, 7, 4096};
    for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        struct reading r;
        read_all(&r, text, &rules, steps[i]);
        ck_assert_msg(slice_eq_str(buf_slice(&r.out), rows[_i].want), "%s, by %zu:\n%.*s\n%s",
                      rows[_i].text, steps[i], SLICE_ARG(buf_slice(&r.out)), rows[_i].want);
        end(&r);
    }
}
END_TEST

/* Quotes that need a copy, and no room for one. */
START_TEST(test_no_room)
{
    static const struct csv_rules rules = {.delimiter = ','};
    struct csv_row row = {.bytes = SLICE("\"a\"\"b\""), .quoted = true};
    struct slice cells[1];
    struct arena arena;
    unsigned n = 7;
    arena_init(&arena, 2);
    ck_assert_int_eq(csv_cells(&row, &rules, &arena, cells, 1, &n), CSV_CELLS_NOMEM);
    ck_assert_uint_eq(n, 7);
    arena_fini(&arena);
}
END_TEST

Suite *csv_suite(void)
{
    Suite *s = suite_create("csv");
    TCase *t = tcase_create("csv");
    tcase_add_loop_test(t, test_rows, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(t, test_no_room);
    suite_add_tcase(s, t);
    return s;
}
