#include "consumer_mllp.h"

#include <stdio.h>
#include <stdlib.h>
#include "adt_write.h"
#include "event_id.h"
#include "log.h"
#include "originals.h"
#include "proc_tls.h"
#include "rfc3339.h"

enum {
    ARENA = 16 * 1024 * 1024,
    MESSAGE_MAX = 8 * 1024 * 1024,
    READ_BUFFER = 64 * 1024,
    RECENT = 1024, /* messages that were delivered and are known to have been */
};

/* One event on its way. */
struct errand {
    struct consumer *consumer;
    struct mllp_link *link;
    struct errand *next; /* spare, or due */
    void *ticket;
    char message_id[EVENT_ID_MESSAGE]; /* of the message that the event was made of */
    bool of_message;
    struct sched_verdict due; /* what could not be sent */
    char text[CONSUMER_MLLP_TEXT];
};
struct consumer {
    struct consumer_options o;
    const struct site_mllp_to *conf;
    struct conn_shared *shared;
    struct tls *tls;             /* NULL: plain text */
    struct originals *originals; /* format original; else NULL */
    struct errand *errands, *spare, *due;
    unsigned n;
    struct loop_timer *soon;
    struct digest *sha;
    struct arena arena;
    struct buf message;
    char (*recent)[EVENT_ID_MESSAGE]; /* a ring; format original */
    unsigned recent_at, nrecent;
};

/* ---- what an answer means ---- */

static enum site_on_ack kind_of(const struct mllp_result *r)
{
    if (r->outcome == MLLP_WRONG_ID)
        return SITE_ON_WRONG_ID;
    if (r->outcome != MLLP_ANSWERED)
        return SITE_ON_NONE;
    switch (r->code) {
    case HL7_AA:
        return SITE_ON_ACCEPT;
    case HL7_CA:
        return SITE_ON_COMMIT;
    case HL7_AE:
    case HL7_CE:
        return SITE_ON_ERROR;
    case HL7_AR:
    case HL7_CR:
        return SITE_ON_REJECT;
    }
    return SITE_ON_NONE;
}

static enum sched_verdict_kind verdict_of(const struct site_mllp_to *conf,
                                          const struct mllp_result *r)
{
    enum site_on_ack kind = kind_of(r);
    if (r->outcome == MLLP_NO_CONNECTION)
        return SCHED_RETRY;
    if (r->outcome == MLLP_NO_TRUST)
        return SCHED_FAULT;
    switch ((enum site_ack_means)conf->on_ack[kind]) {
    case SITE_ACK_DONE:
        return SCHED_OK;
    case SITE_ACK_PARK:
        /* The receiver itself says that it may take the same message later. */
        return r->later && kind == SITE_ON_ERROR ? SCHED_RETRY : SCHED_PARK;
    case SITE_ACK_FAULT:
        return SCHED_FAULT;
    case SITE_ACK_RETRY:
    case SITE_ACK_WAIT:
        break;
    }
    return SCHED_RETRY;
}

void consumer_mllp_judge(const struct site_mllp_to *conf, const struct mllp_result *r,
                         char text[CONSUMER_MLLP_TEXT], struct sched_verdict *ret)
{
    if (r->outcome != MLLP_ANSWERED)
        snprintf(text, CONSUMER_MLLP_TEXT, "%.*s", CONSUMER_MLLP_TEXT - 1, r->why);
    else if (r->error)
        snprintf(text, CONSUMER_MLLP_TEXT, "answered %s, error %u", hl7_ack_name(r->code),
                 r->error);
    else
        snprintf(text, CONSUMER_MLLP_TEXT, "answered %s", hl7_ack_name(r->code));
    *ret = (struct sched_verdict){.kind = verdict_of(conf, r), .retry_after = -1, .reason = text};
    if (ret->kind == SCHED_OK)
        ret->reason = NULL;
}

/* ---- one message, several events ---- */

static bool was_delivered(const struct consumer *c, const struct errand *e)
{
    for (unsigned i = 0; e->of_message && i < c->nrecent; i++)
        if (memcmp(c->recent[i], e->message_id, EVENT_ID_MESSAGE) == 0)
            return true;
    return false;
}

static void remember(struct consumer *c, const struct errand *e)
{
    if (!e->of_message || was_delivered(c, e))
        return;
    memcpy(c->recent[c->recent_at], e->message_id, EVENT_ID_MESSAGE);
    c->recent_at = (c->recent_at + 1) % RECENT;
    c->nrecent += c->nrecent < RECENT;
}

/* ---- verdicts ---- */

