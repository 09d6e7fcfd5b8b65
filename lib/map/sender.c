#include "sender.h"

#include "hl7_escape.h"

bool sender_among(const struct conf_texts *sending, const struct hl7_msg *m,
                  const struct hl7_header *h)
{
    struct slice app = hl7_msg_part(m, h->sending_app, 1, 0),
                 facility = hl7_msg_part(m, h->sending_facility, 1, 0);
    for (unsigned i = 0; i < sending->n; i++) {
        struct slice rest = sending->at[i];
        struct slice want = slice_split(&rest, '/');
        if (hl7_escape_eq(app, &m->delims, want) && hl7_escape_eq(facility, &m->delims, rest))
            return true;
    }
    return false;
}

bool sender_named(const struct site_source *s, const struct hl7_msg *m, const struct hl7_header *h)
{
    return sender_among(&s->sending, m, h);
}

bool sender_expected(const struct site_source *s, const struct hl7_msg *m,
                     const struct hl7_header *h)
{
    return s->sending.n == 0 || sender_named(s, m, h);
}
