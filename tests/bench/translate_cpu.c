/* translate_cpu MAPS_DIR [SECONDS] - CPU of a mixed ADT feed through parse, map and encode, beside
 * the least that any program would have to do for the same output: split at the separators, hash
 * the bytes, key the person, write the same events with yajl. Prints microseconds a message:
 *
 *   weir US encode US bare US ratio R */
#include <stdio.h>
#include <stdlib.h>
#include "event_id.h"
#include "json.h"
#include "measure.h"
#include "sample.h"
#include "translate.h"

enum { MESSAGES = 512, EVENTS_MAX = 3 * MESSAGES, ARENA = 8 << 20, OUT = 1 << 20 };

struct bench {
    struct site *site;
    struct translator *translator;
    struct event_encoder *encoder;
    struct json_writer *writer;
    struct event_keys keys;
    struct arena arena, kept;
    struct buf out;
    struct slice messages[MESSAGES];
    struct json *events[EVENTS_MAX];
    unsigned first_event[MESSAGES + 1];
    size_t bytes;
};

/* The thing measured. */
static void weir(struct bench *b)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct translation t;
        arena_reset(&b->arena);
        buf_reset(&b->out);
        translate_run(b->translator, b->messages[i], &b->arena, &t);
        for (unsigned j = 0; j < t.nevents; j++)
            event_encode(b->encoder, t.events[j].event, NULL);
        b->bytes += b->out.n;
    }
}

static void weir_without_encoding(struct bench *b)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct translation t;
        arena_reset(&b->arena);
        translate_run(b->translator, b->messages[i], &b->arena, &t);
        b->bytes += t.nevents;
    }
}

static void split(struct bench *b, struct slice message)
{
    while (slice_present(message)) {
        struct slice segment = slice_split(&message, '\r');
        while (slice_present(segment))
            b->bytes += slice_split(&segment, '|').n;
    }
}

/* What it is held against. */
static void baseline(struct bench *b)
{
    unsigned char digest[DIGEST_SIZE];
    for (unsigned i = 0; i < MESSAGES; i++) {
        buf_reset(&b->out);
        split(b, b->messages[i]);
        digest_of(b->keys.plain, b->messages[i], digest);
        digest_of(b->keys.pseudonym, slice_str(sample_numbers[i % SAMPLE_PEOPLE]), digest);
        for (unsigned j = b->first_event[i]; j < b->first_event[i + 1]; j++) {
            json_writer_reset(b->writer);
            json_tree(b->writer, b->events[j]);
        }
        b->bytes += b->out.n + digest[0];
    }
}

/* Microseconds of CPU a message. */
static double measure(struct bench *b, void (*fn)(struct bench *), double seconds)
{
    double start = cpu_seconds(), now;
    unsigned rounds = 0;
    do {
        fn(b);
        rounds++;
        now = cpu_seconds();
    } while (now - start < seconds);
    return (now - start) * 1e6 / rounds / MESSAGES;
}

static int prepare(struct bench *b, struct err *reterr)
{
    unsigned n = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct translation t;
        b->messages[i] = sample_message(&b->kept, i);
        b->first_event[i] = n;
        arena_reset(&b->arena);
        translate_run(b->translator, b->messages[i], &b->arena, &t);
        if (t.verdict != TRANSLATE_EVENTS || n + t.nevents > EVENTS_MAX)
            return err_set(reterr, ERR_INPUT, "message %u is not translated", i);
        for (unsigned j = 0; j < t.nevents; j++) {
            buf_reset(&b->out);
            event_encode(b->encoder, t.events[j].event, NULL);
            struct slice json = arena_copy(&b->kept, buf_slice(&b->out));
            if (json_read(json, &json_default_limits, &b->kept, &b->events[n++], reterr) < 0)
                return -1;
        }
    }
    b->first_event[MESSAGES] = n;
    return 0;
}

static int start(struct bench *b, const char *maps, struct err *reterr)
{
    arena_init(&b->arena, ARENA);
    arena_init(&b->kept, 64 << 20);
    buf_init(&b->out, OUT);
    if (sample_site(SITE_PSEUDONYM, &b->site, reterr) < 0 ||
        translate_open(b->site, &b->site->sources[0], maps, &b->translator, reterr) < 0 ||
        event_encoder_open(&b->out, &b->encoder, reterr) < 0 ||
        json_writer_open(&b->out, &b->writer, reterr) < 0 ||
        event_keys_open(b->site->keys.kid, b->site->keys.pseudonym, &b->keys, reterr) < 0)
        return -1;
    return prepare(b, reterr);
}

static void finish(struct bench *b)
{
    event_keys_close(&b->keys);
    json_writer_close(b->writer);
    event_encoder_close(b->encoder);
    translate_close(b->translator);
    site_close(b->site);
    buf_fini(&b->out);
    arena_fini(&b->kept);
    arena_fini(&b->arena);
}

static void report(struct bench *b, double seconds)
{
    enum { ROUNDS = 5 };
    double best = 1e9, best_map = 1e9, best_base = 1e9;
    for (int i = 0; i < ROUNDS; i++) {
        double w = measure(b, weir, seconds / ROUNDS / 3);
        double m = measure(b, weir_without_encoding, seconds / ROUNDS / 3);
        double l = measure(b, baseline, seconds / ROUNDS / 3);
        best = w < best ? w : best;
        best_map = m < best_map ? m : best_map;
        best_base = l < best_base ? l : best_base;
    }
    printf("weir %.2f encode %.2f bare %.2f ratio %.2f\n", best, best - best_map, best_base,
           best / best_base);
}

int main(int argc, char **argv)
{
    struct bench b = {0};
    struct err err = {0};
    if (argc < 2) {
        fprintf(stderr, "usage: translate_cpu MAPS_DIR [SECONDS]\n");
        return 64;
    }
    int rc = start(&b, argv[1], &err);
    if (rc < 0)
        fprintf(stderr, "translate_cpu: %s\n", err.text);
    else
        report(&b, argc > 2 ? strtod(argv[2], NULL) : 6);
    finish(&b);
    return rc < 0 ? 1 : 0;
}
