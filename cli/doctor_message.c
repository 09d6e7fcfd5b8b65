#include "doctor_message.h"

#include <stdio.h>

#define MESSAGE(given)                                                                             \
    "MSH|^~\\&|WEIR|DOCTOR|||20000101000000||ADT^A31|1|T|2.4\r"                                    \
    "EVN|A31|20000101000000\r"                                                                     \
    "PID|1||WEIRDOCTOR^^^WEIR^MR~9990007772^^^NHS^NH||XXTESTPATIENT^" given "||19000101|U\r"       \
    "PV1|1|N\r"

const char doctor_message_plain[] = MESSAGE("Zoe");
const char doctor_message_accent[] = MESSAGE("Zo\xc3\xab");

enum { MSH_SENT_AT = 7, MSH_TYPE = 9, MSH_ID = 10, MSH_ACCEPT = 15, MSH_APP = 16, MSH_SET = 18 };

static const char *instead(const struct doctor_header *h, unsigned field)
{
    switch (field) {
    case MSH_SENT_AT:
        return h->sent_at;
    case MSH_ID:
        return h->control_id;
    case MSH_ACCEPT:
    case MSH_APP:
        return h->acks;
    case MSH_SET:
        return h->charset;
    default:
        return NULL;
    }
}

static void put_type(struct buf *out, const struct hl7_msg *m, const char *trigger)
{
    struct hl7_header sent;
    hl7_msg_header(m, &sent);
    buf_put(out, sent.type);
    buf_putc(out, m->delims.component);
    buf_puts(out, trigger);
}

static void put_header(struct buf *out, const struct hl7_msg *m, const struct doctor_header *h)
{
    const struct hl7_segment *msh = &m->segments[0];
    unsigned last = msh->nfields;
    if (h->acks && last < MSH_APP)
        last = MSH_APP;
    if (h->charset && last < MSH_SET)
        last = MSH_SET;
    buf_puts(out, "MSH");
    for (unsigned field = 2; field <= last; field++) {
        const char *value = instead(h, field);
        buf_putc(out, m->delims.field);
        if (value)
            buf_puts(out, value);
        else if (field == MSH_TYPE && h->trigger)
            put_type(out, m, h->trigger);
        else
            buf_put(out, hl7_msg_field(m, msh, field));
    }
    buf_putc(out, '\r');
}

void doctor_message_write(struct buf *out, const struct hl7_msg *m, const struct doctor_header *h)
{
    put_header(out, m, h);
    for (uint32_t i = 1; i < m->nsegments; i++) {
        buf_put(out, m->segments[i].bytes);
        buf_putc(out, '\r');
    }
}

void doctor_control_id(int64_t wall_ms, unsigned no, char out[DOCTOR_ID])
{
    snprintf(out, DOCTOR_ID, "WEIRdoctor%08u%02u", (unsigned)((uint64_t)wall_ms / 1000 % 100000000),
             no % 100);
}
