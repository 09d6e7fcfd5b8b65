/* fuzz_frame: the pieces that a stream arrives in change nothing of what comes out of it. The first
 * byte gives the limit and the rules, the second the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include "hl7_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *seen, enum hl7_frame_result r, const struct hl7_frame *f)
{
    buf_printf(seen, "%d:%zu:%llu:", (int)r, f->bytes.n, (unsigned long long)f->total);
    buf_put(seen, f->bytes);
    if (r == HL7_FRAME_TOO_LONG)
        buf_put(seen, slice_make((const char *)f->sha256, DIGEST_SIZE));
}

static void run(struct slice in, size_t step, const struct hl7_frame_rules *rules, struct buf *seen)
{
    struct hl7_deframer d;
    struct hl7_frame f;
    enum hl7_frame_result r;
    hl7_deframer_init(&d, rules);
    while (in.n) {
        struct slice piece = slice_sub(in, 0, step);
        char *exact = malloc(piece.n);
        if (!exact)
            abort();
        memcpy(exact, piece.p, piece.n);
        struct slice rest = slice_make(exact, piece.n);
        while ((r = hl7_deframer_next(&d, &rest, &f)) != HL7_FRAME_MORE)
            note(seen, r, &f);
        if (rest.n || d.held.n > rules->max)
            abort();
        free(exact);
        in = slice_sub(in, piece.n, in.n);
    }
    while ((r = hl7_deframer_end(&d, &f)) != HL7_FRAME_MORE)
        note(seen, r, &f);
    if (hl7_deframer_midway(&d))
        abort();
    buf_printf(seen, "%llu %llu %llu %llu", (unsigned long long)d.counts.junk_bytes,
               (unsigned long long)d.counts.restarts, (unsigned long long)d.counts.dropped_bytes,
               (unsigned long long)d.counts.empty);
    hl7_deframer_fini(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct hl7_frame_rules rules = {
        .max = (size_t)(data[0] >> 1) + 1, .head = data[0] / 8, .require_end_cr = data[0] & 1};
    struct slice in = slice_make((const char *)data + 2, size - 2);
    struct buf whole, pieces;
    buf_init(&whole, (size_t)64 << 20);
    buf_init(&pieces, (size_t)64 << 20);
    run(in, in.n, &rules, &whole);
    run(in, (size_t)data[1] + 1, &rules, &pieces);
    if (buf_ok(&whole) != buf_ok(&pieces) || !slice_eq(buf_slice(&whole), buf_slice(&pieces)))
        abort();
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