static void end(struct errand *e, const struct sched_verdict *v)
{
    struct consumer *c = e->consumer;
    void *ticket = e->ticket;
    if (v->kind == SCHED_OK)
        remember(c, e);
    e->next = c->spare;
    c->spare = e;
    c->o.verdict(c->o.arg, ticket, v);
}

static void on_result(void *arg, const struct mllp_result *r)
{
    struct errand *e = arg;
    char text[CONSUMER_MLLP_TEXT];
    struct sched_verdict v;
    consumer_mllp_judge(e->consumer->conf, r, text, &v);
    end(e, &v);
}

static void on_soon(void *arg)
{
    struct consumer *c = arg;
    while (c->due) {
        struct errand *e = c->due;
        char text[CONSUMER_MLLP_TEXT];
        struct sched_verdict v = e->due;
        memcpy(text, e->text, sizeof(text));
        v.reason = v.kind == SCHED_OK || v.kind == SCHED_SKIP ? NULL : text;
        c->due = e->next;
        end(e, &v);
    }
}

/* The verdict of what is not sent: never from within send. */
static void later(struct errand *e, enum sched_verdict_kind kind, const char *why)
{
    struct consumer *c = e->consumer;
    e->due = (struct sched_verdict){.kind = kind, .retry_after = -1};
    snprintf(e->text, sizeof(e->text), "%.*s", CONSUMER_MLLP_TEXT - 1, why);
    e->next = c->due;
    c->due = e;
    loop_timer_start(c->soon, 0);
}

/* ---- messages ---- */

/* No message of the format tells such an event. */
static void send_nothing(struct errand *e, const char *why)
{
    bool skip = e->consumer->conf->on_no_form == SITE_NO_FORM_SKIP;
    later(e, skip ? SCHED_SKIP : SCHED_PARK, why);
}

/* What takes back an event that the receiver has is nothing to pass over. */
static bool has_no_form(const struct event *event)
{
    struct adt_form form;
    return !adt_form_of(event, &form) &&
           !slice_eq_str(event_get(event, EV_TYPE), "event.retracted");
}

static void send_adt(struct errand *e, const struct event *event, struct slice id)
{
    struct consumer *c = e->consumer;
    const struct adt_options o = {.sending_app = c->conf->sending_app,
                                  .sending_facility = c->conf->sending_facility,
                                  .receiving_app = c->conf->receiving_app,
                                  .receiving_facility = c->conf->receiving_facility,
                                  .processing_id = c->conf->processing_id};
    char text[ADT_CONTROL_ID];
    struct slice control_id = adt_control_id(c->sha, id, text);
    struct err err = {0};
    if (has_no_form(event)) {
        send_nothing(e, "no ADT message tells such an event");
        return;
    }
    buf_reset(&c->message);
    if (adt_write(&c->message, event, &o, control_id, &err) < 0)
        later(e, SCHED_PARK, err.text);
    else if (!buf_ok(&c->message))
        later(e, SCHED_PARK, "the message made of the event is too long");
    else
        mllp_link_send(e->link, buf_slice(&c->message), control_id);
}

/* MSH-10 of a message, from its first segment alone. */
static struct slice control_id_of(struct consumer *c, struct slice message)
{
    static const struct hl7_limits limits = {.segments = 1, .fields = 1000};
    struct hl7_msg m;
    struct hl7_header h;
    struct err err = {0};
    size_t n = 0;
    arena_reset(&c->arena);
    while (n < message.n && message.p[n] != '\r' && message.p[n] != '\n')
        n++;
    if (hl7_msg_parse(slice_sub(message, 0, n), &limits, &c->arena, &m, &err) < 0)
        return SLICE_ABSENT;
    hl7_msg_header(&m, &h);
    return h.control_id;
}

static void on_original(void *arg, struct slice message, const struct err *why)
{
    struct errand *e = arg;
    if (why)
        later(e, why->code == ERR_REFUSED ? SCHED_PARK : SCHED_RETRY, why->text);
    else
        mllp_link_send(e->link, message, control_id_of(e->consumer, message));
}

