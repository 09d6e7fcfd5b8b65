/* broker_cpu MAPS_DIR [ROUNDS] - CPU of what the broker does with an event: decode, journey
 * (repeats, ordering key), routes, encode for flow.events and for each route that takes it; beside
 * bare yajl that parses the same events and generates them again.
 *
 * The journey reads events of a mixed ADT feed, each time under a new id, from the reader below; it
 * writes to the null engine, so that neither a disk nor an allocator's memory of records counts.
 * Its own state is in memory, as always. The two take turns; medians. Prints
 *
 *   events N bytes MEAN journey US bare US ratio R */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>
#include "clock.h"
#include "journey.h"
#include "measure.h"
#include "record.h"
#include "sample.h"
#include "stream_engine.h"

enum { MESSAGES = 4096, EVENTS_MAX = 3 * MESSAGES, PASSES = 8, ROUNDS_MAX = 99, ID_MAX = 96 };

struct reported {
    struct slice value;
    struct stream_header headers[STREAM_HEADERS_MAX];
    unsigned nheaders, id; /* id: which header is ce_id */
};

/* A stream whose reader gives the events PASSES times over; what is written goes to the null
 * engine. */
struct feed {
    struct stream base;
    struct stream_reader reader;
    struct stream *null;
    struct reported events[EVENTS_MAX];
    unsigned n;
    uint64_t at, end;
    char id[ID_MAX];
    struct stream_header headers[STREAM_HEADERS_MAX];
};

struct bench {
    struct feed feed;
    struct site *site;
    struct router *router;
    struct journey *journey;
    struct arena kept;
    size_t bytes;
    yajl_gen gen;
};

static int feed_fd(const struct stream *s)
{
    return stream_fd(((const struct feed *)s)->null);
}

static void feed_dispatch(struct stream *s)
{
    stream_dispatch(((struct feed *)s)->null);
}

static enum stream_result feed_forward(struct stream *s, const struct stream_record *set,
                                       unsigned n, const struct stream_position *positions,
                                       unsigned npositions, stream_done_fn done, void *arg,
                                       struct err *reterr)
{
    struct stream *null = ((struct feed *)s)->null;
    return null->engine->forward(null, set, n, positions, npositions, done, arg, reterr);
}

static int feed_reader(struct stream *s, const struct stream_reader_options *o,
                       struct stream_reader **ret, struct err *reterr)
{
    (void)o, (void)reterr;
    *ret = &((struct feed *)s)->reader;
    return 0;
}

/* A repeat would be dropped and cost nothing: each time an event is given its id is new. */
static struct slice fresh_id(struct feed *f, struct slice id)
{
    int n = snprintf(f->id, ID_MAX, "%.*s-%llu", SLICE_ARG(id), (unsigned long long)f->at);
    return slice_make(f->id, (size_t)n);
}

static enum stream_next feed_next(struct stream_reader *r, struct stream_message *ret,
                                  struct err *reterr)
{
    struct feed *f = (struct feed *)((char *)r - offsetof(struct feed, reader));
    (void)reterr;
    if (f->at == f->end)
        return STREAM_NONE;
    const struct reported *e = &f->events[f->at % f->n];
    memcpy(f->headers, e->headers, e->nheaders * sizeof(f->headers[0]));
    f->headers[e->id].value = fresh_id(f, e->headers[e->id].value);
    *ret = (struct stream_message){.topic = SLICE("flow.reported"),
                                   .partition = SLICE("acute"),
                                   .key = SLICE("pas"),
                                   .value = e->value,
                                   .headers = f->headers,
                                   .nheaders = e->nheaders,
                                   .offset = (int64_t)f->at++};
    return STREAM_GOT;
}

static const struct stream_engine feed_engine = {
    .name = "feed",
    .fd = feed_fd,
    .dispatch = feed_dispatch,
    .forward = feed_forward,
    .reader_open = feed_reader,
    .next = feed_next,
};

/* The thing measured. */
static void journey_all(struct bench *b)
{
    int64_t now = clock_wall_ms();
    b->feed.end = b->feed.at + (uint64_t)PASSES * b->feed.n;
    while (b->feed.at < b->feed.end || !journey_idle(b->journey)) {
        journey_step(b->journey, now);
        stream_dispatch(&b->feed.base);
    }
}

/* What it is held against: each token of the parser goes to the generator. */
static int on_null(void *g)
{
    return yajl_gen_null(g) == yajl_gen_status_ok;
}

static int on_bool(void *g, int v)
{
    return yajl_gen_bool(g, v) == yajl_gen_status_ok;
}

static int on_number(void *g, const char *p, size_t n)
{
    return yajl_gen_number(g, p, n) == yajl_gen_status_ok;
}

static int on_string(void *g, const unsigned char *p, size_t n)
{
    return yajl_gen_string(g, p, n) == yajl_gen_status_ok;
}

static int on_map(void *g)
{
    return yajl_gen_map_open(g) == yajl_gen_status_ok;
}

static int on_map_end(void *g)
{
    return yajl_gen_map_close(g) == yajl_gen_status_ok;
}

static int on_array(void *g)
{
    return yajl_gen_array_open(g) == yajl_gen_status_ok;
}

static int on_array_end(void *g)
{
    return yajl_gen_array_close(g) == yajl_gen_status_ok;
}

static const yajl_callbacks echo = {.yajl_null = on_null,
                                    .yajl_boolean = on_bool,
                                    .yajl_number = on_number,
                                    .yajl_string = on_string,
                                    .yajl_map_key = on_string,
                                    .yajl_start_map = on_map,
                                    .yajl_end_map = on_map_end,
                                    .yajl_start_array = on_array,
                                    .yajl_end_array = on_array_end};

