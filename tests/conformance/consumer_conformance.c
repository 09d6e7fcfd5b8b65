/* consumer_conformance.c - what every kind of consumer has to do, run once for each name that is
 * built in: all of it arrives, byte for byte, in order per patient, and a restart loses nothing.
 *
 * The whole broker runs on the memory stream; each kind needs a far side here. */
#include <stdio.h>
#include <stdlib.h>
#include "adt_write.h"
#include "clock.h"
#include "consumer_kind.h"
#include "far_mllp.h"
#include "http_server.h"
#include "kit.h"
#include "line.h"

#define KEY "0123456789012345678901234567890123456789"

enum { DEADLINE_MS = 20000, PEOPLE = 7, GOT_MAX = 4096 };

struct far {
    const char *kind;
    /* The section of the config for it. */
    void (*open)(struct buf *ret_yaml);
    void (*close)(void);
    /* What has arrived so far, one event per line. */
    void (*got)(struct buf *ret);
    /* What arrives of an event; NULL: the event itself. */
    void (*wants)(struct slice event, struct buf *ret);
};

static struct {
    struct kit_dir dir;
    struct loop *loop;
    struct site *site;
    struct stream *stream;
    struct line *line;
    struct loop_fd *watch;
    struct http_server *server;
    struct far_mllp receiver;
    struct buf received; /* by the server or the receiver */
    unsigned reported;
} b;

static void file_open(struct buf *yaml)
{
    buf_printf(yaml, "    file: {path: %s/out.ndjson}\n", b.dir.path);
}

static void file_got(struct buf *ret)
{
    char path[300];
    kit_dir_file(&b.dir, "out.ndjson", path, sizeof(path));
    struct slice s = kit_read(path);
    buf_put(ret, s);
    free((void *)(uintptr_t)s.p);
}

static void nothing(void)
{
}

static void serve(struct http_exchange *x, void *arg)
{
    (void)arg;
    ck_assert(slice_starts(http_field(x, "content-type"), SLICE("application/cloudevents+json")));
    kit_assert_slice(http_method(x), SLICE("POST"));
    buf_put(&b.received, http_body(x));
    buf_putc(&b.received, '\n');
    http_reply(x, 204, "text/plain", SLICE(""));
}

static void http_open(struct buf *yaml)
{
    struct err err = {0};
    char text[ADDRESS_TEXT];
    struct http_server_options o = {.body_max = 8 << 20};
    ck_assert_int_eq(address_parse(SLICE("127.0.0.1:0"), &o.at, &err), 0);
    ck_assert_msg(http_server_open(b.loop, &o, serve, NULL, &b.server, &err) == 0, "%s", err.text);
    address_text(http_server_address(b.server), text);
    buf_printf(yaml, "    http: {url: \"http://%s/events\", allow_private: true}\n", text);
}

static void http_close(void)
{
    http_server_close(b.server);
    b.server = NULL;
}

static void http_got(struct buf *ret)
{
    buf_put(ret, buf_slice(&b.received));
}

static struct slice control_id_of(const char *id, char out[ADT_CONTROL_ID])
{
    struct digest *sha;
    struct err err = {0};
    ck_assert_int_eq(digest_open(SLICE_ABSENT, &sha, &err), 0);
    struct slice control_id = adt_control_id(sha, slice_str(id), out);
    digest_close(sha);
    return control_id;
}

/* MSH-10 says which event it was; a segment stands for a line. */
static void on_message(struct slice message, struct slice control_id)
{
    for (unsigned i = 0; i < b.reported; i++) {
        char id[32], text[ADT_CONTROL_ID];
        snprintf(id, sizeof(id), "e%05u", i);
        if (!slice_eq(control_id_of(id, text), control_id))
            continue;
        buf_printf(&b.received, "\"id\":\"%s\" ", id);
        buf_put(&b.received, message);
        buf_putc(&b.received, '\n');
        return;
    }
    ck_abort_msg("no event has that control id");
}

