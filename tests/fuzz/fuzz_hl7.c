/* fuzz_hl7: any bytes can be masked, and are a message or an error; what is odd can be told; all
 * values of a message can be read and are then valid UTF-8; its acknowledgment can be read back. */
#include <stdint.h>
#include <stdlib.h>
#include "hl7_ack.h"
#include "hl7_charset.h"
#include "hl7_guess.h"
#include "hl7_mask.h"
#include "hl7_odd.h"
#include "hl7_utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(struct slice part, struct slice whole)
{
    if (part.p < whole.p || part.p + part.n > whole.p + whole.n)
        abort();
}

static void read_field(const struct hl7_msg *m, const struct hl7_charset *cs, struct slice field,
                       struct arena *arena)
{
    unsigned n = hl7_msg_repetitions(m, field), flags = 0;
    within(field, m->raw);
    for (unsigned i = 1; i <= n && i <= 3; i++) {
        struct slice part = hl7_msg_part(m, hl7_msg_repetition(m, field, i), i, i);
        if (slice_present(part))
            within(part, field);
    }
    if (slice_present(hl7_msg_repetition(m, field, n + 1)))
        abort();
    struct slice text = hl7_charset_text(cs, m, field, arena, &flags);
    if (slice_present(text) && !hl7_utf8_valid(text))
        abort();
}

/* What is told of a message, and its mask, show nothing that steers a terminal or tells who it is.
 */
static void on_odd(void *arg, const char *at, const char *text)
{
    unsigned *n = arg;
    if (!*at || !*text || strlen(text) >= HL7_ODD_TEXT)
        abort();
    for (const char *p = at; *p; p++)
        if (*p < ' ' || *p > '~')
            abort();
    (*n)++;
}

static void mask(struct slice raw)
{
    char *out = malloc(raw.n ? raw.n : 1);
    if (!out)
        return;
    hl7_mask(raw, out);
    for (size_t i = 0; i < raw.n; i++)
        if ((raw.p[i] == '\r') != (out[i] == '\r') || (raw.p[i] == '\n') != (out[i] == '\n'))
            abort();
    free(out);
    hl7_guess(raw);
}

static void look(struct slice raw, const struct hl7_msg *m, const struct hl7_charset *cs)
{
    struct arena scratch;
    unsigned told = 0;
    arena_init(&scratch, (size_t)8 << 20);
    if (hl7_odd_find(raw, m, cs, &scratch, on_odd, &told) != told)
        abort();
    arena_fini(&scratch);
}

static void answer(const struct hl7_msg *m, struct arena *arena)
{
    struct hl7_ack_error error = {.segment = SLICE("PID"), .field = 3, .code = HL7_DATA_TYPE};
    struct hl7_ack ack = {.code = HL7_AE,
                          .sent_at = SLICE("20260303"),
                          .control_id = SLICE("W1"),
                          .errors = &error,
                          .nerrors = 1,
                          .unanswered = true,
                          .text = true};
    struct hl7_answer back;
    struct hl7_header h;
    struct err err;
    struct buf out;
    buf_init(&out, (size_t)16 << 20);
    hl7_ack_write(&out, m, &ack);
    if (hl7_ack_read(buf_slice(&out), arena, &back, &err) < 0 || back.code != HL7_AE)
        abort();
    hl7_msg_header(m, &h);
    if (memchr(buf_slice(&out).p, 0x1c, out.n))
        abort();
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hl7_limits limits = {.segments = 200, .fields = 2000};
    struct arena arena;
    struct hl7_msg m;
    struct hl7_charset cs;
    struct err err;
    arena_init(&arena, (size_t)8 << 20);
    struct slice raw = slice_make((const char *)data, size);
    mask(raw);
    if (size && hl7_charset_parse(raw, SLICE_ABSENT, &limits, &arena, &m, &cs, &err) == 0) {
        if (m.nsegments > limits.segments || m.nfields > limits.fields)
            abort();
        for (uint32_t i = 0; i < m.nsegments; i++) {
            const struct hl7_segment *s = &m.segments[i];
            within(s->bytes, m.raw);
            for (unsigned f = 1; f <= s->nfields; f++)
                read_field(&m, &cs, hl7_msg_field(&m, s, f), &arena);
        }
        answer(&m, &arena);
        look(raw, &m, &cs);
    }
    arena_fini(&arena);
    return 0;
}
