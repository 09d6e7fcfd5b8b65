#include "conf_addr.h"
#include "num.h"
#include "site_parts.h"

#define MLLP(member) offsetof(struct site_mllp_to, member)

/* In the order of enum site_on_ack. */
static const char *const verdicts[] = {"done", "park", "retry", "fault", NULL};
static const char *const commits[] = {"done", "park", "retry", "fault", "wait", NULL};

static const struct conf_option ack_options[] = {
    {"AA", CONF_CHOICE, MLLP(on_ack[SITE_ON_ACCEPT]), "done", .choices = verdicts,
     .help = "MSA-1 is AA."},
    {"AE", CONF_CHOICE, MLLP(on_ack[SITE_ON_ERROR]), "park", .choices = verdicts,
     .help = "MSA-1 is AE; CE counts as AE."},
    {"AR", CONF_CHOICE, MLLP(on_ack[SITE_ON_REJECT]), "retry", .choices = verdicts,
     .help = "MSA-1 is AR; CR counts as AR."},
    {"CA", CONF_CHOICE, MLLP(on_ack[SITE_ON_COMMIT]), "done", .choices = commits,
     .help = "MSA-1 is CA: the receiver has the message. `wait`: only the AA, AE or AR that "
             "follows on the same connection counts."},
    {"none", CONF_CHOICE, MLLP(on_ack[SITE_ON_NONE]), "retry", .choices = verdicts,
     .help = "No answer within `timeout`, the connection ended before, or the answer is no HL7."},
    {"wrong_control_id", CONF_CHOICE, MLLP(on_ack[SITE_ON_WRONG_ID]), "retry", .choices = verdicts,
     .help = "MSA-2 is not MSH-10 of the message that was sent."},
};

/* In the order of enum site_no_form. */
static const char *const no_forms[] = {"skip", "park", NULL};

static const struct conf_option mllp_options[] = {
    {"to", CONF_TEXT, MLLP(to), .required = true,
     .help = "Where messages go: `host:port`; IPv6 as `[::1]:2575`."},
    {"connections", CONF_INT, MLLP(connections), "1", 1, 64,
     .help = "Connections open at once, each with one message under way. Many receivers take one "
             "only."},
    {"connect_timeout", CONF_DURATION, MLLP(connect_timeout), "5s", 1, 86400000,
     .help = "Longest time for a connection to come about."},
    {"timeout", CONF_DURATION, MLLP(timeout), "30s", 1, 86400000,
     .help = "Longest time from the message to its answer. After that the connection is closed, "
             "so that a late answer is nobody's."},
    {"tls", CONF_NODE, MLLP(tls_node), .help = "TLS to the receiver: see below."},
    {"plaintext", CONF_BOOL, MLLP(plaintext), "false",
     .help = "`true`: no `tls`, although `to` is another machine, and whoever listens on the way "
             "reads patient data; each start warns."},
    {"idle_time", CONF_DURATION, MLLP(idle_time), "0", 0, 86400000,
     .help = "A connection on which nothing is sent for so long is closed; 0 = never."},
    {"answer_max", CONF_SIZE, MLLP(answer_max), "256KiB", 256, 64 << 20, .help = "Longest answer."},
    {"on_ack", CONF_NODE, MLLP(on_ack_node), .help = "What an answer means: see below."},
    {"on_no_form", CONF_CHOICE, MLLP(on_no_form), "skip", .choices = no_forms,
     .help = "An event that no message of the format tells (`diagnostic.ordered` as ADT, one of a "
             "FHIR source as `original`): `skip`: counted and passed over; `park`: somebody has to "
             "look, and the patient's later events wait behind it. `event.retracted` is always "
             "parked as `hl7v2`."},
    {"sending_app", CONF_TEXT, MLLP(sending_app),
     .help = "MSH-3, for format hl7v2; not given: that of the source."},
    {"sending_facility", CONF_TEXT, MLLP(sending_facility),
     .help = "MSH-4, for format hl7v2; not given: that of the source."},
    {"receiving_app", CONF_TEXT, MLLP(receiving_app), .help = "MSH-5, for format hl7v2."},
    {"receiving_facility", CONF_TEXT, MLLP(receiving_facility), .help = "MSH-6, for format hl7v2."},
    {"processing_id", CONF_TEXT, MLLP(processing_id), "P",
     .help = "MSH-11, for format hl7v2; what was sent as a test stays `T`."},
};

