#include "er7_port.h"

#include <stdlib.h>
#include "hl7_charset.h"
#include "http_door.h"
#include "json_post.h"
#include "media_type.h"
#include "problem.h"
#include "sender.h"

#define ER7 "application/hl7-v2+er7"

struct request {
    struct reply_to of; /* first: who sends has a say in what may be sent */
    struct request *prev, *next;
    struct er7_port *port;
    struct http_exchange *exchange; /* NULL: gone */
    struct bulk *bulk;
    const struct site *site;         /* held for who */
    const struct site_tls_peer *who; /* NULL: anybody */
};

struct er7_port {
    struct loop *loop;
    struct intake *intake;
    struct source *source;
    struct http_door door;
    struct request *first;
    struct json_posts posts; /* of a source with format: json */
    char problem[PROBLEM_SIZE];
    bool paused;
};

static const struct site_er7 *conf_of(const struct er7_port *p)
{
    return &p->source->conf->http;
}

static bool takes_json(const struct er7_port *p)
{
    return p->source->conf->format == SITE_JSON;
}

static void refuse(const struct er7_port *p, struct http_exchange *x, int status, const char *text)
{
    if (takes_json(p))
        problem_reply(x, status, slice_trim(slice_str(text)));
    else
        http_reply(x, status, "text/plain; charset=utf-8", slice_str(text));
}

static void later(const struct er7_port *p, struct http_exchange *x, const char *text)
{
    http_reply_field(x, "Retry-After", "5");
    refuse(p, x, 503, text);
}

static void forget(struct request *q)
{
    if (q->prev)
        q->prev->next = q->next;
    else
        q->port->first = q->next;
    if (q->next)
        q->next->prev = q->prev;
    bulk_close(q->bulk);
    site_close(q->site);
    free(q);
}

/* A certificate may be bound to MSH-3 and MSH-4. */
static bool on_may_send(struct reply_to *to, const struct translation *t)
{
    const struct request *q = (const struct request *)(const void *)to;
    return !q->who || !q->who->sending.n || !t->parsed ||
           sender_among(&q->who->sending, &t->msg, &t->header);
}

static void on_gone(void *arg)
{
    struct request *q = arg;
    q->exchange = NULL;
}

static void on_done(struct bulk *b, void *arg)
{
    struct request *q = arg;
    struct reply *r = bulk_reply(b);
    struct http_exchange *x = q->exchange;
    struct er7_port *p = q->port;
    if (x && (bulk_put_off(b) || r->close))
        later(p, x, "not all of it could be made durable: send it again later\n");
    else if (x)
        http_reply(x, r->frame.n ? 200 : 204, ER7, buf_slice(&r->frame));
    reply_give_back(&p->intake->pool, r);
    forget(q);
}

static void take(struct er7_port *p, struct http_exchange *x)
{
    struct bulk_options o = {.loop = p->loop,
                             .intake = p->intake,
                             .source = p->source,
                             .limit = {conf_of(p)->door.message_max, "http.message_max"}};
    struct request *q = calloc(1, sizeof(*q));
    if (q) {
        q->of.may_send = on_may_send;
        q->site = site_hold(p->source->site);
        q->who = http_tls(x) ? proc_tls_peer(&conf_of(p)->door.tls, http_tls(x)) : NULL;
        o.of = &q->of;
    }
    struct reply *r = q ? intake_reply(p->intake, p->source, NULL) : NULL;
    if (!r || !bulk_open(&o, http_body(x), r, on_done, q, &q->bulk)) {
        if (r)
            reply_give_back(&p->intake->pool, r);
        site_close(q ? q->site : NULL);
        free(q);
        later(p, x, "no memory: send it again later\n");
        return;
    }
    q->port = p;
    q->exchange = x;
    q->next = p->first;
    if (p->first)
        p->first->prev = q;
    p->first = q;
    http_defer(x, on_gone, q);
    http_drop_body(x); /* the bulk has its copy */
}

/* MSH-18 of the first message. */
static struct slice declared(struct slice body)
{
    struct hl7_batch parts;
    struct hl7_batch_item item;
    enum hl7_batch_result what;
    struct slice charset = SLICE_ABSENT;
    hl7_batch_init(&parts, body.n + 1, 0);
    while ((what = hl7_batch_next(&parts, &body, true, &item)) != HL7_BATCH_MORE)
        if (what == HL7_BATCH_MESSAGE) {
            struct slice line = item.bytes;
            line = slice_sub(line, 0, slice_find(line, '\r'));
            charset = hl7_batch_field(slice_sub(line, 0, slice_find(line, '\n')), 17);
            break;
        }
    hl7_batch_fini(&parts);
    return charset;
}

/* Whether the message is read in the set that the request names: what a message means must not
 * depend on a header that is not kept with it. */
static bool charset_agrees(const struct er7_port *p, struct slice name, struct slice body)
{
    return !slice_present(name) ||
           hl7_charset_agrees(name, declared(body), p->source->conf->charset, body);
}

enum coding { CODING_NONE, CODING_GZIP, CODING_OTHER };

static enum coding coding_of(const struct http_exchange *x)
{
    struct slice coding = slice_trim(http_field(x, "content-encoding"));
    if (coding.n == 0 || slice_ieq(coding, SLICE("identity")))
        return CODING_NONE;
    bool gzip = slice_ieq(coding, SLICE("gzip")) || slice_ieq(coding, SLICE("x-gzip"));
    return gzip ? CODING_GZIP : CODING_OTHER;
}

