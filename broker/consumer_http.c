#include "consumer_http.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 120, RESPONSE_MAX = 16 * 1024 };

struct post {
    struct consumer *consumer;
    void *ticket;
    struct post *next;
};
struct consumer {
    struct consumer_options o;
    struct http_client *client;
    struct post *posts;  /* all of them */
    struct post *spare;  /* for the next send */
    struct post *failed; /* could not be sent: their verdict is due */
    struct loop_timer *timer;
};

static bool says_duplicate(struct slice body)
{
    static const struct slice word = {"duplicate", 9};
    for (size_t i = 0; i + word.n <= body.n; i++)
        if (slice_ieq(slice_make(body.p + i, word.n), word))
            return true;
    return false;
}

static enum sched_verdict_kind judge_status(const struct http_result *r)
{
    if (r->status >= 200 && r->status < 300)
        return SCHED_OK;
    if (r->status >= 300 && r->status < 400)
        return SCHED_FAULT;
    switch (r->status) {
    case 409:
        return says_duplicate(r->body) ? SCHED_OK : SCHED_PARK;
    case 400:
    case 413:
    case 415:
    case 422:
        return SCHED_PARK;
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 410:
        return SCHED_FAULT;
    default:
        return SCHED_RETRY;
    }
}

static enum sched_verdict_kind judge_fault(enum http_fault fault)
{
    return fault == HTTP_TLS || fault == HTTP_CONFIG || fault == HTTP_REFUSED_ADDRESS ? SCHED_FAULT
                                                                                      : SCHED_RETRY;
}

void consumer_http_judge(const struct http_result *r, char text[120], struct sched_verdict *ret)
{
    if (r->fault == HTTP_FINE)
        snprintf(text, TEXT, "HTTP %d", r->status);
    else
        snprintf(text, TEXT, "%s: %s", http_fault_name(r->fault), r->text ? r->text : "");
    *ret = (struct sched_verdict){.kind = r->fault == HTTP_FINE ? judge_status(r)
                                                                : judge_fault(r->fault),
                                  .retry_after = r->retry_after_ms,
                                  .reason = text};
    if (ret->kind == SCHED_OK)
        ret->reason = NULL;
}

static void spare_put(struct consumer *c, struct post *p)
{
    p->next = c->spare;
    c->spare = p;
}

static void on_answer(const struct http_result *r, void *arg)
{
    struct post *p = arg;
    struct consumer *c = p->consumer;
    void *ticket = p->ticket;
    char text[TEXT];
    struct sched_verdict v;
    consumer_http_judge(r, text, &v);
    spare_put(c, p);
    c->o.verdict(c->o.arg, ticket, &v);
}

static void on_failed(void *arg)
{
    struct consumer *c = arg;
    while (c->failed) {
        struct post *p = c->failed;
        void *ticket = p->ticket;
        c->failed = p->next;
        spare_put(c, p);
        c->o.verdict(c->o.arg, ticket,
                     &(struct sched_verdict){SCHED_RETRY, -1, "the request could not be started"});
    }
}

/* Posts are made at open, as many as may be under way: sending never lacks one. */
static int make_posts(struct consumer *c)
{
    size_t n = (size_t)c->o.conf->in_flight;
    c->posts = calloc(n, sizeof(*c->posts));
    for (size_t i = 0; c->posts && i < n; i++) {
        c->posts[i].consumer = c;
        spare_put(c, &c->posts[i]);
    }
    return c->posts ? 0 : -1;
}

static void http_close(struct consumer *c)
{
    if (!c)
        return;
    http_client_close(c->client);
    loop_timer_remove(c->timer);
    free(c->posts);
    free(c);
}

static int http_open(const struct consumer_options *o, struct consumer **ret, struct err *reterr)
{
    const struct site_http *conf = &o->conf->http;
    struct http_client_options ho = {
        .connections = conf->connections,
        .connect_timeout_ms = conf->connect_timeout,
        .timeout_ms = conf->timeout,
        .response_max = RESPONSE_MAX,
        .allow_private = conf->allow_private,
        .ca_file = slice_present(conf->ca_file) ? conf->ca_file.p : NULL,
    };
    struct consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    c->o = *o;
    if (loop_timer_add(o->loop, on_failed, c, &c->timer, reterr) < 0 ||
        http_client_open(o->loop, &ho, &c->client, reterr) < 0) {
        http_close(c);
        return -1;
    }
    if (make_posts(c) < 0) {
        http_close(c);
        return err_set(reterr, ERR_NOMEM, "no memory for a consumer");
    }
    *ret = c;
    return 0;
}

static void http_send(struct consumer *c, const struct consumer_event *e, void *ticket)
{
    struct post *p = c->spare;
    struct err err = {0};
    struct http_request q = {
        .post = true,
        .url = c->o.conf->http.url.p,
        .body = e->json,
        .content_type = SLICE("application/cloudevents+json; charset=utf-8"),
        .bearer = c->o.conf->http.bearer,
    };
    c->spare = p->next;
    p->ticket = ticket;
    if (http_client_send(c->client, &q, on_answer, p, NULL, &err) == 0)
        return;
    p->next = c->failed;
    c->failed = p;
    loop_timer_start(c->timer, 0);
}

static unsigned http_in_flight(const struct site_consumer *conf)
{
    return (unsigned)conf->in_flight;
}

const struct consumer_kind consumer_http = {
    .name = "http",
    .open = http_open,
    .close = http_close,
    .in_flight = http_in_flight,
    .send = http_send,
};
