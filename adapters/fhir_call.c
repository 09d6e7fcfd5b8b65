#include "fhir_call.h"

#include <stdlib.h>
#include "fhir_kept.h"
#include "fhir_profile.h"
#include "fhir_restricted.h"
#include "hl7_ack.h"

/* One document of a request. */
struct part {
    struct reply *reply; /* NULL: not taken */
    bool done;
};

struct fhir_call {
    struct reply_to to; /* first: the intake knows the call by it */
    struct fhir_call *prev, *next;
    struct fhir_port *port;
    struct http_exchange *exchange; /* NULL: gone */
    struct fhir_request request;
    unsigned n, at, waiting;
    bool batch, taking;
    bool fits;                        /* the document was found to be what the request says */
    bool other;                       /* another request had its ids */
    struct request_mark mark, bundle; /* what is remembered once it is taken */
    struct fhir_answer *answers;      /* of the parts */
    struct part parts[];
};

static struct fhir_call *call_of(struct reply_to *to)
{
    return (struct fhir_call *)to;
}

static void answer_later(struct fhir_answer *a)
{
    fhir_answer_no(a, 503, "transient",
                   SLICE("it could not be made durable now: send it again later"));
}

static void unlink_call(struct fhir_call *c)
{
    if (c->prev)
        c->prev->next = c->next;
    else
        c->port->first = c->next;
    if (c->next)
        c->next->prev = c->prev;
}

static void call_free(struct fhir_call *c)
{
    unlink_call(c);
    for (unsigned i = 0; i < c->n; i++)
        fhir_answer_fini(&c->answers[i]);
    free(c->answers);
    free(c);
}

static const struct site_fhir *conf_of(const struct fhir_port *p)
{
    return &p->source->conf->fhir;
}

static void remember(struct fhir_call *c)
{
    if (c->n != 1 || c->answers[0].status >= 300)
        return;
    request_memory_put(&c->port->seen, &c->mark);
    request_memory_put(&c->port->seen, &c->bundle);
}

static void finish(struct fhir_call *c)
{
    struct fhir_port *p = c->port;
    struct http_exchange *x = c->exchange;
    remember(c);
    if (x && c->batch) {
        struct fhir_answer all;
        fhir_answer_init(&all, conf_of(p)->profile);
        fhir_answer_batch(&all, c->answers, c->n);
        fhir_port_send(p, x, &c->request, &all, NULL);
        fhir_answer_fini(&all);
    } else if (x) {
        fhir_port_send(p, x, &c->request, &c->answers[0], NULL);
    }
    for (unsigned i = 0; i < c->n; i++)
        if (c->parts[i].reply)
            reply_give_back(&p->intake->pool, c->parts[i].reply);
    call_free(c);
}

static void on_ready(struct reply_to *to, struct reply *r)
{
    struct fhir_call *c = call_of(to);
    struct part *p = &c->parts[r->at];
    p->reply = r;
    p->done = true;
    if (r->later)
        answer_later(&c->answers[r->at]);
    c->waiting--;
    if (!c->waiting && !c->taking)
        finish(c);
}

static void on_later(struct reply_to *to)
{
    (void)to;
}

static bool conflict(struct translate_reason *ret, struct slice expression, struct slice text)
{
    *ret = (struct translate_reason){
        .code = HL7_DUPLICATE_KEY, .expression = expression, .text = text};
    return true;
}

/* What is not durable yet is not remembered yet: who uses its name for something else is told. The
 * same once more is not, and is answered like the first, which may fail yet. */
static enum request_seen seen_as(const struct fhir_port *p, const struct request_mark *k)
{
    enum request_seen seen = request_memory_look(&p->seen, k);
    for (const struct fhir_call *c = p->first; c && seen == REQUEST_NEW; c = c->next)
        if (c->n == 1 && c->answers[0].status < 300 &&
            (request_mark_seen(&c->mark, k) == REQUEST_OTHER ||
             request_mark_seen(&c->bundle, k) == REQUEST_OTHER))
            seen = REQUEST_OTHER;
    return seen;
}