static void bare_one(struct bench *b, struct slice json)
{
    const unsigned char *out;
    size_t n = 0;
    yajl_handle h = yajl_alloc(&echo, NULL, b->gen);
    yajl_parse(h, (const unsigned char *)json.p, json.n);
    yajl_complete_parse(h);
    yajl_free(h);
    yajl_gen_get_buf(b->gen, &out, &n);
    if (n != json.n)
        fprintf(stderr, "broker_cpu: yajl wrote %zu bytes of %zu\n", n, json.n);
    yajl_gen_clear(b->gen);
    yajl_gen_reset(b->gen, NULL);
}

static void bare_all(struct bench *b)
{
    for (unsigned i = 0; i < PASSES * b->feed.n; i++)
        bare_one(b, b->feed.events[i % b->feed.n].value);
}

/* Microseconds of CPU an event. */
static double measure(struct bench *b, void (*fn)(struct bench *))
{
    double start = cpu_seconds();
    fn(b);
    return (cpu_seconds() - start) * 1e6 / (PASSES * b->feed.n);
}

static void keep_event(struct bench *b, const struct stream_record *r)
{
    struct reported *e = &b->feed.events[b->feed.n++];
    e->value = arena_copy(&b->kept, r->value);
    e->nheaders = r->nheaders;
    b->bytes += r->value.n;
    for (unsigned i = 0; i < r->nheaders; i++) {
        e->headers[i].name = r->headers[i].name;
        e->headers[i].value = arena_copy(&b->kept, r->headers[i].value);
        if (slice_eq_str(r->headers[i].name, "ce_id"))
            e->id = i;
    }
}

/* The events as the adapter would have written them. */
static int make_one(struct bench *b, struct translator *translator, struct record_writer *w,
                    unsigned nth, struct arena *arena, struct err *reterr)
{
    struct translation t;
    char now[RFC3339_SIZE];
    arena_reset(arena);
    struct slice message = sample_message(arena, nth);
    translate_run(translator, message, arena, &t);
    if (t.verdict != TRANSLATE_EVENTS || b->feed.n + t.nevents > EVENTS_MAX)
        return err_set(reterr, ERR_INPUT, "message %u is not translated", nth);
    if (record_message(w, &b->site->sources[0], message, rfc3339_utc(clock_wall_ms(), now), &t,
                       reterr) < 0)
        return -1;
    for (unsigned i = 1; i < w->n; i++)
        keep_event(b, &w->set[i]);
    return 0;
}

static int make_events(struct bench *b, const char *maps, struct err *reterr)
{
    struct translator *translator = NULL;
    struct record_writer w;
    struct arena arena;
    arena_init(&arena, 8 << 20);
    int result = record_writer_init(&w, reterr);
    if (!result)
        result = translate_open(b->site, &b->site->sources[0], maps, &translator, reterr);
    for (unsigned i = 0; !result && i < MESSAGES; i++)
        result = make_one(b, translator, &w, i, &arena, reterr);
    translate_close(translator);
    record_writer_fini(&w);
    arena_fini(&arena);
    return result;
}

static int start(struct bench *b, const char *maps, struct err *reterr)
{
    struct stream_options so;
    stream_options_default(&so);
    so.kind = SLICE("null");
    so.dir = SLICE("bench");
    so.writer = SLICE("broker");
    arena_init(&b->kept, 256 << 20);
    b->gen = yajl_gen_alloc(NULL);
    stream_init(&b->feed.base, &feed_engine, &so);
    if (!b->gen || stream_open(&so, &b->feed.null, reterr) < 0 ||
        sample_site(SITE_ALL_SECRETS, &b->site, reterr) < 0 || make_events(b, maps, reterr) < 0 ||
        router_open(b->site, NULL, &b->router, reterr) < 0)
        return -1;
    struct journey_options o = {.stream = &b->feed.base, .site = b->site, .router = b->router};
    if (journey_open(&o, &b->journey, reterr) < 0 || journey_lead(b->journey, reterr) < 0)
        return -1;
    journey_step(b->journey, 0); /* nothing is remembered: it leads */
    return 0;
}

static void finish(struct bench *b)
{
    journey_close(b->journey);
    router_close(b->router);
    stream_close(b->feed.null);
    site_close(b->site);
    if (b->gen)
        yajl_gen_free(b->gen);
    arena_fini(&b->kept);
}

static int report(struct bench *b, unsigned rounds, struct err *reterr)
{
    double weir[ROUNDS_MAX], bare[ROUNDS_MAX], ratio[ROUNDS_MAX];
    struct journey_stats st;
    journey_all(b); /* the people become known */
    for (unsigned i = 0; i < rounds; i++) {
        weir[i] = measure(b, journey_all);
        bare[i] = measure(b, bare_all);
        ratio[i] = weir[i] / bare[i];
    }
    journey_stats(b->journey, &st);
    if (st.events != b->feed.at || st.unreadable || st.repeats)
        return err_set(reterr, ERR_INPUT, "not every event went through the journey");
    printf("events %u bytes %zu journey %.2f bare %.2f ratio %.2f\n", b->feed.n,
           b->bytes / b->feed.n, median(weir, rounds), median(bare, rounds), median(ratio, rounds));
    return 0;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    int rounds = argc > 2 ? atoi(argv[2]) : 7;
    if (argc < 2 || rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: broker_cpu MAPS_DIR [ROUNDS]\n");
        return 64;
    }
    struct bench *b = calloc(1, sizeof(*b));
    if (!b)
        return 1;
    int result = start(b, argv[1], &err);
    if (!result)
        result = report(b, (unsigned)rounds, &err);
    if (result)
        fprintf(stderr, "broker_cpu: %s\n", err.text);
    finish(b);
    free(b);
    return result != 0;
}
