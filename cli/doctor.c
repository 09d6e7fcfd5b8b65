/* weir doctor - what an MLLP listener does, and what weir.yaml has to say because of it. */
#include "doctor.h"

#include <stdio.h>
#include "clock.h"
#include "masked_message.h"
#include "message_file.h"
#include "mllp_address.h"
#include "options.h"
#include "plain_text.h"
#include "tls_choice.h"
#include "utf8.h"

enum { ARENA_MAX = 64 * 1024 * 1024, MESSAGES = 10 };

static const struct hl7_limits limits = {100000, 1000000};

struct subject { /* what is sent, and who owns it */
    struct message_file file;
    struct arena arena;
    struct hl7_msg message, accent;
    bool own, utf8;
};

static int parse(struct subject *s, struct slice raw, struct hl7_msg *ret, struct err *reterr)
{
    if (hl7_msg_parse(raw, &limits, &s->arena, ret, reterr) < 0)
        return -1;
    if (ret->segments[0].key != hl7_key(SLICE("MSH")))
        return err_set(reterr, ERR_INPUT, "does not begin with MSH");
    return 0;
}

static int read_own(struct subject *s, const char *name, struct err *reterr)
{
    struct slice raw;
    if (message_file_open(name, &s->file, reterr) < 0)
        return -1;
    s->own = true;
    if (!message_file_next(&s->file, &raw))
        return err_set(reterr, ERR_INPUT, "%s: has no message", name);
    if (parse(s, raw, &s->message, reterr) < 0)
        return err_at(reterr, "%s", name);
    s->accent = s->message;
    s->utf8 = utf8_span(raw) == raw.n;
    return 0;
}

/* The first message of the file, or the one that is made for it. */
static int subject_open(struct subject *s, const char *name, struct err *reterr)
{
    *s = (struct subject){0};
    arena_init(&s->arena, ARENA_MAX);
    if (name)
        return read_own(s, name, reterr);
    s->utf8 = true;
    return parse(s, slice_str(doctor_message_plain), &s->message, reterr) < 0 ||
                   parse(s, slice_str(doctor_message_accent), &s->accent, reterr) < 0
               ? -1
               : 0;
}

static void subject_close(struct subject *s)
{
    if (s->own)
        message_file_close(&s->file);
    arena_fini(&s->arena);
}

static bool is_test(const struct subject *s)
{
    struct hl7_header h;
    hl7_msg_header(&s->message, &h);
    return slice_starts(h.processing_id, SLICE("T"));
}

static void print_message(const struct subject *s, FILE *to)
{
    struct slice left = slice_str(doctor_message_plain);
    if (s->own) {
        masked_message_print(s->message.raw, to);
        return;
    }
    for (struct slice line; (line = slice_split(&left, '\r')).n;) {
        fputs("  ", to);
        plain_put(to, line);
        putc('\n', to);
    }
}

/* Before anything is sent; to standard error where standard output is JSON. */
static void announce(const struct options *o, const struct subject *s, const char *address)
{
    FILE *to = o->json ? stderr : stdout;
    if (o->send)
        fprintf(to, "Sends up to %d messages to %s, as this one,", MESSAGES, address);
    else
        fprintf(to, "Connects to %s, sends no message. With --send: up to %d, as this one,",
                address, MESSAGES);
    fprintf(to, " each with its own MSH-7 and MSH-10 (WEIRdoctor and a number):\n");
    print_message(s, to);
    if (!is_test(s))
        fprintf(to, "MSH-11 is not T: the receiver may take it for a real message.\n");
    putc('\n', to);
    fflush(to);
}

/* false where the examination ended before its end. */
static bool examine(struct doctor *d, bool send)
{
    if (!doctor_look(d))
        return false;
    if (send) {
        doctor_try(d);
        return true;
    }
    doctor_look_tls(d);
    doctor_look_second(d);
    if (d->two_open)
        doctor_find(d->report, "second_connection", DOCTOR_OK,
                    "a second connection is kept open; whether it is answered shows with --send");
    return true;
}

