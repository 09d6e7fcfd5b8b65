/* stream_seat.c - stream_seat NODES PREFIX WRITER APPEND-TIMEOUT-MS: one process with one handle on
 * Kafka that asks to lead the group "journey", for tests that kill, stop and wake such processes.
 *
 * Lines of its input: "put NAME NEXT" (a forward of two records NAME.1 and NAME.2 to flow.out and
 * the position NEXT of flow.in/0), "plain NAME" (an append to flow.plain), "size BYTES" (the same
 * of so many zeros), "lead", "close". It answers "ok NAME", "no NAME why", "full NAME", "leads",
 * "ends why", "closed". */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "num.h"
#include "stream.h"

enum { LINE = 256 };

struct ask {
    char name[LINE];
};

static struct stream *open_stream(char **argv)
{
    struct stream_options o;
    uint64_t append_ms = 0;
    struct stream *s;
    struct err e = {0};
    stream_options_default(&o);
    o.kind = SLICE("kafka");
    o.dir = slice_str(argv[1]);
    o.prefix = slice_str(argv[2]);
    o.writer = slice_str(argv[3]);
    o.record_max = 100000;
    num_u64(slice_str(argv[4]), &append_ms);
    o.append_timeout_ms = (uint32_t)append_ms;
    o.allow_unsafe = true;
    if (stream_open(&o, &s, &e)) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    return s;
}

static void on_lead(void *arg, bool leads, const struct err *why)
{
    (void)arg;
    if (leads)
        puts("leads");
    else
        printf("ends %s\n", why->text);
}

static void on_done(void *arg, const struct err *e)
{
    struct ask *a = arg;
    if (e)
        printf("no %s %s %s\n", a->name, e->retriable ? "later" : "never", e->text);
    else
        printf("ok %s\n", a->name);
    free(a);
}

static void answer(struct ask *a, enum stream_result result, const struct err *e)
{
    if (result == STREAM_OK)
        return;
    printf("%s %s %s\n", result == STREAM_FULL ? "full" : "bad", a->name, e->text);
    free(a);
}

static void put(struct stream *s, const char *name, const char *next)
{
    char values[2][LINE + 8];
    uint64_t at = 0;
    struct err e = {0};
    struct ask *a = calloc(1, sizeof(*a));
    struct stream_record set[2];
    for (int i = 0; i < 2; i++) {
        snprintf(values[i], sizeof(values[i]), "%s.%d", name, i + 1);
        set[i] = (struct stream_record){
            SLICE("flow.out"), SLICE("k"), slice_str(values[i]), NULL, 0, false};
    }
    snprintf(a->name, sizeof(a->name), "%s", name);
    num_u64(slice_str(next), &at);
    struct stream_position p = {SLICE("journey"), SLICE("flow.in"), SLICE("0"), (int64_t)at};
    answer(a, stream_forward(s, set, 2, &p, 1, on_done, a, &e), &e);
}

static void plain(struct stream *s, const char *name, struct slice value)
{
    struct err e = {0};
    struct ask *a = calloc(1, sizeof(*a));
    struct stream_record r = {SLICE("flow.plain"), SLICE("k"), value, NULL, 0, false};
    snprintf(a->name, sizeof(a->name), "%s", name);
    answer(a, stream_append(s, &r, 1, on_done, a, &e), &e);
}

static void size(struct stream *s, const char *bytes)
{
    uint64_t n = 0;
    num_u64(slice_str(bytes), &n);
    char *zeros = calloc(n + 1, 1);
    plain(s, bytes, slice_make(zeros, n));
    free(zeros);
}

/* At once, as a busy adapter does between two looks at its stream. */
static void many(struct stream *s, const char *count)
{
    uint64_t n = 0;
    char name[24];
    num_u64(slice_str(count), &n);
    for (uint64_t i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "%u", (unsigned)i);
        plain(s, name, slice_str(name));
    }
}

/* False at the end. */
static bool obey(struct stream *s, char *line)
{
    struct err e = {0};
    const char *verb = strtok(line, " \n"), *name = strtok(NULL, " \n"),
               *next = strtok(NULL, " \n");
    if (!verb || strcmp(verb, "close") == 0)
        return false;
    if (strcmp(verb, "lead") == 0) {
        if (stream_lead(s, SLICE("journey"), on_lead, NULL, &e))
            printf("ends %s\n", e.text);
    } else if (name && next && strcmp(verb, "put") == 0) {
        put(s, name, next);
    } else if (name && strcmp(verb, "plain") == 0) {
        plain(s, name, slice_str(name));
    } else if (name && strcmp(verb, "size") == 0) {
        size(s, name);
    } else if (name && strcmp(verb, "many") == 0) {
        many(s, name);
    }
    return true;
}

/* Whole lines only: the rest stays for the next time. */
static bool read_lines(struct stream *s, char *held, size_t *n)
{
    ssize_t got = read(STDIN_FILENO, held + *n, LINE - 1 - *n);
    if (got <= 0)
        return false;
    *n += (size_t)got;
    held[*n] = 0;
    for (char *end; (end = strchr(held, '\n'));) {
        *end = 0;
        if (!obey(s, held))
            return false;
        *n -= (size_t)(end + 1 - held);
        memmove(held, end + 1, *n + 1);
    }
    return true;
}

int main(int argc, char **argv)
{
    char held[LINE];
    size_t n = 0;
    if (argc != 5)
        return 64;
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct stream *s = open_stream(argv);
    puts("open");
    struct pollfd p[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                          {.fd = stream_fd(s), .events = POLLIN}};
    while (poll(p, 2, -1) > 0) {
        if (p[0].revents && !read_lines(s, held, &n))
            break;
        if (p[1].revents)
            stream_dispatch(s);
    }
    stream_close(s);
    puts("closed");
    return 0;
}
