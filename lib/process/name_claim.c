#include "name_claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "rfc3339.h"

enum { NAME_BYTES = 80, WHO_BYTES = 160 };

struct name_claim {
    struct stream *stream;
    struct series *taken;
    char key[NAME_BYTES]; /* "name acute" */
    char who[WHO_BYTES];  /* host, process id and time of the start: no two are the same */
    char other[WHO_BYTES];
    bool seen;      /* our own has come by: what comes later was written while we run */
    bool under_way; /* the claim's callback has not run */
    bool again;     /* say it once more */
    bool failing;
    bool closed;
};

/* Told once, tried again. */
static void failed(struct name_claim *c, const char *why)
{
    if (!c->failing)
        log_line(LOG_WARN, "name.unclaimed",
                 "why=\"%s\" another process of this name would not be noticed; tried again", why);
    c->failing = c->again = true;
}

static void on_durable(void *arg, const struct err *e)
{
    struct name_claim *c = arg;
    c->under_way = false;
    if (c->closed) {
        free(c);
        return;
    }
    if (e)
        failed(c, e->text);
    else
        c->failing = false;
}

static void say(struct name_claim *c)
{
    struct err err = {0};
    struct stream_header h[] = {{SLICE("writer"), SLICE("name")},
                                {SLICE("claim"), slice_str(c->who)}};
    struct stream_record r = {.topic = SLICE("flow.control"),
                              .key = slice_str(c->key),
                              .value = SLICE(""),
                              .headers = h,
                              .nheaders = sizeof(h) / sizeof(h[0])};
    c->again = false;
    c->under_way = stream_append(c->stream, &r, 1, on_durable, c, &err) == STREAM_OK;
    if (!c->under_way)
        failed(c, err.text);
}

void name_claim_look(struct name_claim *c)
{
    if (c && c->again && !c->under_way)
        say(c);
}

struct name_claim *name_claim_open(struct stream *s, struct slice name, struct metrics *m)
{
    char host[64] = "?", now[RFC3339_SIZE];
    struct name_claim *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->stream = s;
    c->taken = metric_of(
        metrics_gauge(m, "weir_name_taken",
                      "1 where another process of this name was seen on the same Kafka.", NULL, 1),
        SLICE_ABSENT);
    gethostname(host, sizeof(host) - 1);
    rfc3339_utc(clock_wall_ms(), now);
    snprintf(c->key, sizeof(c->key), "name %.*s", SLICE_ARG(name));
    snprintf(c->who, sizeof(c->who), "host %s, process %ld, started %s (%lld)", host,
             (long)getpid(), now, (long long)clock_mono_ns());
    say(c);
    return c;
}

void name_claim_close(struct name_claim *c)
{
    if (!c)
        return;
    c->closed = true;
    if (!c->under_way)
        free(c);
}

void name_claim_take(struct name_claim *c, const struct stream_message *m)
{
    if (!c || !slice_eq_str(m->key, c->key))
        return;
    struct slice who = stream_header_get(m, "claim");
    if (slice_eq_str(who, c->who)) {
        c->seen = true;
        return;
    }
    if (!c->seen || slice_eq_str(who, c->other))
        return;
    snprintf(c->other, sizeof(c->other), "%.*s", SLICE_ARG(who));
    series_set(c->taken, 1);
    log_line(LOG_ERROR, "alarm.same_name",
             "another process called '%s' works on this Kafka, under the same prefix: %s. Their "
             "audit chains and groups mix: give each site an --instance of its own, or another "
             "prefix",
             c->key + sizeof("name ") - 1, c->other);
    c->again = true;
}
