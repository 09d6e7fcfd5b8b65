#include "answer.h"

static struct hl7_ack_error error_of(const struct translate_reason *why, bool header_read)
{
    return (struct hl7_ack_error){.segment = why->segment,
                                  .sequence = why->sequence,
                                  .field = why->field,
                                  .repetition = why->repetition,
                                  .component = why->component,
                                  .code = (enum hl7_error_code)why->code,
                                  .fatal = !header_read,
                                  .retriable = why->retriable,
                                  .text = why->text};
}

void answer_of(const struct translation *t, bool header_read, struct answer *ret)
{
    ret->code = HL7_AA;
    ret->later = false;
    ret->unusable = false;
    ret->nerrors = 0;
    if (t->verdict != TRANSLATE_REFUSED)
        return;
    ret->code = HL7_AE;
    ret->later = t->nreasons == 0;
    for (unsigned i = 0; i < t->nreasons && i < ANSWER_ERRORS_MAX; i++) {
        ret->errors[ret->nerrors++] = error_of(&t->reasons[i], header_read);
        if (t->reasons[i].header)
            ret->code = HL7_AR;
    }
}

void answer_accept(const struct site_ack *ack, struct answer *a)
{
    if (a->code == HL7_AA || a->later || ack->on_invalid != SITE_ACCEPT)
        return;
    a->code = HL7_AA;
    a->unusable = true;
    a->nerrors = 0;
}

_Static_assert((int)HL7_ACK_ORIGINAL == (int)SITE_ACK_ORIGINAL &&
                   (int)HL7_ACK_BY_HEADER == (int)SITE_ACK_BY_HEADER &&
                   (int)HL7_ACK_ENHANCED == (int)SITE_ACK_ENHANCED,
               "the modes of a config are those of lib/hl7");

void answer_terms(const struct site_ack *ack, const struct hl7_msg *request,
                  struct hl7_ack_terms *ret)
{
    struct hl7_header h;
    bool look = request && ack->mode != SITE_ACK_ORIGINAL; /* nothing is asked for otherwise */
    if (look)
        hl7_msg_header(request, &h);
    hl7_ack_terms_of((enum hl7_ack_mode)ack->mode, request, look ? &h : NULL, ret);
}

void answer_due(const struct site_ack *ack, const struct hl7_ack_terms *terms,
                enum hl7_ack_code outcome, bool later, struct hl7_ack_due *ret)
{
    hl7_ack_due_of(terms, outcome, later, ret);
    if (ret->n == 2 && !ack->two_answers)
        ret->n = 1;
}

static struct translation refused(const struct translation *t, struct translate_reason *reason)
{
    struct translation r = *t;
    r.verdict = TRANSLATE_REFUSED;
    r.nevents = 0;
    r.reasons = reason;
    r.nreasons = 1;
    return r;
}

struct translation answer_unfit(const struct translation *t, const struct err *why,
                                struct translate_reason *reason)
{
    *reason = (struct translate_reason){.code = HL7_VALUE_TOO_LONG, .text = slice_str(why->text)};
    return refused(t, reason);
}

struct translation answer_because(const struct translation *t, struct translate_reason *reason)
{
    return refused(t, reason);
}

struct translation answer_foreign(const struct translation *t, struct translate_reason *reason)
{
    *reason = (struct translate_reason){
        .code = HL7_TABLE_VALUE,
        .header = true,
        .segment = SLICE("MSH"),
        .sequence = 1,
        .field = 3,
        .text = SLICE("the certificate of this connection may not send as this MSH-3 and MSH-4")};
    return refused(t, reason);
}
