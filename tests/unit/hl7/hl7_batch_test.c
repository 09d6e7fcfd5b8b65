#include "hl7_batch.h"

#include <stdlib.h>
#include "hl7_sample.h"
#include "kit.h"

enum { MAX = 40, HEAD = 6 };

/* What came out of the bytes, as one text: each message in [], one too long in {}, headers as they
 * stand, trailers with "said/came". */
struct reading {
    struct hl7_batch b;
    struct buf waiting, seen;
};

static void note(struct buf *seen, enum hl7_batch_result r, const struct hl7_batch_item *item)
{
    if (r == HL7_BATCH_MESSAGE)
        buf_printf(seen, "[%.*s@%d]", SLICE_ARG(item->bytes), (int)item->at);
    else if (r == HL7_BATCH_TOO_LONG)
        buf_printf(seen, "{%.*s %d@%d}", SLICE_ARG(item->frame.bytes), (int)item->frame.total,
                   (int)item->at);
    else if (r == HL7_BATCH_NOMEM)
        buf_puts(seen, "!");
    else
        buf_printf(seen, "<%.*s", SLICE_ARG(item->bytes));
    if (r == HL7_BATCH_BATCH_END || r == HL7_BATCH_FILE_END)
        buf_printf(seen, " %d/%d", (int)item->said, (int)item->came);
    if (r != HL7_BATCH_MESSAGE && r != HL7_BATCH_TOO_LONG)
        buf_putc(seen, '>');
}

/* Each call sees what waits in memory of exactly its size. */
static void read_on(struct reading *x, bool last)
{
    struct hl7_batch_item item;
    enum hl7_batch_result r;
    do {
        char *exact = sample_exact(buf_slice(&x->waiting));
        struct slice input = slice_make(exact, x->waiting.n);
        r = hl7_batch_next(&x->b, &input, last, &item);
        if (r != HL7_BATCH_MORE)
            note(&x->seen, r, &item);
        buf_drop(&x->waiting, x->waiting.n - input.n);
        free(exact);
    } while (r != HL7_BATCH_MORE);
    ck_assert_msg(x->waiting.n <= MAX + HL7_BATCH_ROOM, "%zu bytes wait", x->waiting.n);
}

static int feed(void *arg, struct slice piece)
{
    struct reading *x = arg;
    buf_put(&x->waiting, piece);
    read_on(x, false);
    return 0;
}

static void open_reading(struct reading *x)
{
    hl7_batch_init(&x->b, MAX, HEAD);
    buf_init(&x->waiting, 4096);
    buf_init(&x->seen, 1 << 16);
}

static void close_reading(struct reading *x)
{
    hl7_batch_fini(&x->b);
    buf_fini(&x->waiting);
    buf_fini(&x->seen);
}