enum {
    ACK_OPTIONS = sizeof(ack_options) / sizeof(*ack_options),
    MLLP_OPTIONS = sizeof(mllp_options) / sizeof(*mllp_options),
};

/* HL7 v2.4 §2.5.4: no delimiter may stand in these. */
static int check_word(const struct yaml *map, const char *name, struct slice word,
                      struct err *reterr)
{
    for (size_t i = 0; i < word.n; i++)
        if ((unsigned char)word.p[i] < ' ')
            return yaml_err(yaml_at(map, name), reterr, "%s: has a control character", name);
    return 0;
}

/* "host:port", "[v6]:port". */
static int split_address(struct site *s, struct site_mllp_to *m, const struct yaml *node,
                         struct err *reterr)
{
    size_t colon = m->to.n;
    uint64_t port = 0;
    while (colon && m->to.p[colon - 1] != ':')
        colon--;
    struct slice host = slice_sub(m->to, 0, colon ? colon - 1 : 0);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = slice_sub(host, 1, host.n - 1);
    else if (slice_find(host, ':') < host.n)
        host = SLICE("");
    if (!host.n || slice_find(host, ' ') < host.n || slice_find(host, '/') < host.n ||
        !num_u64(slice_sub(m->to, colon, m->to.n), &port) || !port || port > UINT16_MAX)
        return yaml_err(yaml_at(node, "to"), reterr,
                        "to: must be HOST:PORT as in trust.example.nhs.uk:2575 or [::1]:2575");
    m->host = arena_copy(s->arena, host);
    m->port = (uint16_t)port;
    return slice_present(m->host) ? 0 : site_no_room(s, reterr);
}

static bool is_this_machine(const struct site_mllp_to *m)
{
    struct conf_addr addr;
    return slice_eq_str(m->host, "localhost") || (conf_addr_port(m->to, &addr) && addr.loopback);
}

static int read_tls(struct site *s, struct site_mllp_to *m, const struct yaml *node,
                    struct err *reterr)
{
    if (m->tls_node && m->plaintext)
        return yaml_err(yaml_at(node, "plaintext"), reterr,
                        "plaintext: there is tls; leave one of them out");
    if (m->tls_node)
        return site_tls_client_read(m->tls_node, false, s->arena, &m->tls, reterr);
    if (m->plaintext || is_this_machine(m))
        return 0;
    return yaml_err(yaml_at(node, "to"), reterr,
                    "to: another machine is reached without encryption, and whoever listens on "
                    "the way reads patient data; give \"tls\", or plaintext: true if that is "
                    "meant");
}

int site_mllp_to_secrets(struct site *s, struct site_mllp_to *m, struct err *reterr)
{
    return m->tls_node ? site_tls_client_read(m->tls_node, true, s->arena, &m->tls, reterr) : 0;
}

int site_read_mllp_to(struct site *s, const struct yaml *node, struct site_mllp_to *ret,
                      struct err *reterr)
{
    struct site_mllp_to m = {0};
    if (conf_read(node, mllp_options, MLLP_OPTIONS, s->arena, &m, reterr) < 0 ||
        conf_read(m.on_ack_node, ack_options, ACK_OPTIONS, s->arena, &m, reterr) < 0 ||
        check_word(node, "sending_app", m.sending_app, reterr) < 0 ||
        check_word(node, "sending_facility", m.sending_facility, reterr) < 0 ||
        check_word(node, "receiving_app", m.receiving_app, reterr) < 0 ||
        check_word(node, "receiving_facility", m.receiving_facility, reterr) < 0 ||
        check_word(node, "processing_id", m.processing_id, reterr) < 0 ||
        split_address(s, &m, node, reterr) < 0 || read_tls(s, &m, node, reterr) < 0)
        return -1;
    *ret = m;
    return 0;
}

void site_print_mllp_to(struct buf *out)
{
    buf_puts(out, "\n### consumers: `<name>`: mllp\n\n");
    conf_print_options(mllp_options, MLLP_OPTIONS, out);
    buf_puts(out, "\n### consumers: `<name>`: mllp: tls\n\n");
    site_tls_client_print(out);
    buf_puts(out, "\n### consumers: `<name>`: mllp: on_ack\n\n`done`: the consumer has the event. "
                  "`park`: it will never take this one. `retry`: later. `fault`: it takes nothing "
                  "until somebody mends it.\n\n");
    conf_print_options(ack_options, ACK_OPTIONS, out);
}
