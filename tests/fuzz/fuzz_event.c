/* fuzz_event.c - any text is an event or a refusal; an event is written on one line and read to the
 * same text again; with a keep-list nothing else is written. */
#include <assert.h>
#include <stdint.h>
#include "event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_event(const struct event *e, const uint64_t *keep, struct buf *out)
{
    struct event_encoder *enc;
    struct err err;
    buf_init(out, 16 << 20);
    if (event_encoder_open(out, &enc, &err))
        return;
    event_encode(enc, e, keep);
    event_encoder_close(enc);
    assert(buf_ok(out));
    assert(!memchr(out->p, '\n', out->n));
}

static void check_kept(const struct event *e, struct arena *arena)
{
    uint64_t keep[EVENT_KEEP_WORDS];
    struct buf out;
    struct event *kept;
    struct err err;
    event_keep_init(keep);
    event_keep_add(keep, SLICE("data.location"));
    write_event(e, keep, &out);
    int rc = event_decode(buf_slice(&out), arena, &kept, &err);
    assert(rc == 0);
    for (unsigned i = 0; i < event_nfields; i++)
        if (event_fields[i].items < 0 && event_is_set(kept, i))
            assert(keep[i / 64] >> (i % 64) & 1);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct event *e, *again;
    struct err err;
    arena_init(&arena, 16 << 20);
    if (event_decode(slice_make((const char *)data, size), &arena, &e, &err) == 0) {
        struct buf first, second;
        write_event(e, NULL, &first);
        int rc = event_decode(buf_slice(&first), &arena, &again, &err);
        assert(rc == 0);
        write_event(again, NULL, &second);
        assert(slice_eq(buf_slice(&first), buf_slice(&second)));
        check_kept(e, &arena);
        buf_fini(&first);
        buf_fini(&second);
    }
    arena_fini(&arena);
    return 0;
}