/* FHIR R4 §2.4.3.1: the id of a Bundle is never that of another message. */
static bool bundle_was_another(struct fhir_call *c, const struct translation *t,
                               struct translate_reason *ret)
{
    struct fhir_port *p = c->port;
    const struct slice name[2] = {SLICE("Bundle"), json_text(t->fhir->root, "id")};
    if (!conf_of(p)->unique_bundles || c->request.ask != FHIR_ASK_MESSAGE || !name[1].n)
        return false;
    c->bundle = request_mark(p->intake->digest, name, t->control_id);
    return seen_as(p, &c->bundle) == REQUEST_OTHER &&
           conflict(ret, SLICE("Bundle.id"), SLICE("another message had this Bundle.id"));
}

static bool on_refuses(struct reply_to *to, const struct translation *t,
                       struct translate_reason *ret)
{
    struct fhir_call *c = call_of(to);
    const struct site_fhir *conf = conf_of(c->port);
    if (!t->fhir || t->verdict == TRANSLATE_REFUSED)
        return false;
    if (c->other)
        return conflict(ret, SLICE_ABSENT,
                        SLICE("another message had this X-Request-ID and X-Correlation-ID"));
    return (!c->fits && fhir_answer_misfit(conf, &c->request, t->fhir, ret)) ||
           fhir_profile_misfit(conf, &c->request, t, ret) || bundle_was_another(c, t, ret);
}

static void on_answer(struct reply_to *to, struct reply *r, const struct translation *t)
{
    struct fhir_call *c = call_of(to);
    struct fhir_answer *a = &c->answers[c->at];
    r->at = c->at;
    if (t->verdict == TRANSLATE_REFUSED || !t->fhir)
        fhir_answer_refused(a, &c->request, t);
    else
        fhir_answer_taken(a, &c->request, t);
}

static void on_gone(void *arg)
{
    struct fhir_call *c = arg;
    c->exchange = NULL;
}

static struct fhir_call *call_new(struct fhir_port *p, struct http_exchange *x,
                                  const struct fhir_request *r, unsigned n)
{
    struct fhir_call *c = calloc(1, sizeof(*c) + n * sizeof(c->parts[0]));
    struct fhir_answer *answers = calloc(n + 1, sizeof(*answers)); /* a batch may be empty */
    if (!c || !answers) {
        free(c);
        free(answers);
        return NULL;
    }
    *c = (struct fhir_call){
        .port = p, .exchange = x, .request = *r, .n = n, .waiting = n, .answers = answers};
    c->to = (struct reply_to){
        .ready = on_ready, .later = on_later, .refuses = on_refuses, .answer = on_answer};
    for (unsigned i = 0; i < n; i++)
        fhir_answer_init(&answers[i], conf_of(p)->profile);
    c->next = p->first;
    if (p->first)
        p->first->prev = c;
    p->first = c;
    http_defer(x, on_gone, c);
    return c;
}

static void take(struct fhir_call *c, struct slice raw)
{
    struct part *p = &c->parts[c->at];
    struct reply *r = intake_message(c->port->intake, c->port->source, &c->to, raw);
    if (r) {
        p->reply = r;
        return;
    }
    answer_later(&c->answers[c->at]);
    p->done = true;
    c->waiting--;
}

static void take_batch(struct fhir_call *c, const struct fhir_doc *doc)
{
    struct fhir_port *p = c->port;
    struct fhir_restricted hidden;
    fhir_restricted_find(doc, &p->arena, &hidden);
    for (c->at = 0; c->at < c->n; c->at++) {
        const struct fhir_entry *e = &doc->entries[c->at];
        bool names_one = fhir_restricted_names(&hidden, e);
        struct slice raw = fhir_kept_entry(&c->request, e, c->at, names_one, &p->kept);
        if (slice_present(raw)) {
            take(c, raw);
            continue;
        }
        fhir_answer_no(&c->answers[c->at], 413, "too-costly", SLICE("an entry is too long"));
        c->waiting--;
    }
}

