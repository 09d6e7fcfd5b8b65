/* fuzz_batch: the pieces that a file arrives in change nothing of what comes out of it, and no
 * message of it is larger than the limit. The first byte gives the limit, the second the size of
 * the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include "hl7_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *seen, enum hl7_batch_result r, const struct hl7_batch_item *item)
{
    buf_printf(seen, "%d:%llu:%lld:%lld:", (int)r, (unsigned long long)item->at,
               (long long)item->said, (long long)item->came);
    buf_put(seen, r == HL7_BATCH_TOO_LONG ? item->frame.bytes : item->bytes);
    if (r == HL7_BATCH_TOO_LONG)
        buf_put(seen, slice_make((const char *)item->frame.sha256, DIGEST_SIZE));
}

static void read_on(struct hl7_batch *b, struct buf *waiting, bool last, struct buf *seen)
{
    struct slice input = buf_slice(waiting);
    struct hl7_batch_item item;
    enum hl7_batch_result r;
    while ((r = hl7_batch_next(b, &input, last, &item)) != HL7_BATCH_MORE) {
        if (r == HL7_BATCH_NOMEM || (r == HL7_BATCH_MESSAGE && item.bytes.n > b->max))
            abort();
        note(seen, r, &item);
    }
    if (input.n > b->max + HL7_BATCH_ROOM || (last && input.n))
        abort();
    buf_drop(waiting, waiting->n - input.n);
}

static void run(struct slice in, size_t step, size_t max, struct buf *seen)
{
    struct hl7_batch b;
    struct buf waiting;
    hl7_batch_init(&b, max, max / 4);
    buf_init(&waiting, (size_t)64 << 20);
    for (; in.n; in = slice_sub(in, step, in.n)) {
        buf_put(&waiting, slice_sub(in, 0, step));
        read_on(&b, &waiting, false, seen);
    }
    read_on(&b, &waiting, true, seen);
    buf_printf(seen, "%llu %llu %u", (unsigned long long)b.messages, (unsigned long long)b.batches,
               b.faults);
    hl7_batch_fini(&b);
    buf_fini(&waiting);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct slice in = slice_make((const char *)data + 2, size - 2);
    struct buf whole, pieces;
    buf_init(&whole, (size_t)64 << 20);
    buf_init(&pieces, (size_t)64 << 20);
    run(in, in.n + 1, (size_t)data[0] + 8, &whole);
    run(in, (size_t)data[1] + 1, (size_t)data[0] + 8, &pieces);
    if (buf_ok(&whole) != buf_ok(&pieces) || !slice_eq(buf_slice(&whole), buf_slice(&pieces)))
        abort();
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
