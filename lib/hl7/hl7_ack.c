#include "hl7_ack.h"

static const char *const names[] = {"AA", "AE", "AR", "CA", "CE", "CR"};
enum { NAMES = sizeof(names) / sizeof(names[0]) };

const char *hl7_ack_name(enum hl7_ack_code code)
{
    return names[code];
}

static const char *error_name(enum hl7_error_code code)
{
    switch (code) {
    case HL7_SEGMENT_SEQUENCE:
        return "Segment sequence error";
    case HL7_REQUIRED_FIELD:
        return "Required field missing";
    case HL7_DATA_TYPE:
        return "Data type error";
    case HL7_TABLE_VALUE:
        return "Table value not found";
    case HL7_VALUE_TOO_LONG:
        return "Value too long";
    case HL7_UNSUPPORTED_TYPE:
        return "Unsupported message type";
    case HL7_UNSUPPORTED_EVENT:
        return "Unsupported event code";
    case HL7_UNSUPPORTED_PROCESSING_ID:
        return "Unsupported processing id";
    case HL7_UNSUPPORTED_VERSION:
        return "Unsupported version id";
    case HL7_UNKNOWN_KEY:
        return "Unknown key identifier";
    case HL7_DUPLICATE_KEY:
        return "Duplicate key identifier";
    case HL7_RECORD_LOCKED:
        return "Application record locked";
    case HL7_INTERNAL:
        break;
    }
    return "Application internal error";
}

struct writer {
    struct buf *out;
    struct hl7_delims d;
};

static void put_sep(struct writer *w, unsigned n)
{
    while (n--)
        buf_putc(w->out, w->d.field);
}

static void put_number(struct writer *w, unsigned n)
{
    if (n)
        buf_printf(w->out, "%u", n);
}

/* A delimiter of the message within our own text is escaped, a control byte left out. */
static void put_text(struct writer *w, struct slice text)
{
    const char marks[] = {w->d.field, w->d.component, w->d.subcomponent, w->d.repetition,
                          w->d.escape};
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        const char *mark = c ? memchr(marks, c, sizeof(marks)) : NULL;
        if (mark && w->d.escape) {
            buf_putc(w->out, w->d.escape);
            buf_putc(w->out, "FSTRE"[mark - marks]);
            buf_putc(w->out, w->d.escape);
        } else if (!mark && (unsigned char)c >= 0x20 && c != 0x7f) {
            buf_putc(w->out, c);
        }
    }
}

/* A value as it was sent. FS in front of our own CR would end the frame too early. */
static void put_echo(struct writer *w, struct slice value)
{
    if (memchr(value.p ? value.p : "", 0x1c, value.n) == NULL) {
        buf_put(w->out, value);
        return;
    }
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != 0x1c)
            buf_putc(w->out, value.p[i]);
}

/* MSH-2 as the request has it, byte for byte. */
static void put_delims(struct writer *w, const struct hl7_msg *request)
{
    struct slice declared = SLICE("^~\\&");
    if (request)
        declared = hl7_msg_field(request, hl7_msg_segment(request, SLICE("MSH"), 0), 2);
    buf_puts(w->out, "MSH");
    put_sep(w, 1);
    buf_put(w->out, declared);
}

/* Minor version times 100 and what follows: "2.5.1" 501, "2.4" 400; 0 where it is no 2.x. */
static unsigned version_of(struct slice version)
{
    if (!slice_starts(version, SLICE("2.")) || version.n < 3 || version.p[2] < '0' ||
        version.p[2] > '9')
        return 0;
    unsigned v = (unsigned)(version.p[2] - '0') * 100;
    if (version.n >= 5 && version.p[3] == '.' && version.p[4] >= '0' && version.p[4] <= '9')
        v += (unsigned)(version.p[4] - '0');
    return v;
}

enum { VERSION_2_3_1 = 301, VERSION_2_5 = 500, VERSION_2_7 = 700 };
enum { TEXT_MAX = 80 }; /* of MSA-3 (ST, 80 characters) */

/* MSH-9: three parts since 2.3.1; older peers know the plain code. */
static void put_type(struct writer *w, const struct hl7_header *h, unsigned version)
{
    buf_puts(w->out, "ACK");
    if (version < VERSION_2_3_1 || h->trigger.n == 0)
        return;
    buf_putc(w->out, w->d.component);
    put_echo(w, h->trigger);
    buf_putc(w->out, w->d.component);
    buf_puts(w->out, "ACK");
}

/* Sender and receiver change places. */
static void put_header(struct writer *w, const struct hl7_msg *request, const struct hl7_ack *ack,
                       const struct hl7_header *h, unsigned version)
{
    const struct slice swapped[] = {h->receiving_app, h->receiving_facility, h->sending_app,
                                    h->sending_facility, ack->sent_at};
    put_delims(w, request);
    for (size_t i = 0; i < sizeof(swapped) / sizeof(swapped[0]); i++) {
        put_sep(w, 1);
        put_echo(w, swapped[i]);
    }
    put_sep(w, 2);
    put_type(w, h, version);
    put_sep(w, 1);
    buf_put(w->out, ack->control_id);
    put_sep(w, 1);
    put_echo(w, h->processing_id.n ? h->processing_id : SLICE("P"));
    put_sep(w, 1);
    put_echo(w, h->version.n ? h->version : SLICE("2.3"));
    unsigned field = 12;
    if (ack->unanswered) {
        put_sep(w, 3);
        buf_puts(w->out, "NE");
        put_sep(w, 1);
        buf_puts(w->out, "NE");
        field = 16;
    }
    if (h->charset.n) {
        put_sep(w, 18 - field);
        put_echo(w, h->charset);
    }
    buf_putc(w->out, '\r');
}