static void send_original(struct errand *e, const struct event *event,
                          const struct consumer_event *out)
{
    struct consumer *c = e->consumer;
    struct slice sha256 = event_get(event, EV_DATA_ORIGIN_SHA256);
    int64_t received;
    int offset;
    e->of_message = out->id.n > EVENT_ID_MESSAGE && out->id.p[EVENT_ID_MESSAGE] == '-';
    if (e->of_message)
        memcpy(e->message_id, out->id.p, EVENT_ID_MESSAGE);
    if (!slice_eq_str(event_get(event, EV_DATA_ORIGIN_FORMAT), "hl7v2") || !sha256.n) {
        send_nothing(e, "the event was not made of an HL7 v2 message");
        return;
    }
    if (was_delivered(c, e)) {
        later(e, SCHED_OK, "");
        return;
    }
    if (!rfc3339_read(out->received, &received, &offset))
        received = out->time_ms;
    originals_ask(c->originals, sha256, received, out->time_ms, on_original, e);
}

static void mllp_send(struct consumer *c, const struct consumer_event *out, void *ticket)
{
    struct errand *e = c->spare;
    struct event *event;
    struct err err = {0};
    c->spare = e->next;
    e->ticket = ticket;
    e->of_message = false;
    arena_reset(&c->arena);
    if (event_decode(out->json, &c->arena, &event, &err) < 0)
        later(e, SCHED_PARK, "the event cannot be read");
    else if (c->originals)
        send_original(e, event, out);
    else
        send_adt(e, event, out->id);
}

/* ---- opening ---- */

static unsigned mllp_in_flight(const struct site_consumer *conf)
{
    int64_t n = conf->mllp.connections;
    return (unsigned)(n < conf->in_flight ? n : conf->in_flight);
}

static void mllp_close(struct consumer *c)
{
    if (!c)
        return;
    originals_close(c->originals);
    for (unsigned i = 0; i < c->n; i++)
        mllp_link_close(c->errands[i].link);
    loop_timer_remove(c->soon);
    conn_shared_close(c->shared);
    tls_close(c->tls);
    digest_close(c->sha);
    arena_fini(&c->arena);
    buf_fini(&c->message);
    free(c->recent);
    free(c->errands);
    free(c);
}

static int open_links(struct consumer *c, struct err *reterr)
{
    const struct site_mllp_to *m = c->conf;
    const struct mllp_link_options lo = {
        .loop = c->o.loop,
        .shared = c->shared,
        .host = m->host.p,
        .port = m->port,
        .connect_timeout = m->connect_timeout,
        .timeout = m->timeout,
        .idle_time = m->idle_time,
        .answer_max = m->answer_max,
        .tls = c->tls,
        .server_name = slice_present(m->tls.server_name) ? m->tls.server_name.p : NULL,
        .wait = m->on_ack[SITE_ON_COMMIT] == SITE_ACK_WAIT,
    };
    unsigned n = mllp_in_flight(c->o.conf);
    c->errands = calloc(n, sizeof(*c->errands));
    if (!c->errands)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    for (; c->n < n; c->n++) {
        struct errand *e = &c->errands[c->n];
        if (mllp_link_open(&lo, on_result, e, &e->link, reterr) < 0)
            return -1;
        e->consumer = c;
        e->next = c->spare;
        c->spare = e;
    }
    return 0;
}

static int open_tls(struct consumer *c, struct err *reterr)
{
    if (c->conf->plaintext)
        log_line(LOG_WARN, "mllp.plaintext",
                 "consumer=%.*s gets patient data without encryption (plaintext: true): keep it on "
                 "a network of its own",
                 SLICE_ARG(c->o.conf->name));
    return c->conf->tls_node ? proc_tls_client(&c->conf->tls, &c->tls, reterr) : 0;
}

static int open_originals(struct consumer *c, struct err *reterr)
{
    if (!slice_eq_str(c->o.conf->format, "original"))
        return 0;
    c->recent = calloc(RECENT, sizeof(*c->recent));
    if (!c->recent)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    return originals_open(c->o.stream, c->o.loop, &c->originals, reterr);
}

static int mllp_open(const struct consumer_options *o, struct consumer **ret, struct err *reterr)
{
    struct consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    c->o = *o;
    c->conf = &o->conf->mllp;
    arena_init(&c->arena, ARENA);
    buf_init(&c->message, MESSAGE_MAX);
    if (conn_shared_open(READ_BUFFER, &c->shared, reterr) < 0 ||
        digest_open(SLICE_ABSENT, &c->sha, reterr) < 0 ||
        loop_timer_add(o->loop, on_soon, c, &c->soon, reterr) < 0 || open_tls(c, reterr) < 0 ||
        open_links(c, reterr) < 0 || open_originals(c, reterr) < 0) {
        mllp_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

const struct consumer_kind consumer_mllp = {
    .name = "mllp",
    .open = mllp_open,
    .close = mllp_close,
    .in_flight = mllp_in_flight,
    .send = mllp_send,
};
