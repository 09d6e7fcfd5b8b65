#include "http_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include "buf.h"
#include "clock.h"
#include "http_client.h"

enum {
    QUEUE = 64, /* messages waiting on a lane */
    MESSAGE_MAX = 1024 * 1024,
    URL_SIZE = 512,
    BACK_OFF_MS = 50,
    BACK_OFF_MAX_MS = 2000,
};

struct envelope {
    struct buf body;
    char key[TELLING_KEY];
    const char *path; /* a literal */
    bool refuse;
};

struct lane {
    struct http_feed *feed;
    unsigned no, first, n; /* ring: first … first+n-1 */
    struct envelope ring[QUEUE];
    bool under_way;
    int64_t until; /* when to try again */
    int64_t back_off_ms;
};

struct http_feed {
    struct http_feed_options options;
    struct ledger *ledger;
    struct loop *loop;
    struct http_client *client;
    struct lane *lanes;
    struct feed_counts counts;
    struct err trouble;
};

static int open_client(struct http_feed *f, struct err *reterr)
{
    const struct http_client_options client = {
        .connections = f->options.connections,
        .timeout_ms = f->options.answer_ms,
        .allow_private = true,
    };
    if (loop_open(&f->loop, reterr) < 0)
        return -1;
    return http_client_open(f->loop, &client, &f->client, reterr);
}

int http_feed_open(const struct http_feed_options *options, struct ledger *ledger,
                   struct http_feed **ret, struct err *reterr)
{
    struct slice url = slice_str(options->url);
    bool http = slice_starts(url, SLICE("http://")) || slice_starts(url, SLICE("https://"));
    if (!http || url.n > URL_SIZE / 2)
        return err_set(reterr, ERR_INPUT, "%s: wanted http://HOST:PORT/PATH", options->url);
    struct http_feed *f = calloc(1, sizeof(*f));
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for a feed");
    f->options = *options;
    f->ledger = ledger;
    f->counts.last_ms = clock_mono_ms();
    f->lanes = calloc(options->connections, sizeof(*f->lanes));
    int result =
        f->lanes ? open_client(f, reterr)
                 : err_set(reterr, ERR_NOMEM, "no memory for %u connections", options->connections);
    if (result < 0) {
        http_feed_close(f);
        return -1;
    }
    for (unsigned i = 0; i < options->connections; i++) {
        f->lanes[i].feed = f;
        f->lanes[i].no = i;
        for (unsigned m = 0; m < QUEUE; m++)
            buf_init(&f->lanes[i].ring[m].body, MESSAGE_MAX);
    }
    *ret = f;
    return 0;
}

void http_feed_close(struct http_feed *f)
{
    if (!f)
        return;
    http_client_close(f->client);
    loop_close(f->loop);
    for (unsigned i = 0; f->lanes && i < f->options.connections; i++)
        for (unsigned m = 0; m < QUEUE; m++)
            buf_fini(&f->lanes[i].ring[m].body);
    free(f->lanes);
    free(f);
}

static struct lane *lane_of(const struct http_feed *f, uint32_t route)
{
    return &f->lanes[route % f->options.connections];
}

bool http_feed_room(const struct http_feed *f, uint32_t route, unsigned n)
{
    return lane_of(f, route)->n + n <= QUEUE;
}

int http_feed_put(struct http_feed *f, const struct telling *t, struct err *reterr)
{
    struct lane *l = lane_of(f, t->route);
    struct envelope *e = &l->ring[(l->first + l->n) % QUEUE];
    buf_reset(&e->body);
    buf_put(&e->body, t->bytes);
    if (!buf_ok(&e->body))
        return err_set(reterr, ERR_NOMEM, "no memory for a message of %zu bytes", t->bytes.n);
    memcpy(e->key, t->key, sizeof(e->key));
    e->path = t->path ? t->path : "";
    e->refuse = t->refuse;
    l->n++;
    feed_counts_wait(&f->counts, 1);
    return 0;
}

/* ---- one lane ---- */

static void settle(struct lane *l, bool taken)
{
    struct http_feed *f = l->feed;
    const struct envelope *e = &l->ring[l->first];
    ledger_answer(f->ledger, e->key, slice_str(e->key), taken ? SLICE("AA") : SLICE("AE"), l->no);
    feed_counts_answer(&f->counts, 1, taken, e->refuse);
    l->first = (l->first + 1) % QUEUE;
    l->n--;
    l->back_off_ms = 0;
}

static void again(struct lane *l)
{
    l->back_off_ms = l->back_off_ms ? l->back_off_ms * 2 : BACK_OFF_MS;
    if (l->back_off_ms > BACK_OFF_MAX_MS)
        l->back_off_ms = BACK_OFF_MAX_MS;
    l->until = clock_mono_ms() + l->back_off_ms;
    l->feed->counts.reconnects++;
}

static bool later(const struct http_result *r)
{
    return r->fault != HTTP_FINE || r->status == 408 || r->status == 429 || r->status >= 500;
}

static void done(const struct http_result *r, void *arg)
{
    struct lane *l = arg;
    bool taken = r->fault == HTTP_FINE && r->status >= 200 && r->status < 300;
    l->under_way = false;
    if (!taken && r->fault == HTTP_FINE)
        err_fill(&l->feed->trouble, ERR_PEER, "connection c%u: status %d", l->no, r->status);
    else if (!taken)
        err_fill(&l->feed->trouble, ERR_PEER, "connection c%u: %s", l->no, r->text);
    if (!taken && later(r))
        again(l);
    else
        settle(l, taken);
}

static void send_first(struct lane *l)
{
    struct http_feed *f = l->feed;
    const struct envelope *e = &l->ring[l->first];
    char url[URL_SIZE];
    struct err err = {0};
    snprintf(url, sizeof(url), "%s%s", f->options.url, e->path);
    const struct http_request q = {
        .post = true,
        .url = url,
        .body = buf_slice(&e->body),
        .content_type = slice_str(f->options.content_type),
    };
    ledger_sent(f->ledger, e->key, l->no);
    l->under_way = http_client_send(f->client, &q, done, l, NULL, &err) == 0;
    if (!l->under_way) {
        f->trouble = err;
        again(l);
    }
}

void http_feed_turn(struct http_feed *f, int64_t wait_ms)
{
    int64_t now = clock_mono_ms();
    for (unsigned i = 0; i < f->options.connections; i++) {
        struct lane *l = &f->lanes[i];
        if (l->under_way || l->n == 0)
            continue;
        if (now >= l->until)
            send_first(l);
        else if (l->until - now < wait_ms)
            wait_ms = l->until - now;
    }
    loop_turn(f->loop, wait_ms);
}

void http_feed_counts(const struct http_feed *f, struct feed_counts *ret)
{
    *ret = f->counts;
}

const char *http_feed_trouble(const struct http_feed *f)
{
    return f->trouble.text;
}
