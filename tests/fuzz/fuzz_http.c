/* HTTP requests: the same verdict and the same body, however the bytes are cut. */
#include <stdlib.h>
#include "http_parse.h"

struct outcome {
    enum http_step step;
    int refusal;
    size_t body, fields;
};

static struct outcome run(struct slice all, size_t step)
{
    struct http_parse x;
    struct outcome o = {HTTP_MORE, 0, 0, 0};
    size_t from = 0, to = 0;
    http_parse_init(&x, 512, 256);
    while ((o.step == HTTP_MORE && to < all.n) || o.step == HTTP_HEADED) {
        size_t used = 0;
        if (o.step == HTTP_MORE)
            to = to + step < all.n ? to + step : all.n;
        /* Memory of exactly this size: one byte too far is found. */
        char *copy = malloc(to - from ? to - from : 1);
        if (!copy)
            abort();
        memcpy(copy, all.p + from, to - from);
        o.step = http_parse_feed(&x, slice_make(copy, to - from), &used);
        free(copy);
        if (used > to - from)
            abort();
        from += used;
    }
    o.refusal = x.refusal;
    o.body = x.body.n;
    o.fields = x.nfields;
    http_parse_fini(&x);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice all = slice_make((const char *)data, size);
    struct outcome whole = run(all, size ? size : 1), bytes = run(all, 1);
    if (whole.step != bytes.step)
        abort();
    if (whole.step == HTTP_WHOLE && (whole.body != bytes.body || whole.fields != bytes.fields))
        abort();
    if (whole.step == HTTP_BAD && (!whole.refusal || !bytes.refusal))
        abort();
    return 0;
}