static bool is_json(struct slice media)
{
    return slice_ieq(media, SLICE("application/json")) ||
           (slice_starts(media, SLICE("application/")) && slice_ends(media, SLICE("+json")));
}

/* Of what is said of the body; NULL: it is what this source takes. */
static const char *unsupported(const struct er7_port *p, const struct http_exchange *x)
{
    struct slice rest = http_field(x, "content-type");
    struct slice media = slice_trim(slice_split(&rest, ';'));
    struct slice charset = media_parameter(rest, "charset");
    if (takes_json(p) && !is_json(media))
        return "Content-Type must be application/json\n";
    if (takes_json(p) && slice_present(charset) && !slice_ieq(charset, SLICE("utf-8")))
        return "JSON is sent in UTF-8\n";
    if (!takes_json(p) && !slice_ieq(media, SLICE(ER7)))
        return "Content-Type must be " ER7 "\n";
    return coding_of(x) == CODING_OTHER ? "Content-Encoding may be gzip\n" : NULL;
}

/* False: it was answered. */
static bool unpack(const struct er7_port *p, struct http_exchange *x)
{
    struct err err = {0};
    int status = coding_of(x) == CODING_GZIP ? http_door_unpack(x, &err) : 0;
    if (status == 503)
        later(p, x, err.text);
    else if (status)
        refuse(p, x, status, err.text);
    return !status;
}

/* A body that is what it says it is. */
static void take_body(struct er7_port *p, struct http_exchange *x)
{
    struct slice rest = http_field(x, "content-type");
    slice_split(&rest, ';');
    if (http_body(x).n == 0)
        refuse(p, x, 400, "there is no message in the request\n");
    else if (!takes_json(p) && !charset_agrees(p, media_parameter(rest, "charset"), http_body(x)))
        refuse(p, x, 415,
               "the charset of Content-Type is not the one that the message would be read in: set "
               "it in MSH-18, or for the source (charset: NAME!)\n");
    else if (p->paused)
        later(p, x, "the source is paused: send it again later\n");
    else if (takes_json(p))
        json_posts_take(&p->posts, x);
    else
        take(p, x);
}

static void serve(struct http_exchange *x, void *arg)
{
    struct er7_port *p = arg;
    const char *why;
    if (!slice_eq(http_path(x), conf_of(p)->path)) {
        refuse(p, x, 404, "messages are taken at another path\n");
    } else if (!slice_eq_str(http_method(x), "POST")) {
        http_reply_field(x, "Allow", "POST");
        refuse(p, x, 405, "messages are sent with POST\n");
    } else if ((why = unsupported(p, x))) {
        refuse(p, x, 415, why);
    } else if (unpack(p, x)) {
        take_body(p, x);
    }
}

static void keep_out(struct http_exchange *x, int status, const char *why, void *arg)
{
    refuse(arg, x, status, why);
}

/* What never became a request. */
static struct slice on_refusal(int status, const char **ret_type, void *arg)
{
    struct er7_port *p = arg;
    *ret_type = PROBLEM_TYPE;
    return problem_text(status,
                        status == 500   ? SLICE("the answer is too long")
                        : status == 503 ? SLICE("too much is under way: send it again later")
                                        : SLICE("this is no request that can be taken"),
                        p->problem);
}

static const struct site_tls *tls_conf(const struct source *source)
{
    return &source->conf->http.door.tls;
}

static const struct site_door *door_conf(const struct source *source)
{
    return &source->conf->http.door;
}

static int open_door(struct er7_port *p, struct err *reterr)
{
    static const struct port_tls_hooks tls = {
        .conf = tls_conf, .ready = http_door_ready, .released = http_door_released};
    const struct http_door_options o = {.loop = p->loop,
                                        .source = p->source,
                                        .conf = door_conf,
                                        .tls = &tls,
                                        .answer_max = BULK_ANSWER_MAX,
                                        .serve = serve,
                                        .keep_out = keep_out,
                                        .refusal = takes_json(p) ? on_refusal : NULL,
                                        .arg = p};
    return http_door_open(&p->door, &o, reterr);
}

int er7_port_open(struct loop *loop, struct intake *intake, struct source *source,
                  struct er7_port **ret, struct err *reterr)
{
    struct er7_port *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for a listener");
    *p = (struct er7_port){.loop = loop,
                           .intake = intake,
                           .source = source,
                           .posts = {.intake = intake, .source = source}};
    if (open_door(p, reterr) < 0) {
        er7_port_close(p);
        return -1;
    }
    http_door_tell(&p->door, "http", conf_of(p)->path);
    *ret = p;
    return 0;
}

const struct address *er7_port_address(const struct er7_port *p)
{
    return http_server_address(p->door.server);
}

void er7_port_close(struct er7_port *p)
{
    if (!p)
        return;
    http_door_close(&p->door); /* no request has its exchange any more */
    while (p->first) {
        reply_give_back(&p->intake->pool, bulk_reply(p->first->bulk));
        forget(p->first);
    }
    json_posts_close(&p->posts);
    free(p);
}

void er7_port_drain(struct er7_port *p)
{
    if (p)
        http_door_drain(&p->door);
}

bool er7_port_quiet(const struct er7_port *p)
{
    return !p || (!p->first && !p->posts.first && http_door_quiet(&p->door));
}

void er7_port_pause(struct er7_port *p, bool paused)
{
    p->paused = paused;
}

void er7_port_take_tls(struct er7_port *p, struct tls *fresh)
{
    if (p)
        port_tls_take(&p->door.tls, fresh);
}

void er7_port_collect(const struct er7_port *p)
{
    if (p)
        port_tls_collect(&p->door.tls);
}
