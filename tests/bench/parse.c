/* parse FILE… - throughput of hl7_msg_parse over a corpus, beside a bare split of the same bytes:
 * memchr for each segment's end, memchr for each field's end, a slice kept of both. Line ends are
 * made CR first, as they come over the wire. The two take turns; medians. Prints
 *
 *   messages N bytes N parse MB_S split MB_S ratio R */
#include <stdio.h>
#include <stdlib.h>
#include "hl7_msg.h"
#include "measure.h"

enum { FILE_MAX = 8 << 20, MESSAGES_MAX = 4096, SLICES_MAX = 1 << 16, ROUNDS = 9 };
static const size_t ROUND_BYTES = 64 << 20;

struct bench {
    struct arena kept, arena;
    struct slice messages[MESSAGES_MAX];
    unsigned n;
    size_t bytes, found; /* found: keeps the compiler from leaving the work out */
    struct slice segments[SLICES_MAX], fields[SLICES_MAX];
};

static const struct hl7_limits limits = {.segments = SLICES_MAX, .fields = SLICES_MAX};

static void split_one(struct bench *b, struct slice message)
{
    size_t nsegments = 0, nfields = 0;
    for (const char *p = message.p, *end = p + message.n; p < end;) {
        const char *cr = memchr(p, '\r', (size_t)(end - p));
        const char *stop = cr ? cr : end;
        b->segments[nsegments++] = slice_make(p, (size_t)(stop - p));
        for (const char *bar; p <= stop; p = bar + 1) {
            bar = memchr(p, '|', (size_t)(stop - p));
            bar = bar ? bar : stop;
            b->fields[nfields++] = slice_make(p, (size_t)(bar - p));
        }
        p = stop + 1;
    }
    b->found += nsegments + nfields;
}

static void split_all(struct bench *b)
{
    for (unsigned i = 0; i < b->n; i++)
        split_one(b, b->messages[i]);
}

static void parse_all(struct bench *b)
{
    struct hl7_msg m;
    struct err err;
    for (unsigned i = 0; i < b->n; i++) {
        arena_reset(&b->arena);
        if (hl7_msg_parse(b->messages[i], &limits, &b->arena, &m, &err) == 0)
            b->found += m.nsegments + m.nfields;
    }
}

/* MB of messages a second of CPU. */
static double measure(struct bench *b, void (*fn)(struct bench *))
{
    size_t passes = ROUND_BYTES / b->bytes + 1;
    double start = cpu_seconds();
    for (size_t i = 0; i < passes; i++)
        fn(b);
    return (double)(passes * b->bytes) / 1e6 / (cpu_seconds() - start);
}

/* What both sides can take: the rest of a corpus made for refusals is not counted. */
static void add_message(struct bench *b, struct slice message)
{
    struct hl7_msg m;
    struct err err;
    arena_reset(&b->arena);
    if (b->n < MESSAGES_MAX && message.n < SLICES_MAX / 2 &&
        hl7_msg_parse(message, &limits, &b->arena, &m, &err) == 0) {
        b->messages[b->n++] = message;
        b->bytes += message.n;
    }
}

/* LF and CRLF become CR, blank lines go; a message begins at each MSH. */
static void add_text(struct bench *b, char *text, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i] == '\n' ? '\r' : text[i];
        if (c != '\r' || (at && text[at - 1] != '\r'))
            text[at++] = c;
    }
    while (at) {
        char *next = memmem(text + 1, at - 1, "\rMSH|", 5);
        size_t length = next ? (size_t)(next + 1 - text) : at;
        add_message(b, arena_copy(&b->kept, slice_make(text, length)));
        text += length;
        at -= length;
    }
}

static int add_file(struct bench *b, const char *path)
{
    static const size_t max = FILE_MAX;
    char *text = malloc(max);
    FILE *f = fopen(path, "rb");
    if (!f || !text) {
        perror(path);
        if (f)
            fclose(f);
        free(text);
        return -1;
    }
    add_text(b, text, fread(text, 1, max, f));
    fclose(f);
    free(text);
    return 0;
}

static void report(struct bench *b)
{
    double parse[ROUNDS], split[ROUNDS], ratio[ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        parse[i] = measure(b, parse_all);
        split[i] = measure(b, split_all);
        ratio[i] = parse[i] / split[i];
    }
    printf("messages %u bytes %zu parse %.0f split %.0f ratio %.3f\n", b->n, b->bytes,
           median(parse, ROUNDS), median(split, ROUNDS), median(ratio, ROUNDS));
}

int main(int argc, char **argv)
{
    struct bench *b = calloc(1, sizeof(*b));
    int result = !b || argc < 2;
    if (result) {
        fprintf(stderr, "usage: parse FILE...\n");
        free(b);
        return 64;
    }
    arena_init(&b->kept, 256 << 20);
    arena_init(&b->arena, 16 << 20);
    for (int i = 1; i < argc && !result; i++)
        result = add_file(b, argv[i]) < 0;
    if (!result && b->bytes)
        report(b);
    arena_fini(&b->arena);
    arena_fini(&b->kept);
    free(b);
    return result;
}
