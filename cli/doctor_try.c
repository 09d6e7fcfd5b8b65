#include <stdio.h>
#include "clock.h"
#include "doctor.h"
#include "hl7_time.h"

/* The message in a frame behind what stands in d->bytes, with a control id of its own. */
static void put_message(struct doctor *d, const struct hl7_msg *m, struct doctor_header h)
{
    char at[HL7_TIME_SIZE], text[HL7_TIME_SIZE + 1];
    struct slice now = hl7_time_write(clock_wall_ms(), 0, at);
    snprintf(text, sizeof(text), "%.*s", SLICE_ARG(now));
    doctor_control_id(d->start_ms, ++d->no, d->id);
    h.sent_at = text;
    h.control_id = d->id;
    buf_putc(&d->bytes, 0x0b);
    doctor_message_write(&d->bytes, m, &h);
    buf_puts(&d->bytes, "\x1c\r");
    d->report->messages = d->no;
}

/* What stands in d->bytes; false, and said as a fault of that check, where no line comes about. */
static bool ask(struct doctor *d, const char *check, unsigned parts, unsigned wanted,
                struct doctor_reply *ret)
{
    struct err err = {0};
    struct slice bytes = buf_slice(&d->bytes);
    if (doctor_line_ask(&d->line, bytes, parts, wanted, ret, &err) == 0)
        return true;
    doctor_find(d->report, check, DOCTOR_FAULT, "could not be asked: %s", err.text);
    return false;
}

static bool ask_one(struct doctor *d, const char *check, const struct hl7_msg *m,
                    struct doctor_header h, struct doctor_reply *ret)
{
    buf_reset(&d->bytes);
    put_message(d, m, h);
    return ask(d, check, 1, 1, ret);
}

static const char *silence(const struct doctor_reply *r)
{
    return r->broke   ? "the connection is reset"
           : r->ended ? "the connection is closed without an answer"
                      : "no answer comes within --timeout";
}

/* The first of the answers that stands for d->id. */
static const struct doctor_answer *mine(const struct doctor *d, const struct doctor_reply *r)
{
    for (unsigned i = 0; i < r->n && i < DOCTOR_ANSWERS; i++)
        if (r->answers[i].ack && slice_eq(r->answers[i].said.control_id, slice_str(d->id)))
            return &r->answers[i];
    return NULL;
}

static bool try_plain(struct doctor *d)
{
    struct doctor_reply reply;
    if (!ask_one(d, "answer", d->message, (struct doctor_header){0}, &reply))
        return false;
    if (reply.n == 0) {
        doctor_find(d->report, "answer", DOCTOR_FAULT,
                    "%s (%lld ms): weir would send the message again and again (on_ack: none). "
                    "Some drop what is a test (MSH-11 T) or not for them without a word: "
                    "--message FILE sends another",
                    silence(&reply), (long long)d->line.timeout_ms);
        doctor_look_tls(d);
        return false;
    }
    bool ack = reply.answers[0].ack;
    if (!ack)
        doctor_look_tls(d);
    if (d->report->tls && !d->line.tls)
        return false;
    if (ack && !d->line.tls)
        doctor_find(d->report, "tls", DOCTOR_NOTE,
                    "plain text, which everybody on the way can read%s",
                    d->report->far ? "; weir wants plaintext: true for that" : "");
    doctor_judge(d, &reply);
    if (!ack)
        return false;
    d->first = hl7_ack_name(reply.answers[0].said.code);
    if (reply.ended)
        doctor_find(d->report, "stays_open", DOCTOR_NOTE,
                    "closes the connection after its answer: weir connects again for each "
                    "message, which is slow and otherwise harmless");
    return true;
}

/* Only where the first answer left the connection open. */
static void try_again(struct doctor *d)
{
    struct doctor_reply reply;
    if (!d->line.is_open ||
        !ask_one(d, "stays_open", d->message, (struct doctor_header){0}, &reply))
        return;
    if (reply.n)
        doctor_find(d->report, "stays_open", DOCTOR_OK,
                    "a second message on the same connection is answered, too");
    else
        doctor_find(d->report, "stays_open", reply.ended ? DOCTOR_NOTE : DOCTOR_FAULT,
                    "a second message on the same connection: %s. weir sends it again on a new "
                    "one",
                    silence(&reply));
}