static bool is_far(const char *address)
{
    char host[MLLP_HOST];
    return mllp_address_host(address, host) && strcmp(host, "localhost") != 0 &&
           strncmp(host, "127.", 4) != 0 && strcmp(host, "::1") != 0;
}

/* The exit code, or -1. */
static int doctor(const struct options *o, const struct subject *s, const char *address,
                  struct err *reterr)
{
    struct doctor_report r = {.address = address,
                              .sent = o->send,
                              .ca = o->ca,
                              .cert = o->cert,
                              .key = o->key,
                              .server_name = o->server_name,
                              .tls = o->tls,
                              .far = is_far(address)};
    struct doctor d = {.report = &r,
                       .message = &s->message,
                       .accent = s->utf8 ? &s->accent : NULL,
                       .start_ms = clock_wall_ms()};
    struct tls *tls;
    if (tls_choice_open(o, &tls, reterr) < 0)
        return -1;
    announce(o, s, address);
    buf_init(&d.bytes, DOCTOR_BYTES_MAX);
    doctor_line_init(&d.line, address, tls, o->server_name, o->timeout_ms);
    r.away = !examine(&d, o->send);
    int code = r.away ? EXIT_AWAY : doctor_found(&r) ? EXIT_FOUND : 0;
    doctor_line_fini(&d.line);
    buf_fini(&d.bytes);
    tls_close(tls);
    if (!o->json)
        doctor_print(&r, stdout);
    else if (doctor_print_json(&r, stdout, reterr) < 0)
        return -1;
    return code;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct subject s;
    struct addrinfo *found = NULL;
    struct err err = {0};
    int code =
        options_read(self, OPTION_TIMEOUT | OPTION_TLS | OPTION_JSON | OPTION_SEND, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest + 1 != argc)
        return verb_usage(self, "wanted: HOST:PORT");
    if (o.timeout_ms == 0)
        return verb_usage(self, "--timeout must be longer than 0");
    if (mllp_address_resolve(argv[o.rest], &found, &err) < 0)
        return verb_fail(self, &err);
    freeaddrinfo(found);
    code = subject_open(&s, o.message, &err);
    if (code == 0)
        code = doctor(&o, &s, argv[o.rest], &err);
    subject_close(&s);
    return code < 0 ? verb_fail(self, &err) : code;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "say what an MLLP listener does, and what to set because of it",
    .help =
        "Use: weir doctor [--send] [--message FILE] [--timeout 10s] [--json] [--tls ...] "
        "HOST:PORT\n\n"
        "Without --send it only connects: does it listen, does it speak TLS, does it take a second "
        "connection.\n"
        "With --send it also sends up to 10 test messages, which are shown first, and says how "
        "they are answered: framed or not,\n"
        "end bytes, MSA-2, CA or AA, MSH-15/16, a trigger that it cannot know, MSH-18, two "
        "messages in a packet, one in several.\n"
        "Each finding is a line: ok, note (weir bears it), set (weir.yaml wants a setting), fault "
        "(the receiver wants mending), skipped;\n"
        "at the end the consumer as weir.yaml has it. docs/doctor.md says more.\n\n"
        "The message is an ADT^A31 with MSH-11 T and no visit, about a patient XXTESTPATIENT whose "
        "NHS number nobody has.\n"
        "  --message FILE      the first message of FILE instead (shown masked); only MSH-7, "
        "MSH-9.2, 10, 15, 16 and 18 are changed\n"
        "  --timeout 10s       longest wait for a connection and for each answer\n"
        "  --json              the findings as one object\n"
        "  --tls, --ca FILE, --cert FILE, --key FILE, --server-name NAME: as for weir send\n\n"
        "Ends with 0 when weir would bear all of it, 1 when something wants a setting or mending, "
        "75 when no connection came about.\n\n"
        "Example: weir doctor whiteboard.rzz.nhs.uk:2575\n"
        "Example: weir doctor --send --timeout 30s whiteboard.rzz.nhs.uk:2575\n",
    .run = run,
};
