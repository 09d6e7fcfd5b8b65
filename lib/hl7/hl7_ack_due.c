#include "hl7_ack_due.h"

static enum hl7_ack_when when_of(struct slice said)
{
    static const struct {
        struct slice name;
        enum hl7_ack_when when;
    } rows[] = {{{"AL", 2}, HL7_ACK_ALWAYS},
                {{"NE", 2}, HL7_ACK_NEVER},
                {{"ER", 2}, HL7_ACK_ON_ERROR},
                {{"SU", 2}, HL7_ACK_ON_SUCCESS}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (slice_ieq(said, rows[i].name))
            return rows[i].when;
    return HL7_ACK_ALWAYS;
}

static bool is_said(struct slice field)
{
    return field.n && !slice_eq(field, SLICE("\"\""));
}

/* The first component: an ID has no other. */
static struct slice said_in(const struct hl7_msg *m, struct slice field)
{
    return slice_trim(hl7_msg_part(m, field, 1, 0));
}

static bool is_acknowledgment(const struct hl7_msg *m, const struct hl7_header *h)
{
    struct slice type = said_in(m, h->type);
    return slice_ieq(type, SLICE("ACK")) || slice_ieq(type, SLICE("MCF"));
}

void hl7_ack_terms_of(enum hl7_ack_mode mode, const struct hl7_msg *m, const struct hl7_header *h,
                      struct hl7_ack_terms *ret)
{
    struct slice accept = h ? said_in(m, h->accept_ack) : SLICE_ABSENT;
    struct slice application = h ? said_in(m, h->app_ack) : SLICE_ABSENT;
    bool said = is_said(accept) || is_said(application);
    *ret = (struct hl7_ack_terms){.enhanced = mode != HL7_ACK_ORIGINAL,
                                  .accept = HL7_ACK_NEVER,
                                  .application = HL7_ACK_NEVER};
    if (mode == HL7_ACK_ORIGINAL || (h && is_acknowledgment(m, h)))
        return;
    ret->enhanced = mode == HL7_ACK_ENHANCED || said;
    if (is_said(accept) || !said)
        ret->accept = when_of(accept);
    if (is_said(application))
        ret->application = when_of(application);
}

static bool is_due(enum hl7_ack_when when, bool good)
{
    return when == HL7_ACK_ALWAYS || when == (good ? HL7_ACK_ON_SUCCESS : HL7_ACK_ON_ERROR);
}

static enum hl7_ack_code accept_code(enum hl7_ack_code outcome, bool later)
{
    if (outcome == HL7_AA)
        return HL7_CA;
    return outcome == HL7_AR && !later ? HL7_CR : HL7_CE;
}

void hl7_ack_due_of(const struct hl7_ack_terms *terms, enum hl7_ack_code outcome, bool later,
                    struct hl7_ack_due *ret)
{
    bool good = outcome == HL7_AA;
    *ret = (struct hl7_ack_due){0};
    if (terms->enhanced && is_due(terms->accept, good))
        ret->codes[ret->n++] = accept_code(outcome, later);
    if (ret->n && !good)
        return;
    if (!terms->enhanced || is_due(terms->application, good))
        ret->codes[ret->n++] = outcome;
}

bool hl7_ack_is_application(enum hl7_ack_code code)
{
    return code <= HL7_AR;
}
