#include "doctor.h"

#include <poll.h>
#include "clock.h"

enum { HELLO_MAX_MS = 2000 };

static bool report_handshake(struct doctor *d, const struct mllp_call *c, const struct err *e)
{
    struct doctor_report *r = d->report;
    enum tls_fault fault = c->tls ? tls_link_fault(c->tls) : TLS_BROKEN;
    const char *more = "";
    if (fault == TLS_PLAIN_TEXT)
        more = ". It speaks plain text: leave out --tls, and have whoever runs it turn TLS on";
    else if (fault == TLS_CERTIFICATE)
        more = ". weir refuses it, too: --ca FILE (tls: ca_file) names its authority, "
               "--server-name (tls: server_name) the name that it bears";
    else if (fault == TLS_REFUSED_BY)
        more = ". It may want a certificate of ours: --cert FILE --key FILE (tls: cert_file, "
               "key_file)";
    doctor_find(r, "tls", DOCTOR_FAULT, "no connection under TLS: %s%s", e->text, more);
    return false;
}

static bool look_secure(struct doctor *d)
{
    struct doctor_line *l = &d->line;
    struct err err = {0};
    char cipher[64];
    if (!l->tls)
        return true;
    if (mllp_call_secure(&l->call, l->address, l->tls, l->server_name, &err) < 0)
        return report_handshake(d, &l->call, &err);
    tls_link_cipher(l->call.tls, cipher);
    doctor_find(d->report, "tls", DOCTOR_OK, "TLS holds: %s; its certificate is %s", cipher,
                tls_link_subject(l->call.tls));
    return true;
}

static bool look_silent(struct doctor *d)
{
    switch (doctor_line_listen(&d->line, DOCTOR_SETTLE_MS)) {
    case MLLP_CAME_NOTHING:
        return true;
    case MLLP_CAME_BYTES:
        doctor_find(d->report, "speaks_first", DOCTOR_FAULT,
                    "sends bytes before it is asked anything: an MLLP listener waits for a "
                    "message. Is this the right port?");
        doctor_line_close(&d->line);
        return true;
    case MLLP_CAME_END:
    case MLLP_CAME_BREAK:
        break;
    }
    doctor_find(d->report, "speaks_first", DOCTOR_FAULT,
                "closes each connection at once: it may know its senders by address and not this "
                "machine's, be stopped behind a gateway that still listens, or have its only "
                "connection taken by another sender");
    return false;
}

bool doctor_look(struct doctor *d)
{
    struct doctor_line *l = &d->line;
    struct err err = {0};
    int64_t start = clock_mono_ms();
    if (mllp_call_connect(l->address, l->timeout_ms, &l->call, &err) < 0) {
        doctor_find(d->report, "listens", DOCTOR_FAULT,
                    "no connection: %s. Refused: nobody listens there; no answer: a firewall, or "
                    "the wrong address",
                    err.text);
        return false;
    }
    l->is_open = l->was_open = true;
    doctor_find(d->report, "listens", DOCTOR_OK, "takes a connection, in %lld ms",
                (long long)(clock_mono_ms() - start));
    return look_secure(d) && look_silent(d);
}

/* A TLS hello on a connection of its own. To an MLLP listener these are bytes in no frame. */
static enum tls_fault say_hello(struct doctor *d, struct err *reterr)
{
    struct tls_options none = {0};
    struct mllp_call c;
    struct tls *tls;
    int64_t most = d->line.timeout_ms < HELLO_MAX_MS ? d->line.timeout_ms : HELLO_MAX_MS;
    enum tls_fault fault = TLS_SLOW;
    if (tls_open(&none, &tls, reterr) < 0)
        return TLS_SLOW;
    if (mllp_call_connect(d->line.address, most, &c, reterr) == 0) {
        if (mllp_call_secure(&c, d->line.address, tls, d->line.server_name, reterr) == 0)
            fault = TLS_NO_FAULT;
        else if (c.tls && tls_link_fault(c.tls) != TLS_NO_FAULT)
            fault = tls_link_fault(c.tls);
        mllp_call_close(&c);
    }
    tls_close(tls);
    return fault;
}

void doctor_look_tls(struct doctor *d)
{
    struct err err = {0};
    if (d->line.tls)
        return;
    doctor_line_close(&d->line);
    enum tls_fault fault = say_hello(d, &err);
    if (fault == TLS_NO_FAULT || fault == TLS_CERTIFICATE || fault == TLS_REFUSED_BY) {
        d->report->tls = true;
        doctor_find(d->report, "tls", DOCTOR_SET,
                    "speaks TLS: ask again with --tls (and --ca, --cert, --key, --server-name)");
    } else {
        doctor_find(d->report, "tls", DOCTOR_NOTE,
                    "does not answer to TLS: plain text, which everybody on the way can read%s",
                    d->report->far ? "; weir wants plaintext: true for that" : "");
    }
}

static bool is_gone(enum mllp_came came)
{
    return came == MLLP_CAME_END || came == MLLP_CAME_BREAK;
}

static void one_only(struct doctor *d, const char *how)
{
    doctor_find(d->report, "second_connection", DOCTOR_SET,
                "takes one connection only: a second one %s. One sender at a time: no other "
                "system, and no second broker, may be connected",
                how);
    doctor_set(d->report, "connections", "1", false);
}

void doctor_look_second(struct doctor *d)
{
    struct mllp_call c;
    struct slice some;
    struct err err = {0};
    struct doctor_line *l = &d->line;
    if (doctor_line_open(l, &err) < 0) {
        doctor_find(d->report, "second_connection", DOCTOR_SKIPPED, "%s", err.text);
        return;
    }
    if (mllp_call_open(l->address, l->tls, l->server_name, l->timeout_ms, &c, &err) < 0) {
        one_only(d, "is refused while the first is open");
        return;
    }
    if (is_gone(mllp_call_read(&c, DOCTOR_SETTLE_MS, &some)))
        one_only(d, "is closed at once while the first is open");
    else if (is_gone(doctor_line_listen(l, DOCTOR_SETTLE_MS)))
        one_only(d, "ends the first");
    else
        d->two_open = true;
    mllp_call_close(&c);
}