static const struct row {
    const char *in, *want;
    unsigned faults;
} rows[] = {
    /* row 73: all of it; each header with delimiters of its own */
    {"FHS|^~\\&|A\rBHS#^~\\&#B\rMSH|1\rPID|MSH\rMSH|2\rBTS#2\rFTS|1\r",
     "<FHS|^~\\&|A><BHS#^~\\&#B>[MSH|1\rPID|MSH\r@22][MSH|2\r@36]<BTS#2 2/2><FTS|1 1/1>", 0},
    /* row 73: an empty batch, and an empty file */
    {"FHS|^\rBHS|^\rBTS|0\rFTS|1", "<FHS|^><BHS|^><BTS|0 0/0><FTS|1 1/1>", 0},
    {"FHS|^\rFTS|0", "<FHS|^><FTS|0 0/0>", 0},
    /* row 73: headers or trailers are not there, counts are not said */
    {"MSH|1\rMSH|2", "[MSH|1\r@0][MSH|2@6]", 0},
    {"MSH|1\rBTS|1\rFTS", "[MSH|1\r@0]<BTS|1 1/1><FTS -1/1>", 0},
    {"FHS|^\rMSH|1\rFTS|1", "<FHS|^>[MSH|1\r@6]<FTS|1 1/1>", 0},
    {"BHS|^\rMSH|1\rBHS|^\rMSH|2\rBTS|1|\r", "<BHS|^>[MSH|1\r@6]<BHS|^>[MSH|2\r@18]<BTS|1| 1/1>",
     HL7_BATCH_NO_END},
    {"FHS|^\rBHS|^\rMSH|1\r", "<FHS|^><BHS|^>[MSH|1\r@12]",
     HL7_BATCH_NO_END | HL7_BATCH_NO_FILE_END},
    /* row 74: wrong counts are told */
    {"BHS|^\rMSH|1\rBTS|5\r", "<BHS|^>[MSH|1\r@6]<BTS|5 5/1>", HL7_BATCH_COUNT},
    {"FHS|^\rBHS|^\rMSH|1\rBTS|1\rFTS|3", "<FHS|^><BHS|^>[MSH|1\r@12]<BTS|1 1/1><FTS|3 3/1>",
     HL7_BATCH_FILE_COUNT},
    {"MSH|1\rBTS|many\r", "[MSH|1\r@0]<BTS|many -1/1>", HL7_BATCH_COUNT},
    {"MSH|1\rBTS|-1\r", "[MSH|1\r@0]<BTS|-1 -1/1>", HL7_BATCH_COUNT},
    {"FHS|^\rFTS|99999999999999999999\r", "<FHS|^><FTS|99999999999999999999 -1/0>",
     HL7_BATCH_FILE_COUNT},
    {"MSH|1\rBTS|\"\"|\rFTS| |\r", "[MSH|1\r@0]<BTS|\"\"| -1/1><FTS| | -1/1>", 0},
    /* line ends, blank lines, a byte order mark, frames of MLLP */
    {"\xEF\xBB\xBFMSH|1\r\nPID|1\r\n\r\n\nMSH|2\n", "[MSH|1\r\nPID|1\r@3][MSH|2\n@20]", 0},
    {"\x0bMSH|1\r\x1c\r\x0bMSH|2\x1c\r\n\x0b"
     "BHS|^\x1c\r",
     "[MSH|1\r@1][MSH|2@10]<BHS|^>", HL7_BATCH_NO_END},
    /* what looks like a header and is none */
    {"MSH|1\rMSHX|2\rZBTS|1\rBTSA\rOBX|BTS\r", "[MSH|1\rMSHX|2\rZBTS|1\rBTSA\rOBX|BTS\r@0]", 0},
    /* what stands where a header should: refused as a message, not lost */
    {"%PDF-1.4\rx\rMSH|1\r", "[%PDF-1.4\rx\r@0][MSH|1\r@11]", 0},
    {"BHS|^\rDSC|9\rMSH|1\rBTS|2", "<BHS|^>[DSC|9\r@6][MSH|1\r@12]<BTS|2 2/2>", 0},
    {"MSH|1\rPID|\xC2\xBB", "[MSH|1\rPID|\xC2\xBB@0]", 0}, /* no byte order mark */
    {"", "", 0},
    {"\r\n \r\n", "", 0},
    {"M", "[M@0]", 0},
    {"BTS", "<BTS -1/0>", 0},
    /* over the limit of 40: its head, its length, and the next one is found */
    {"MSH|1\rPID|0123456789012345678901234567890123456789\r\nMSH|2\r", "{MSH|1\r 52@0}[MSH|2\r@52]",
     0},
    {"MSH|0123456789012345678901234567890123456789", "{MSH|01 44@0}", 0},
    {"MSH|012345678901234567890123456789012345\rMSH|012345678901234567890123456789012345\r",
     "{MSH|01 41@0}{MSH|01 41@41}", 0},
};

START_TEST(batches_are_taken_apart)
{
    const struct row *r = &rows[_i];
    for (size_t step = 1; step <= 60; step = step < 8 ? step + 1 : step + 13) {
        struct reading x;
        open_reading(&x);
        kit_drip(slice_str(r->in), step, feed, &x);
        read_on(&x, true);
        ck_assert_msg(slice_eq_str(buf_slice(&x.seen), r->want), "step %zu: got %s, want %s", step,
                      buf_cstr(&x.seen), r->want);
        ck_assert_uint_eq(x.b.faults, r->faults);
        ck_assert_uint_eq(x.b.at, strlen(r->in));
        close_reading(&x);
    }
}
END_TEST