/* Where more has to be known of a document than its bytes: it is read once more than it is
 * translated. Its entries are not judged here: those of a batch are one by one. */
static bool read_doc(struct fhir_port *p, const struct fhir_request *r, struct slice body,
                     struct fhir_doc *ret)
{
    struct json_limits limits = json_default_limits;
    struct fhir_fault ignored;
    if (!fhir_kept_reads(r, body))
        return false;
    limits.bytes = conf_of(p)->door.message_max;
    arena_reset(&p->arena);
    return fhir_parse(body, &limits, &p->arena, ret, &ignored) == 0;
}

static void no_memory(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r)
{
    fhir_answer_no(&p->answer, 503, "transient", SLICE("no memory: send it again later"));
    fhir_port_send(p, x, r, &p->answer, NULL);
}

/* One document, as it is kept. What does not fit is kept as it was sent, and refused as that. */
static void take_whole(struct fhir_call *c, struct slice body, const struct fhir_doc *doc)
{
    struct fhir_port *p = c->port;
    const struct fhir_request *r = &c->request;
    struct translate_reason ignored;
    if (doc && r->ask != FHIR_ASK_BUNDLE) {
        c->fits = !fhir_answer_misfit(conf_of(p), r, doc, &ignored);
        doc = c->fits ? doc : NULL;
    }
    struct slice raw = fhir_kept(r, body, doc, &p->kept);
    if (slice_present(raw)) {
        take(c, raw);
        return;
    }
    answer_later(&c->answers[0]);
    c->waiting--;
}

/* BaRS: a message is known by both ids of its request, and one that was taken is not taken again. A
 * repeat that overtakes the answer, or comes after a restart, is answered like the first. */
static enum request_seen look_back(struct fhir_port *p, const struct fhir_request *r,
                                   struct slice body, struct request_mark *ret)
{
    const struct slice name[2] = {r->request_id, r->correlation_id};
    *ret = (struct request_mark){0};
    if (conf_of(p)->profile != SITE_FHIR_BARS || r->ask != FHIR_ASK_MESSAGE)
        return REQUEST_NEW;
    *ret = request_mark(p->intake->digest, name, body);
    return seen_as(p, ret);
}

void fhir_call_begin(struct fhir_port *p, struct http_exchange *x, const struct fhir_request *r,
                     struct slice body)
{
    struct fhir_doc doc;
    struct request_mark mark;
    enum request_seen seen = look_back(p, r, body, &mark);
    if (seen == REQUEST_SAME) {
        fhir_answer_no(&p->answer, 409, "duplicate", SLICE("this message was taken already"));
        fhir_port_send(p, x, r, &p->answer, NULL);
        return;
    }
    bool read = read_doc(p, r, body, &doc);
    bool batch = read && r->ask == FHIR_ASK_BUNDLE && doc.kind == FHIR_BATCH;
    if (batch && doc.n > conf_of(p)->entries) {
        fhir_answer_no(&p->answer, 413, "too-costly", SLICE("more entries than a batch may have"));
        fhir_port_send(p, x, r, &p->answer, NULL);
        return;
    }
    struct fhir_call *c = call_new(p, x, r, batch ? doc.n : 1);
    if (!c) {
        no_memory(p, x, r);
        return;
    }
    c->mark = mark;
    c->other = seen == REQUEST_OTHER;
    c->batch = batch;
    c->taking = true;
    if (batch)
        take_batch(c, &doc);
    else
        take_whole(c, body, read ? &doc : NULL);
    c->taking = false;
    if (!c->waiting)
        finish(c);
    else
        http_drop_body(x); /* what was taken is a copy */
}

void fhir_call_drop(struct fhir_call *c)
{
    struct fhir_port *p = c->port;
    for (unsigned i = 0; i < c->n; i++) {
        struct reply *r = c->parts[i].reply;
        if (r && c->parts[i].done)
            reply_give_back(&p->intake->pool, r);
        else if (r)
            r->to = NULL; /* the intake gives it back once it is settled */
    }
    call_free(c);
}
