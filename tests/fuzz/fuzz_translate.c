/* Bytes of a message through the shipped acute maps: always an answer, the same twice, and every
 * event can be written and read back; explaining it changes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include "translate_explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct site *site;
static struct translator *translator;
static struct event_encoder *encoder;
static struct buf out, text;
static struct arena arena, again, wide;

static const char config[] =
    "data: /nowhere\n"
    "keys: {kid: f1, pseudonym: env:WEIR_FUZZ_KEY, audit: env:WEIR_FUZZ_KEY}\n"
    "tables:\n"
    "  location: {RZZ01/ED: ed, RZZ01/SDEC: sdec, RZZ01/VW: virtual_ward}\n"
    "sources:\n"
    "  pas: {adapter: acute, ods: RZZ, system: pas, pl: ward^bay^bed^site}\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct err err;
    (void)argc;
    (void)argv;
    setenv("WEIR_FUZZ_KEY", "a key of the tests, of no use elsewhere", 1);
    buf_init(&out, 64 << 20);
    arena_init(&arena, 8 << 20);
    arena_init(&again, 8 << 20);
    arena_init(&wide, 256 << 20);
    buf_init(&text, 64 << 20);
    if (site_read(slice_str(config), "fuzz.yaml", SITE_PSEUDONYM, &site, &err) < 0 ||
        translate_open(site, &site->sources[0], WEIR_ROOT "/adapters", &translator, &err) < 0 ||
        event_encoder_open(&out, &encoder, &err) < 0)
        abort();
    return 0;
}

static void check_event(const struct translate_event *e)
{
    struct event *back;
    struct err err;
    buf_reset(&out);
    event_encode(encoder, e->event, NULL);
    if (!buf_ok(&out) || !slice_present(e->id) || !event_type_known(e->type))
        abort();
    if (out.n <= EVENT_SIZE_MAX && event_decode(buf_slice(&out), &again, &back, &err) < 0)
        abort();
}

/* It needs more memory, so what was refused for want of it may be taken. */
static void check_explanation(struct slice raw, const struct translation *t)
{
    struct translation x;
    arena_reset(&wide);
    buf_reset(&text);
    translate_explain(translator, raw, &wide, SLICE_ABSENT, &text, &x);
    if (t->verdict == TRANSLATE_REFUSED)
        return;
    if (x.verdict != t->verdict || x.nevents != t->nevents)
        abort();
    for (unsigned i = 0; i < x.nevents; i++) {
        buf_reset(&out);
        event_encode(encoder, t->events[i].event, NULL);
        size_t n = out.n;
        event_encode(encoder, x.events[i].event, NULL);
        if (out.n != 2 * n || memcmp(out.p, out.p + n, n) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct translation t, u;
    struct slice raw = slice_make((const char *)data, size);
    arena_reset(&arena);
    arena_reset(&again);
    translate_run(translator, raw, &arena, &t);
    translate_run(translator, raw, &again, &u);
    if (t.verdict != u.verdict || t.nevents != u.nevents)
        abort();
    if (t.verdict == TRANSLATE_REFUSED ? !t.nreasons || t.nevents : t.nreasons > 0)
        abort();
    for (unsigned i = 0; i < t.nevents; i++) {
        if (!slice_eq(t.events[i].id, u.events[i].id))
            abort();
        check_event(&t.events[i]);
    }
    check_explanation(raw, &t);
    return 0;
}