static void put_msa(struct writer *w, const struct hl7_ack *ack, struct slice control_id,
                    unsigned version)
{
    buf_puts(w->out, "MSA");
    put_sep(w, 1);
    buf_puts(w->out, names[ack->code]);
    put_sep(w, 1);
    put_echo(w, control_id);
    if (ack->text && version < VERSION_2_7 && ack->nerrors && ack->errors[0].text.n) {
        put_sep(w, 1);
        put_text(w, slice_sub(ack->errors[0].text, 0, TEXT_MAX));
    }
    buf_putc(w->out, '\r');
}

/* ERR-2 (ERL) of 2.5 and later: trailing parts that are not said are left out. */
static void put_location(struct writer *w, const struct hl7_ack_error *e)
{
    const unsigned parts[] = {e->sequence ? e->sequence : 1, e->field, e->repetition, e->component,
                              e->subcomponent};
    size_t n = sizeof(parts) / sizeof(parts[0]);
    while (n > 1 && parts[n - 1] == 0)
        n--;
    if (e->segment.n == 0)
        return;
    put_text(w, e->segment);
    for (size_t i = 0; i < n; i++) {
        buf_putc(w->out, w->d.component);
        /* A component is one of some repetition. */
        put_number(w, i == 2 && parts[i] == 0 ? 1 : parts[i]);
    }
}

/* ERR-2 to ERR-8, since 2.5. */
static void put_error(struct writer *w, const struct hl7_ack_error *e)
{
    put_sep(w, 1);
    put_location(w, e);
    put_sep(w, 1);
    buf_printf(w->out, "%d%c%s%cHL70357", (int)e->code, w->d.component, error_name(e->code),
               w->d.component);
    put_sep(w, 1);
    buf_putc(w->out, e->fatal ? 'F' : 'E');
    put_sep(w, 1);
    buf_puts(w->out, e->retriable ? "RETRY" : "DO-NOT-RETRY");
    put_sep(w, 3);
    put_text(w, e->text);
}

/* ERR-1 (ELD), gone in 2.7: segment, sequence, field, and the code with subcomponents. */
static void put_old_error(struct writer *w, const struct hl7_ack_error *e)
{
    char sub = w->d.subcomponent ? w->d.subcomponent : ' ';
    put_text(w, e->segment);
    buf_putc(w->out, w->d.component);
    put_number(w, e->segment.n ? (e->sequence ? e->sequence : 1) : 0);
    buf_putc(w->out, w->d.component);
    put_number(w, e->field);
    buf_putc(w->out, w->d.component);
    buf_printf(w->out, "%d%c%s%cHL70357", (int)e->code, sub, error_name(e->code), sub);
}

void hl7_ack_write(struct buf *out, const struct hl7_msg *request, const struct hl7_ack *ack)
{
    struct writer w = {out, {'|', '^', '~', '\\', '&', 0}};
    struct hl7_header h = {0};
    if (request) {
        w.d = request->delims;
        hl7_msg_header(request, &h);
    }
    unsigned version = version_of(hl7_msg_part(&(struct hl7_msg){.delims = w.d},
                                               h.version.n ? h.version : SLICE("2.3"), 1, 0));
    put_header(&w, request, ack, &h, version);
    put_msa(&w, ack, h.control_id, version);
    for (size_t i = 0; i < ack->nerrors; i++) {
        buf_puts(out, "ERR");
        put_sep(&w, 1);
        if (version < VERSION_2_7)
            put_old_error(&w, &ack->errors[i]);
        if (version >= VERSION_2_5)
            put_error(&w, &ack->errors[i]);
        buf_putc(out, '\r');
    }
}

static bool code_of(struct slice text, enum hl7_ack_code *ret)
{
    for (int i = 0; i < NAMES; i++)
        if (slice_ieq(slice_trim(text), slice_str(names[i]))) {
            *ret = (enum hl7_ack_code)i;
            return true;
        }
    return false;
}

static void read_error(const struct hl7_msg *m, struct hl7_answer *ret)
{
    const struct hl7_segment *err = hl7_msg_segment(m, SLICE("ERR"), 0);
    struct slice code = hl7_msg_repetition(m, hl7_msg_field(m, err, 3), 1);
    struct slice old = hl7_msg_repetition(m, hl7_msg_field(m, err, 1), 1);
    ret->error = code.n ? hl7_msg_part(m, code, 1, 0) : hl7_msg_part(m, old, 4, 1);
    ret->retry = hl7_msg_part(m, hl7_msg_field(m, err, 5), 1, 0);
    struct slice said = hl7_msg_field(m, err, 8);
    if (said.n || ret->text.n == 0)
        ret->text = said.n ? said : hl7_msg_field(m, err, 1);
}

int hl7_ack_read(struct slice raw, struct arena *arena, struct hl7_answer *ret, struct err *reterr)
{
    static const struct hl7_limits limits = {.segments = 100, .fields = 2000};
    struct hl7_msg m;
    struct hl7_answer answer = {0};
    if (hl7_msg_parse(raw, &limits, arena, &m, reterr) < 0) {
        reterr->code = ERR_PEER;
        return err_at(reterr, "the answer");
    }
    const struct hl7_segment *msa = hl7_msg_segment(&m, SLICE("MSA"), 0);
    if (!msa)
        return err_set(reterr, ERR_PEER, "the answer has no MSA segment");
    if (!code_of(hl7_msg_field(&m, msa, 1), &answer.code))
        return err_set(reterr, ERR_PEER, "MSA-1 of the answer is none of AA AE AR CA CE CR");
    answer.control_id = hl7_msg_field(&m, msa, 2);
    answer.text = hl7_msg_field(&m, msa, 3);
    read_error(&m, &answer);
    *ret = answer;
    return 0;
}
