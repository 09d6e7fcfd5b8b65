/* weir send - messages to an MLLP listener, one after the other, each answer printed; or files into
 * a drop folder. */
#include <stdio.h>
#include "drop.h"
#include "hl7_ack.h"
#include "hl7_msg.h"
#include "message_file.h"
#include "mllp_call.h"
#include "options.h"
#include "plain_text.h"
#include "tls_choice.h"

enum { ARENA_MAX = 64 * 1024 * 1024 };

static const struct hl7_limits limits = {100000, 1000000};

static struct slice control_id(struct slice raw, struct arena *arena)
{
    struct hl7_msg m;
    struct hl7_header h;
    struct err ignored = {0};
    if (hl7_msg_parse(raw, &limits, arena, &m, &ignored) < 0)
        return SLICE_ABSENT;
    hl7_msg_header(&m, &h);
    return h.control_id;
}

/* Prints "CONTROL-ID AA" and what was wrong; true when the message was accepted. */
static bool report(struct slice sent, const struct hl7_answer *a)
{
    bool accepted = a->code == HL7_AA || a->code == HL7_CA;
    bool same = slice_eq(sent, a->control_id);
    plain_put(stdout, sent.n ? sent : SLICE("-"));
    printf(" %s%s", hl7_ack_name(a->code), a->text.n ? " " : "");
    plain_put(stdout, a->text);
    if (!same) {
        printf(" (answers ");
        plain_put(stdout, a->control_id.n ? a->control_id : SLICE("nothing"));
        printf(", not this message)");
    }
    printf("\n");
    return accepted && same;
}

static int send_file(struct mllp_call *c, const char *file, struct arena *arena, bool *ret_refused,
                     struct err *reterr)
{
    struct message_file f;
    struct slice raw, back;
    struct hl7_answer a;
    if (message_file_open(file, &f, reterr) < 0)
        return -1;
    int result = 0;
    while (result == 0 && message_file_next(&f, &raw)) {
        arena_reset(arena);
        result = mllp_call_send(c, raw, &back, reterr);
        if (result == 0)
            result = hl7_ack_read(back, arena, &a, reterr);
        if (result == 0 && !report(control_id(raw, arena), &a))
            *ret_refused = true;
        if (result < 0)
            err_at(reterr, "%s: message %u", file, f.no);
    }
    message_file_close(&f);
    return result;
}

static int send_all(const struct options *o, int argc, char **argv, bool *ret_refused,
                    struct err *reterr)
{
    struct mllp_call c;
    struct arena arena;
    struct tls *tls;
    if (tls_choice_open(o, &tls, reterr) < 0)
        return -1;
    int result = mllp_call_open(argv[o->rest], tls, o->server_name, o->timeout_ms, &c, reterr);
    if (result == 0) {
        arena_init(&arena, ARENA_MAX);
        for (int i = o->rest + 1; result == 0 && i < argc; i++)
            result = send_file(&c, argv[i], &arena, ret_refused, reterr);
        arena_fini(&arena);
        mllp_call_close(&c);
    }
    tls_close(tls);
    return result;
}

static int drop_all(const struct options *o, int argc, char **argv, bool *ret_refused,
                    struct err *reterr)
{
    int result = 0;
    for (int i = o->rest + 1; result == 0 && i < argc; i++)
        result = drop_file(argv[o->rest], argv[i], o->timeout_ms, ret_refused, reterr);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    bool refused = false;
    int code = options_read(self, OPTION_TIMEOUT | OPTION_TLS, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest + 1 >= argc)
        return verb_usage(self, "wanted: HOST:PORT or FOLDER/ and at least one FILE");
    bool folder = drop_is_folder(argv[o.rest]);
    if (folder && o.tls)
        return verb_usage(self, "TLS is for HOST:PORT; %s is a folder", argv[o.rest]);
    if ((folder ? drop_all : send_all)(&o, argc, argv, &refused, &err) < 0)
        return verb_fail(self, &err);
    return refused ? EXIT_FOUND : 0;
}

const struct verb verb_send = {
    .name = "send",
    .summary = "send messages to an MLLP listener and print each ACK, or drop files",
    .help = "Use: weir send [--timeout 10s] [--tls ...] HOST:PORT FILE ...\n"
            "     weir send [--timeout 10s] FOLDER/ FILE ...\n\n"
            "Files as for translate. Prints one line a message: its control id, the code of the "
            "answer (AA, AE, AR, ...), and what the receiver says\n"
            "is wrong. Waits for each answer before the next message. Exit code 1 when some "
            "message was not accepted.\n\n"
            "A folder is the drop folder of a source (docs/files.md): each file is put there "
            "whole, under a name of its own, and its report waited for\n"
            "and printed; one that nobody takes within the timeout is taken out again. Exit code "
            "1 when one went to bad/.\n\n"
            "TLS, with any of these:\n"
            "  --tls               the receiver's certificate is checked against the system's "
            "authorities\n"
            "  --ca FILE           or against these (PEM)\n"
            "  --server-name NAME  it must bear this name or address; else that of HOST\n"
            "  --cert FILE --key FILE  the certificate to show (PEM), and its key\n\n"
            "Example: weir send 127.0.0.1:2575 config/demo/one.hl7\n"
            "Example: weir send --timeout 1m /srv/weir/pas-history/ config/demo/one.hl7\n"
            "Example: weir send --ca ca.pem --cert pas.pem --key pas.key weir.rzz.nhs.uk:2575 "
            "one.hl7\n",
    .run = run,
};