static void try_enhanced(struct doctor *d)
{
    struct doctor_reply reply;
    char one[16], two[16];
    if (!ask_one(d, "enhanced", d->message, (struct doctor_header){.acks = "AL"}, &reply))
        return;
    if (reply.n == 0 || !reply.answers[0].ack) {
        doctor_find(d->report, "enhanced", DOCTOR_NOTE,
                    "with MSH-15 and 16 AL: %s. Format `original` sends these fields as the "
                    "source does",
                    reply.n ? "the answer is no ACK" : silence(&reply));
        return;
    }
    doctor_code(&reply.answers[0], one);
    bool commit = reply.answers[0].said.code >= HL7_CA;
    if (commit && reply.n > 1 && reply.answers[1].ack && reply.answers[1].said.code < HL7_CA) {
        doctor_find(d->report, "enhanced", DOCTOR_SET,
                    "with MSH-15 and 16 AL it answers %s and then %s on the same connection: for "
                    "format `original`, CA: wait lets the second decide",
                    one, doctor_code(&reply.answers[1], two));
        doctor_set(d->report, "CA", "wait", true);
    } else {
        doctor_find(d->report, "enhanced", commit ? DOCTOR_NOTE : DOCTOR_OK,
                    commit ? "with MSH-15 and 16 AL it answers %s, and nothing else on this "
                             "connection: the message is taken, what becomes of it is not told"
                           : "with MSH-15 and 16 AL it answers %s: original mode in any case",
                    one);
    }
}

static bool refused(const char *code)
{
    return strcmp(code, "AA") != 0 && strcmp(code, "CA") != 0;
}

static void try_trigger(struct doctor *d)
{
    struct doctor_reply reply;
    char code[16];
    if (!ask_one(d, "unknown_trigger", d->message, (struct doctor_header){.trigger = "Z99"},
                 &reply))
        return;
    const struct doctor_answer *a = &reply.answers[0];
    if (reply.n == 0 || !a->ack) {
        doctor_find(d->report, "unknown_trigger", DOCTOR_FAULT,
                    "a trigger that it cannot know (Z99): %s. weir would send such a message "
                    "again and again: let the route's rule leave out what it cannot use",
                    reply.n ? "the answer is no ACK" : silence(&reply));
        return;
    }
    doctor_code(a, code);
    if (refused(d->first)) {
        doctor_find(d->report, "unknown_trigger", DOCTOR_SKIPPED,
                    "the plain message was refused, too: what becomes of a trigger that it "
                    "cannot know does not show");
    } else if (a->said.code == HL7_AR || a->said.code == HL7_CR) {
        doctor_find(d->report, "unknown_trigger", DOCTOR_SET,
                    "refuses a trigger that it cannot know (Z99) with %s: with AR: retry weir "
                    "sends such a message for ever, with AR: park it goes to the parked ones. Ask "
                    "whether its AR also means `try later`: then leave such messages out by the "
                    "route's rule instead",
                    code);
        doctor_set(d->report, "AR", "park", true);
    } else if (a->said.code == HL7_AA || a->said.code == HL7_CA) {
        doctor_find(d->report, "unknown_trigger", DOCTOR_NOTE,
                    "answers %s to a trigger that it cannot know (Z99): its %s says that a "
                    "message came, not that it was used",
                    code, code);
    } else {
        doctor_find(d->report, "unknown_trigger", DOCTOR_OK,
                    "refuses a trigger that it cannot know (Z99) with %s: weir parks it", code);
    }
}

static void try_junk(struct doctor *d)
{
    struct doctor_reply reply;
    buf_reset(&d->bytes);
    buf_putc(&d->bytes, '\n');
    put_message(d, d->message, (struct doctor_header){0});
    if (!ask(d, "byte_before", 1, 1, &reply))
        return;
    if (reply.n)
        doctor_find(d->report, "byte_before", DOCTOR_OK,
                    "a byte in front of the frame is passed over");
    else
        doctor_find(d->report, "byte_before", DOCTOR_NOTE,
                    "a byte in front of the frame: %s. weir sends none", silence(&reply));
}

