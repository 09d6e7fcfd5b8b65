#include "doctor.h"

#include <stdio.h>
#include "num.h"

enum { SLOW_MS = 10000, SET_SHOWN = 40 };

const char *doctor_code(const struct doctor_answer *a, char out[16])
{
    uint64_t n;
    if (!a->ack)
        snprintf(out, 16, "no ACK");
    else if (slice_present(a->said.error) && num_u64(a->said.error, &n) && n < 1000)
        snprintf(out, 16, "%s %u", hl7_ack_name(a->said.code), (unsigned)n);
    else
        snprintf(out, 16, "%s", hl7_ack_name(a->said.code));
    return out;
}

static void judge_frame(struct doctor_report *r, unsigned odd)
{
    if (odd & DOCTOR_NO_START || odd & DOCTOR_NO_END)
        doctor_find(r, "frame", DOCTOR_FAULT,
                    "the answer is not framed as MLLP: %s%s%s is missing. weir counts it as no "
                    "answer and sends again (on_ack: none); `none: done` would count every "
                    "message as delivered, read or not",
                    odd & DOCTOR_NO_START ? "VT (0B) in front" : "",
                    odd & DOCTOR_NO_START && odd & DOCTOR_NO_END ? ", and " : "",
                    odd & DOCTOR_NO_END ? "FS (1C) behind" : "");
    else if (odd & DOCTOR_NO_CR)
        doctor_find(r, "frame", DOCTOR_NOTE,
                    "the answer ends in FS (1C) without the CR (0D) behind it: weir takes it a "
                    "little later than others");
    else
        doctor_find(r, "frame", DOCTOR_OK, "the answer is framed: VT, FS, CR");
    if (odd & DOCTOR_BEFORE)
        doctor_find(r, "bytes_before", DOCTOR_NOTE,
                    "there are bytes in front of the answer's VT: weir leaves them aside");
}

static void judge_text(struct doctor_report *r, const struct doctor_answer *a)
{
    if (a->odd & DOCTOR_LF_ENDS)
        doctor_find(r, "segment_ends", DOCTOR_NOTE,
                    "segments of the answer end in LF or CRLF, not CR: weir reads them");
    else
        doctor_find(r, "segment_ends", DOCTOR_OK, "segments end in CR");
    if (a->odd & DOCTOR_NO_UTF8)
        doctor_find(r, "charset", DOCTOR_NOTE,
                    "the answer has bytes that are not UTF-8, as of windows-1252; its MSH-18 says "
                    "\"%.*s\". weir keeps the codes of answers, never their text",
                    SLICE_ARG(slice_sub(a->charset, 0, SET_SHOWN)));
    else
        doctor_find(r, "charset", DOCTOR_OK, "the answer is %s",
                    a->odd & DOCTOR_8_BIT ? "UTF-8" : "ASCII");
}

static void judge_id(struct doctor *d, const struct doctor_answer *a)
{
    static const char *const what[] = {
        [DOCTOR_MISSING] = "MSA-2 is empty",
        [DOCTOR_PADDED] = "MSA-2 has blanks around MSH-10",
        [DOCTOR_CUT] = "MSA-2 is only the beginning of MSH-10 (it had 20 characters)",
        [DOCTOR_CASE] = "MSA-2 is MSH-10 in other capitals",
        [DOCTOR_OTHER] = "MSA-2 is not the MSH-10 that was sent",
    };
    enum doctor_id id = doctor_id_of(slice_str(d->id), a->said.control_id);
    if (id == DOCTOR_SAME) {
        doctor_find(d->report, "control_id", DOCTOR_OK, "MSA-2 is the MSH-10 that was sent");
        return;
    }
    doctor_find(d->report, "control_id", DOCTOR_FAULT,
                "%s: weir cannot tell which message is answered, closes the connection and sends "
                "again; `wrong_control_id: done` would take a late answer for that of the next "
                "message",
                what[id]);
}

static void judge_mode(struct doctor *d, const struct doctor_reply *reply)
{
    const struct doctor_answer *a = &reply->answers[0], *b = &reply->answers[1];
    char code[16], next[16];
    bool commit = a->said.code >= HL7_CA;
    doctor_code(a, code);
    if (commit && reply->n > 1 && b->ack && b->said.code < HL7_CA) {
        doctor_find(d->report, "answer", DOCTOR_SET,
                    "answers %s and then %s on the same connection, although MSH-15 and 16 are "
                    "empty: with CA: wait the second decides",
                    code, doctor_code(b, next));
        doctor_set(d->report, "CA", "wait", true);
    } else if (a->said.code == HL7_AA || a->said.code == HL7_CA) {
        doctor_find(d->report, "answer", commit ? DOCTOR_NOTE : DOCTOR_OK,
                    "answers %s in %lld ms%s%s", code, (long long)reply->ms,
                    commit ? ": it says that it has the message, not that it used it" : "",
                    reply->n > 1 ? ", more than once: weir drops the others" : "");
    } else {
        doctor_find(d->report, "answer", DOCTOR_NOTE,
                    "refuses the test message: %s. It may take no tests (MSH-11 is T), know no "
                    "ADT^A31, or want its own names in MSH-3 to 6: --message FILE sends another; "
                    "weir send prints what the answer says",
                    code);
    }
    if (reply->ms > SLOW_MS) {
        doctor_find(d->report, "time", DOCTOR_SET,
                    "takes %lld ms to answer: with a short "
                    "timeout weir would send again what is under way",
                    (long long)reply->ms);
        doctor_set(d->report, "timeout", "60s", false);
    }
}

void doctor_judge(struct doctor *d, const struct doctor_reply *reply)
{
    const struct doctor_answer *a = &reply->answers[0];
    judge_frame(d->report, a->odd);
    if (!a->ack) {
        doctor_find(d->report, "answer", DOCTOR_FAULT,
                    "what comes back is no HL7 acknowledgment (%s): weir counts it as no answer",
                    a->why);
        return;
    }
    judge_text(d->report, a);
    judge_id(d, a);
    judge_mode(d, reply);
}
