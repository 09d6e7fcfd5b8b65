#include "hl7_place.h"

#include <stdio.h>

static int put_id(struct slice id, char out[HL7_PLACE_SIZE])
{
    int n = 0;
    for (size_t i = 0; i < id.n && i < 3; i++)
        out[n++] = id.p[i];
    for (int i = 0; i < n; i++)
        if (out[i] <= ' ' || out[i] >= 0x7f)
            out[i] = '?';
    out[n] = '\0';
    return n;
}

static int put(char out[HL7_PLACE_SIZE], int n, const char *before, unsigned value,
               const char *after)
{
    return n + snprintf(out + n, (size_t)(HL7_PLACE_SIZE - n), "%s%u%s", before, value, after);
}

const char *hl7_place_text(const struct hl7_place *p, char out[HL7_PLACE_SIZE])
{
    int n = put_id(p->segment, out);
    if (p->sequence > 1)
        n = put(out, n, "[", p->sequence, "]");
    if (p->field)
        n = put(out, n, "-", p->field, "");
    if (p->repetition > 1)
        n = put(out, n, "[", p->repetition, "]");
    if (p->component)
        n = put(out, n, ".", p->component, "");
    if (p->subcomponent)
        put(out, n, ".", p->subcomponent, "");
    return out;
}

unsigned hl7_place_count(struct hl7_place_counts *c, const struct hl7_segment *s)
{
    unsigned i = 0;
    if (!s->key)
        return 0;
    while (i < c->kinds && c->of[i].key != s->key)
        i++;
    if (i == HL7_PLACE_KINDS)
        return 0;
    if (i == c->kinds) {
        c->of[c->kinds].key = s->key;
        c->of[c->kinds++].n = 0;
    }
    return ++c->of[i].n;
}