static void mllp_open(struct buf *yaml)
{
    char text[ADDRESS_TEXT];
    far_mllp_open(&b.receiver, b.loop, on_message);
    address_text(listener_address(b.receiver.listener), text);
    buf_printf(yaml, "    mllp: {to: \"%s\", connections: 3, sending_app: WEIR}\n", text);
}

static void mllp_close(void)
{
    far_mllp_close(&b.receiver);
}

static void mllp_wants(struct slice event, struct buf *ret)
{
    const struct adt_options o = {.sending_app = SLICE("WEIR")};
    char text[ADT_CONTROL_ID];
    struct arena arena;
    struct event *e;
    struct err err = {0};
    arena_init(&arena, 8 << 20);
    ck_assert_msg(event_decode(event, &arena, &e, &err) == 0, "%s", err.text);
    buf_puts(ret, "\"id\":\"e00000\" ");
    ck_assert_msg(adt_write(ret, e, &o, control_id_of("e00000", text), &err) == 0, "%s", err.text);
    arena_fini(&arena);
}

static void no_section(struct buf *yaml)
{
    (void)yaml;
}

static const struct far fars[] = {
    {"file", file_open, nothing, file_got, NULL},
    {"http", http_open, http_close, http_got, NULL},
    {"mllp", mllp_open, mllp_close, http_got, mllp_wants},
};
/* A kind without a row there has no far side that could be looked at (sink): that it takes all can
 * be seen all the same. */
static struct far unseen = {NULL, no_section, nothing, NULL, NULL};
static const struct far *far;

static const struct far *far_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(fars) / sizeof(fars[0]); i++)
        if (strcmp(fars[i].kind, kind) == 0)
            return &fars[i];
    return NULL;
}

static void on_stream(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
    stream_dispatch(b.stream);
    if (b.line)
        line_dispatched(b.line);
}

static void on_drained(void *arg)
{
    *(bool *)arg = true;
}

static void on_failed(void *arg, const struct err *e)
{
    (void)arg;
    ck_abort_msg("%s", e->text);
}

static bool drained;

static void line_begin(void)
{
    struct err err = {0};
    struct line_options o = {.stream = b.stream,
                             .loop = b.loop,
                             .site = b.site,
                             .drained = on_drained,
                             .failed = on_failed,
                             .arg = &drained};
    ck_assert_msg(line_open(&o, &b.line, &err) == 0, "%s", err.text);
}

/* As kill -9: nothing is drained. */
static void line_kill(void)
{
    line_close(b.line);
    b.line = NULL;
}

static void open_site(void)
{
    struct buf yaml;
    struct err err = {0};
    setenv("WEIR_TEST_P", KEY, 1);
    setenv("WEIR_TEST_A", KEY "x", 1);
    buf_init(&yaml, 1 << 16);
    buf_printf(&yaml,
               "data: %s\nkeys: {pseudonym: env:WEIR_TEST_P, audit: env:WEIR_TEST_A}\n"
               "sources:\n  pas:\n    adapter: acute\n    ods: RZZ\n    system: demo\n"
               "    mllp: {listen: 127.0.0.1:2575}\n"
               "routes:\n  all: {keep: [all], identifiers: true}\n"
               "consumers:\n  c:\n    route: all\n    kind: %s\n    backoff_min: 10ms\n",
               b.dir.path, far->kind);
    far->open(&yaml);
    ck_assert_msg(site_read(slice_str(buf_cstr(&yaml)), "bed.yaml", SITE_BROKER, &b.site, &err) ==
                      0,
                  "%s", err.text);
    buf_fini(&yaml);
}

static void begin(int kind)
{
    struct stream_options so;
    struct err err = {0};
    const char *name = consumer_kinds[kind]->name;
    unseen.kind = name;
    far = far_of(name) ? far_of(name) : &unseen;
    memset(&b, 0, sizeof(b));
    drained = false;
    kit_dir_open(&b.dir);
    buf_init(&b.received, 64 << 20);
    ck_assert_int_eq(loop_open(&b.loop, &err), 0);
    open_site();
    stream_options_default(&so);
    so.kind = SLICE("memory");
    so.dir = slice_str(b.dir.path);
    so.writer = SLICE("broker");
    ck_assert_msg(stream_open(&so, &b.stream, &err) == 0, "%s", err.text);
    ck_assert_int_eq(
        loop_fd_add(b.loop, stream_fd(b.stream), LOOP_READ, on_stream, NULL, &b.watch, &err), 0);
    line_begin();
}

