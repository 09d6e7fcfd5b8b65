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

struct translation answer_unfit(const struct translation *t, const struct err *why,
                                struct translate_reason *reason)
{
    struct translation unfit = *t;
    *reason = (struct translate_reason){.code = HL7_VALUE_TOO_LONG, .text = slice_str(why->text)};
    unfit.verdict = TRANSLATE_REFUSED;
    unfit.nevents = 0;
    unfit.reasons = reason;
    unfit.nreasons = 1;
    return unfit;
}
