#include "hl7_sample.h"

#include <stdlib.h>

const char sample_adt[] =
    "MSH|^~\\&|PAS|RXX|WEIR|REGION|20260303081200||ADT^A01^ADT_A01|MSG00001|P|2.4|||AL|NE\r"
    "EVN|A01|20260303081200|||USER1|20260303080500\r"
    "PID|1||9990000018^^^NHS^NH~H123456^^^RXX^PI||SAMPLE^ANNA^^^MS||19520417|2|||"
    "1 Weir Lane^^Milltown^^ZZ99 3AA||01000 000000|||||||||\"\"|A\r"
    "PD1|||THE PRACTICE^^X99999\r"
    "PV1|1|I|W12^B2^04^RXXA1^^BED|21|||C1234567^CONSULTANT^A||||300|||19|||||V0001^^^RXX^VISITID\r"
    "PV2|||^Chest pain|||||20260307\r"
    "ZU1|1||||||||||||||||||||||Y\r";

char *sample_exact(struct slice text)
{
    char *p = malloc(text.n ? text.n : 1);
    ck_assert_ptr_nonnull(p);
    if (text.n)
        memcpy(p, text.p, text.n);
    return p;
}

void sample_open_limited(struct sample *s, struct slice text, const struct hl7_limits *limits)
{
    *s = (struct sample){0};
    s->bytes = sample_exact(text);
    arena_init(&s->arena, (size_t)64 << 20);
    s->rc = hl7_msg_parse(slice_make(s->bytes, text.n), limits, &s->arena, &s->msg, &s->err);
}

void sample_open(struct sample *s, struct slice text)
{
    static const struct hl7_limits wide = {.segments = 10000, .fields = 100000};
    sample_open_limited(s, text, &wide);
}

void sample_close(struct sample *s)
{
    arena_fini(&s->arena);
    free(s->bytes);
}