static void end(void)
{
    line_close(b.line);
    loop_fd_remove(b.watch);
    stream_close(b.stream);
    far->close();
    site_close(b.site);
    loop_close(b.loop);
    buf_fini(&b.received);
    kit_dir_close(&b.dir);
}

/* n events, person after person, of about `size` bytes. */
static void report(unsigned n, unsigned size)
{
    char *pad = malloc(size + 1);
    memset(pad, 'x', size);
    pad[size] = 0;
    for (unsigned i = 0; i < n; i++, b.reported++) {
        char id[32], person[32];
        struct buf json;
        struct err err = {0};
        snprintf(id, sizeof(id), "e%05u", b.reported);
        snprintf(person, sizeof(person), "t1:p%u", b.reported % PEOPLE);
        buf_init(&json, 4 << 20);
        buf_printf(&json,
                   "{\"specversion\":\"1.0\",\"id\":\"%s\",\"type\":\"patient.admitted\","
                   "\"source\":\"urn:s\",\"subject\":\"%s\",\"data\":{\"reason\":{\"text\":"
                   "\"line\\nbreak \\u0001 \xc3\xa9 %s\"}}}",
                   id, person, pad);
        const struct stream_header h[] = {{SLICE("ce_id"), slice_str(id)},
                                          {SLICE("ce_type"), SLICE("patient.admitted")},
                                          {SLICE("received"), SLICE("2026-03-03T08:12:00.000Z")},
                                          {SLICE("person"), slice_str(person)}};
        struct stream_record r = {.topic = SLICE("flow.reported"),
                                  .key = SLICE("pas"),
                                  .value = buf_slice(&json),
                                  .headers = h,
                                  .nheaders = 4};
        ck_assert_int_eq(stream_append(b.stream, &r, 1, NULL, NULL, &err), STREAM_OK);
        buf_fini(&json);
    }
    free(pad);
}

static unsigned number_of(struct slice line)
{
    const char *at = memmem(line.p, line.n, "\"id\":\"e", 7);
    ck_assert_ptr_nonnull(at);
    return (unsigned)strtoul(at + 7, NULL, 10);
}

static unsigned count_got(void)
{
    struct buf got;
    unsigned n = 0;
    buf_init(&got, 64 << 20);
    far->got(&got);
    for (size_t i = 0; i < got.n; i++)
        n += got.p[i] == '\n';
    buf_fini(&got);
    return n;
}

static void run_until(unsigned n)
{
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    while (count_got() < n) {
        ck_assert_msg(clock_mono_ms() < until, "%u of %u after %d s", count_got(), n,
                      DEADLINE_MS / 1000);
        loop_turn(b.loop, 5);
    }
}

/* All that was reported arrived; first deliveries of a person rise. Returns the repeats. */
static unsigned check(void)
{
    struct buf got;
    bool *seen = calloc(b.reported, sizeof(*seen));
    unsigned last[PEOPLE] = {0}, repeats = 0, firsts = 0;
    buf_init(&got, 64 << 20);
    far->got(&got);
    struct slice left = slice_trim(buf_slice(&got));
    while (slice_present(left)) {
        unsigned n = number_of(slice_split(&left, '\n'));
        ck_assert_uint_lt(n, b.reported);
        repeats += seen[n];
        if (seen[n])
            continue;
        ck_assert_msg(n + 1 > last[n % PEOPLE], "e%u after e%u", n, last[n % PEOPLE] - 1);
        last[n % PEOPLE] = n + 1;
        seen[n] = true;
        firsts++;
    }
    ck_assert_uint_eq(firsts, b.reported);
    buf_fini(&got);
    free(seen);
    return repeats;
}

