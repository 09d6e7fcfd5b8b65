#include "broker_bed.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "unit.h"

#define KEY "0123456789012345678901234567890123456789"

struct site *bed_site(const char *routes)
{
    char text[8192];
    struct site *s;
    struct err err = {0};
    setenv("WEIR_TEST_P", KEY, 1);
    setenv("WEIR_TEST_A", KEY "x", 1);
    snprintf(text, sizeof(text),
             "data: /tmp\nkeys: {pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}\n"
             "sources:\n  pas:\n    adapter: acute\n    ods: RZZ\n    system: demo\n"
             "    mllp: {listen: 127.0.0.1:2575}\nroutes:\n%s",
             routes);
    ck_assert_msg(site_read(slice_str(text), "bed.yaml", SITE_BROKER, &s, &err) == 0, "%s",
                  err.text);
    return s;
}

static void open_parts(struct bed *b)
{
    struct err err = {0};
    ck_assert_msg(router_open(b->site, NULL, &b->router, &err) == 0, "%s", err.text);
    struct journey_options jo = {.stream = b->stream, .site = b->site, .router = b->router};
    ck_assert_msg(journey_open(&jo, &b->journey, &err) == 0, "%s", err.text);
    ck_assert_msg(journey_lead(b->journey, &err) == 0, "%s", err.text);
}

struct stream *bed_stream(const char *dir, const char *writer)
{
    struct stream_options so;
    struct stream *s;
    struct err err = {0};
    stream_options_default(&so);
    so.kind = SLICE("memory");
    so.dir = slice_str(dir);
    so.writer = slice_str(writer);
    ck_assert_msg(stream_open(&so, &s, &err) == 0, "%s", err.text);
    return s;
}

static void on_stream(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    stream_dispatch(arg);
}

struct loop_fd *bed_watch(struct loop *l, struct stream *s)
{
    struct loop_fd *watch;
    struct err err = {0};
    ck_assert_int_eq(loop_fd_add(l, stream_fd(s), LOOP_READ, on_stream, s, &watch, &err), 0);
    return watch;
}

void bed_open(struct bed *b, const char *routes)
{
    char dir[32];
    *b = (struct bed){.now = 1772496000000};
    arena_init(&b->arena, 64 << 20);
    b->site = bed_site(routes);
    snprintf(dir, sizeof(dir), "bed-%p", (void *)b);
    b->stream = bed_stream(dir, "broker");
    open_parts(b);
}

static void close_parts(struct bed *b)
{
    journey_close(b->journey);
    router_close(b->router);
}

void bed_close(struct bed *b)
{
    close_parts(b);
    stream_close(b->stream);
    site_close(b->site);
    arena_fini(&b->arena);
}

void bed_restart(struct bed *b)
{
    close_parts(b);
    open_parts(b);
}

static void on_done(void *arg, const struct err *e)
{
    ck_assert_msg(!e, "%s", e ? e->text : "");
    *(bool *)arg = true;
}

static void dispatch(struct bed *b)
{
    struct pollfd p = {.fd = stream_fd(b->stream), .events = POLLIN};
    poll(&p, 1, 1000);
    stream_dispatch(b->stream);
}

void bed_report(struct bed *b, const char *id, const char *person, const char *local,
                const char *retired, const char *data)
{
    char json[4096];
    struct stream_header h[8];
    unsigned n = 0;
    struct err err = {0};
    bool done = false, forward = !strstr(id, "noforward");
    const char *type = b->type ? b->type : "patient.admitted";
    snprintf(json, sizeof(json),
             "{\"specversion\":\"1.0\",\"id\":\"%s\",\"type\":\"%s\",\"source\":"
             "\"urn:nhs:ods:RZZ:demo\",\"subject\":\"%s\",%s%s%s\"data\":%s}",
             id, type, person ? person : "none", b->time ? "\"time\":\"" : "",
             b->time ? b->time : "", b->time ? "\"," : "", data ? data : "{}");
    h[n++] = (struct stream_header){SLICE("ce_id"), slice_str(id)};
    h[n++] = (struct stream_header){SLICE("ce_type"), slice_str(type)};
    h[n++] = (struct stream_header){SLICE("received"), SLICE("2026-03-03T08:12:00.000Z")};
    if (person)
        h[n++] = (struct stream_header){SLICE("person"), slice_str(person)};
    if (local)
        h[n++] = (struct stream_header){SLICE("person-local"), slice_str(local)};
    if (retired)
        h[n++] = (struct stream_header){SLICE("retired"), slice_str(retired)};
    if (!forward)
        h[n++] = (struct stream_header){SLICE("forward"), SLICE("no")};
    struct stream_record r = {.topic = SLICE("flow.reported"),
                              .key = SLICE("pas"),
                              .value = data && !*data ? SLICE("garbage") : slice_str(json),
                              .headers = h,
                              .nheaders = n};
    ck_assert_int_eq(stream_append(b->stream, &r, 1, on_done, &done, &err), STREAM_OK);
    for (int i = 0; i < 100 && !done; i++)
        dispatch(b);
    ck_assert(done);
}

void bed_run(struct bed *b)
{
    for (int quiet = 0, i = 0; quiet < 2 && i < 1000; i++) {
        bool more = journey_step(b->journey, b->now);
        if (!journey_idle(b->journey))
            dispatch(b);
        quiet = more || !journey_idle(b->journey) ? 0 : quiet + 1;
    }
    ck_assert(journey_idle(b->journey));
}

unsigned bed_read(struct bed *b, const char *topic, struct bed_record *ret, unsigned max)
{
    struct slice name = slice_str(topic);
    struct stream_reader_options ro = {.topics = &name, .ntopics = 1, .start = STREAM_EARLIEST};
    struct stream_reader *r;
    struct stream_message m;
    struct err err = {0};
    unsigned n = 0;
    ck_assert_msg(stream_reader_open(b->stream, &ro, &r, &err) == 0, "%s", err.text);
    while (n < max && stream_next(r, &m, &err) == STREAM_GOT)
        ret[n++] = (struct bed_record){
            .topic = name,
            .key = arena_copy(&b->arena, m.key),
            .value = arena_copy(&b->arena, m.value),
            .merge = arena_copy(&b->arena, stream_header_get(&m, "merge")),
            .with = arena_copy(&b->arena, stream_header_get(&m, "merge-with")),
            .id = arena_copy(&b->arena, stream_header_get(&m, "ce_id")),
            .offset = m.offset,
        };
    stream_reader_close(r);
    return n;
}

void bed_assert_told(struct bed *b, const char *topic, const char *want)
{
    struct bed_record r[256];
    char got[8192] = "";
    size_t at = 0;
    unsigned n = bed_read(b, topic, r, 256);
    for (unsigned i = 0; i < n; i++)
        at += (size_t)snprintf(got + at, sizeof(got) - at, "%s%.*s@%.*s%s%.*s%s%.*s", i ? ", " : "",
                               SLICE_ARG(r[i].id), SLICE_ARG(r[i].key), r[i].merge.n ? ":" : "",
                               SLICE_ARG(r[i].merge), r[i].with.n ? "=" : "", SLICE_ARG(r[i].with));
    ck_assert_str_eq(got, want);
}

bool slice_has(struct slice text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}