static void try_split(struct doctor *d)
{
    struct doctor_reply reply;
    buf_reset(&d->bytes);
    put_message(d, d->message, (struct doctor_header){0});
    if (!ask(d, "split", 4, 1, &reply))
        return;
    if (reply.n == 1 || mine(d, &reply))
        doctor_find(d->report, "split", DOCTOR_OK, "a message in four packets is read as one");
    else
        doctor_find(d->report, "split", DOCTOR_FAULT,
                    "a message in four packets is not read: %s. It takes each packet for a "
                    "message, so every longer one is lost; nothing that a sender sets helps",
                    reply.n ? "it is answered more than once" : silence(&reply));
}

static void try_pipelined(struct doctor *d)
{
    struct doctor_reply reply;
    char first[DOCTOR_ID];
    buf_reset(&d->bytes);
    put_message(d, d->message, (struct doctor_header){0});
    memcpy(first, d->id, sizeof(first));
    put_message(d, d->message, (struct doctor_header){0});
    if (!ask(d, "two_at_once", 1, 2, &reply))
        return;
    bool second = reply.n > 1 && mine(d, &reply);
    if (second && slice_eq(reply.answers[0].said.control_id, slice_str(first)))
        doctor_find(d->report, "two_at_once", DOCTOR_OK,
                    "two messages in one packet are both answered, in order");
    else
        doctor_find(d->report, "two_at_once", DOCTOR_NOTE,
                    "two messages in one packet: %s. weir sends the next after the answer, so "
                    "nothing is lost by it; another sender's may be",
                    reply.n > 1    ? "the answers are not in their order, or name others"
                    : reply.n == 1 ? "only one is answered"
                                   : silence(&reply));
}

static void try_charset(struct doctor *d)
{
    struct doctor_reply reply;
    char code[16];
    if (!d->accent) {
        doctor_find(d->report, "msh18", DOCTOR_SKIPPED, "the message is not UTF-8");
        return;
    }
    if (!ask_one(d, "msh18", d->accent, (struct doctor_header){.charset = "UNICODE UTF-8"}, &reply))
        return;
    const struct doctor_answer *a = &reply.answers[0];
    const char *name = reply.n && a->ack ? hl7_ack_name(a->said.code) : NULL;
    if (name && strcmp(name, d->first) == 0)
        doctor_find(d->report, "msh18", DOCTOR_OK,
                    "UTF-8 text with MSH-18 UNICODE UTF-8 is answered as the plain one is (%s); "
                    "whether it is read well shows on its screen: the given name is Zo\xc3\xab",
                    name);
    else
        doctor_find(d->report, "msh18", DOCTOR_FAULT,
                    "UTF-8 text with MSH-18 UNICODE UTF-8: %s%s, unlike the plain message. A name "
                    "with an accent will not pass: have the receiver take UTF-8",
                    reply.n ? "answered " : "", reply.n ? doctor_code(a, code) : silence(&reply));
}

/* On a second connection, while the first stays open. */
static void try_second(struct doctor *d)
{
    struct doctor_line other;
    struct doctor_reply reply;
    struct err err = {0};
    doctor_look_second(d);
    if (!d->two_open)
        return;
    doctor_line_init(&other, d->line.address, d->line.tls, d->line.server_name, d->line.timeout_ms);
    buf_reset(&d->bytes);
    put_message(d, d->message, (struct doctor_header){0});
    int result = doctor_line_ask(&other, buf_slice(&d->bytes), 1, 1, &reply, &err);
    if (result < 0 || reply.n == 0) {
        doctor_find(d->report, "second_connection", DOCTOR_SET,
                    "takes one connection only: a second one is opened, but %s while the first "
                    "is open. One sender at a time: no other system, and no second broker, may "
                    "be connected",
                    result < 0 ? "nothing can be sent on it" : silence(&reply));
        doctor_set(d->report, "connections", "1", false);
    } else {
        doctor_find(d->report, "second_connection", DOCTOR_OK,
                    "a second connection is answered, too: connections: 1 keeps the order over "
                    "all patients, more are faster");
    }
    doctor_line_fini(&other);
}

void doctor_try(struct doctor *d)
{
    if (!try_plain(d)) {
        doctor_find(d->report, "the_rest", DOCTOR_SKIPPED,
                    "the other checks want an answer that can be read");
        return;
    }
    try_again(d);
    try_enhanced(d);
    try_trigger(d);
    try_junk(d);
    try_split(d);
    try_pipelined(d);
    try_charset(d);
    try_second(d);
}
