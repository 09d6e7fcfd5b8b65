/* fuzz_json_lines: the pieces that a text of JSON values arrives in change nothing of how it is
 * cut. The first byte gives the longest value, the second the size of the pieces. */
#include <stdint.h>
#include <stdlib.h>
#include "buf.h"
#include "json_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_on(struct json_lines *l, struct buf *waiting, bool last, struct buf *seen)
{
    struct slice input = buf_slice(waiting);
    struct json_line v;
    enum json_lines_result what;
    while ((what = json_lines_next(l, &input, last, &v)) != JSON_LINES_MORE) {
        if (v.bytes.n > l->max || (what == JSON_LINES_VALUE && v.bytes.n == 0))
            abort();
        buf_printf(seen, "%d@%llu,%llu,%llu:", (int)what, (unsigned long long)v.at,
                   (unsigned long long)v.line, (unsigned long long)v.length);
        buf_put(seen, v.bytes);
    }
    if (input.n > l->max + 1 || (last && input.n))
        abort();
    buf_drop(waiting, waiting->n - input.n);
}

static void run(struct slice in, size_t step, size_t max, struct buf *seen)
{
    struct json_lines l;
    struct buf waiting;
    buf_init(&waiting, in.n + 1);
    json_lines_begin(&l, max);
    for (; in.n; in = slice_sub(in, step, in.n)) {
        buf_put(&waiting, slice_sub(in, 0, step));
        read_on(&l, &waiting, false, seen);
    }
    read_on(&l, &waiting, true, seen);
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
    run(in, in.n + 1, (size_t)data[0] + 1, &whole);
    run(in, (size_t)data[1] + 1, (size_t)data[0] + 1, &pieces);
    if (!buf_ok(&whole) || !slice_eq(buf_slice(&whole), buf_slice(&pieces)))
        abort();
    buf_fini(&whole);
    buf_fini(&pieces);
    return 0;
}