START_TEST(all_of_it_is_taken)
{
    struct delivery_stats st;
    begin(_i);
    report(300, 10);
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    do {
        loop_turn(b.loop, 5);
        delivery_stats(line_nth(b.line, 0), &st);
        ck_assert_msg(clock_mono_ms() < until, "%llu of 300",
                      (unsigned long long)st.sched.delivered);
    } while (st.sched.delivered < 300 || st.lag);
    end();
}
END_TEST

START_TEST(all_of_it_in_order)
{
    begin(_i);
    report(300, 10);
    run_until(300);
    ck_assert_uint_eq(check(), 0);
    report(50, 10);
    run_until(350);
    ck_assert_uint_eq(check(), 0);
    end();
}
END_TEST

static struct slice route_value(void)
{
    struct slice topic = SLICE("flow.route.all"), value = SLICE_ABSENT;
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct stream_reader *r;
    struct stream_message m;
    struct err err = {0};
    ck_assert_int_eq(stream_reader_open(b.stream, &ro, &r, &err), 0);
    ck_assert_int_eq(stream_next(r, &m, &err), STREAM_GOT);
    char *copy = malloc(m.value.n);
    memcpy(copy, m.value.p, m.value.n);
    value = slice_make(copy, m.value.n);
    stream_reader_close(r);
    return value;
}

START_TEST(byte_for_byte_also_large_ones)
{
    struct buf got, want;
    begin(_i);
    report(1, 300 * 1000);
    run_until(1);
    buf_init(&got, 4 << 20);
    buf_init(&want, 4 << 20);
    far->got(&got);
    struct slice value = route_value();
    if (far->wants)
        far->wants(value, &want);
    else
        buf_put(&want, value);
    kit_assert_slice(slice_sub(buf_slice(&got), 0, got.n - 1), buf_slice(&want));
    free((void *)(uintptr_t)value.p);
    buf_fini(&got);
    buf_fini(&want);
    end();
}
END_TEST

START_TEST(a_kill_loses_nothing)
{
    begin(_i);
    for (unsigned round = 1; round <= 5; round++) {
        unsigned before = count_got();
        report(100, 10);
        run_until(before + 1 + round * 10);
        line_kill();
        line_begin();
    }
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    struct delivery_stats st;
    do {
        loop_turn(b.loop, 5);
        delivery_stats(line_nth(b.line, 0), &st);
        ck_assert_msg(clock_mono_ms() < until, "%zu in memory", st.sched.in_memory);
    } while (st.lag || count_got() < b.reported);
    check();
    end();
}
END_TEST

START_TEST(a_drain_ends_with_nothing_to_repeat)
{
    begin(_i);
    report(200, 10);
    run_until(20);
    line_drain(b.line);
    int64_t until = clock_mono_ms() + DEADLINE_MS;
    while (!drained) {
        loop_turn(b.loop, 5);
        ck_assert_msg(clock_mono_ms() < until, "no end of the drain");
    }
    line_kill();
    unsigned before = count_got();
    line_begin();
    run_until(200 > before ? 200 : before);
    check();
    end();
}
END_TEST

int main(int argc, char **argv)
{
    const TTest *const tests[] = {all_of_it_in_order, byte_for_byte_also_large_ones,
                                  a_kill_loses_nothing, a_drain_ends_with_nothing_to_repeat};
    Suite *suite = suite_create("consumer");
    for (int i = 0; consumer_kinds[i]; i++) {
        TCase *cases = tcase_create(consumer_kinds[i]->name);
        tcase_set_timeout(cases, 60);
        tcase_add_loop_test(cases, all_of_it_is_taken, i, i + 1);
        for (size_t t = 0; far_of(consumer_kinds[i]->name) && t < sizeof(tests) / sizeof(tests[0]);
             t++)
            tcase_add_loop_test(cases, tests[t], i, i + 1);
        suite_add_tcase(suite, cases);
    }
    return kit_main(argc, argv, &suite, 1);
}