START_TEST(hash_of_a_message_too_long)
{
    struct reading x;
    struct hl7_batch_item item;
    struct digest *d;
    struct err err = {0};
    unsigned char want[DIGEST_SIZE];
    struct slice in = SLICE("MSH|0123456789012345678901234567890123456789\r\rMSH|2");
    open_reading(&x);
    ck_assert_int_eq(hl7_batch_next(&x.b, &in, true, &item), HL7_BATCH_TOO_LONG);
    ck_assert_int_eq(digest_open(SLICE_ABSENT, &d, &err), 0);
    digest_of(d, SLICE("MSH|0123456789012345678901234567890123456789\r\r"), want);
    ck_assert_mem_eq(item.frame.sha256, want, DIGEST_SIZE);
    digest_close(d);
    close_reading(&x);
}
END_TEST

START_TEST(fields_of_headers_and_trailers)
{
    struct slice bhs = SLICE("BHS|^~\\&|APP|FAC|||20260301||||B77|B76");
    ck_slice(hl7_batch_field(bhs, 1), "|");
    ck_slice(hl7_batch_field(bhs, 2), "^~\\&");
    ck_slice(hl7_batch_field(bhs, 3), "APP");
    ck_slice(hl7_batch_field(bhs, 11), "B77");
    ck_slice(hl7_batch_field(bhs, 12), "B76");
    ck_absent(hl7_batch_field(bhs, 13));
    ck_slice(hl7_batch_field(SLICE("BTS#7#none"), 1), "7");
    ck_absent(hl7_batch_field(SLICE("BTS"), 1));
    ck_absent(hl7_batch_field(bhs, 0));
}
END_TEST

/* row 73: no header at all */
START_TEST(several_messages_without_a_header)
{
    static const struct {
        const char *text;
        bool several;
    } cases[] = {
        {"MSH|1\rPID|1\rMSH|2\r", true},
        {"MSH|1\r\nPID|1\r\nMSH|2\r\n", true},
        {"MSH|1\nMSH|2", true},
        {"\xEF\xBB\xBF MSH|1\rMSH|2", true},
        {"MSH|1\rBHS|^\rMSH|2", true},
        {"MSH|1\rPID|1\rBTS|1", true},
        {"MSH|1\rBTS", true},
        {"MSH|1\rPID|1\r", false},
        {"MSH|1\rPID|MSH|1\rZMSH|1", false},
        {"MSH|1\rMSHX|1\rMSH\r", false},
        {"BHS|^\rMSH|1\rMSH|2\r", false},
        {"junk\rMSH|1\rMSH|2\r", false},
        {"MSH|1", false},
        {"MSH", false},
        {"\r", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *exact = sample_exact(slice_str(cases[i].text));
        ck_assert_msg(hl7_batch_several(slice_make(exact, strlen(cases[i].text))) ==
                          cases[i].several,
                      "%s", cases[i].text);
        free(exact);
    }
}
END_TEST

START_TEST(what_begins_as_a_batch)
{
    ck_assert(hl7_batch_begins(SLICE("FHS|^")));
    ck_assert(hl7_batch_begins(SLICE("\xEF\xBB\xBF\r\nBHS|^")));
    ck_assert(!hl7_batch_begins(SLICE("MSH|^~\\&|A\rBHS|^")));
    ck_assert(!hl7_batch_begins(SLICE("")));
    ck_assert(!hl7_batch_begins(SLICE("BHS")));
}
END_TEST

TCase *batch_tests(void)
{
    TCase *t = tcase_create("batch");
    tcase_add_loop_test(t, batches_are_taken_apart, 0, sizeof(rows) / sizeof(*rows));
    tcase_add_test(t, hash_of_a_message_too_long);
    tcase_add_test(t, fields_of_headers_and_trailers);
    tcase_add_test(t, several_messages_without_a_header);
    tcase_add_test(t, what_begins_as_a_batch);
    return t;
}
