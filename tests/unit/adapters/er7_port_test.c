/* Messages over HTTP, without a process around them: each status, and what ends while it waits. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "adapters_bed.h"
#include "clock.h"
#include "er7_port.h"
#include "stream_bed.h"

enum { PORT_TRIES = 50, DEADLINE_MS = 20000 };

#define ADMIT                                                                                      \
    "MSH|^~\\&|PAS|RZZ|||20260303081400||ADT^A01|C1|P|2.4\r"                                       \
    "EVN|A01|20260303081300\r"                                                                     \
    "PID|1||M1^^^RZZ^MR||COLE^Ivy\r"                                                               \
    "PV1|1|I|W1^B1^04^RZZ01\r"
#define MERGE_OF_NOBODY "MSH|^~\\&|PAS|RZZ|||20260303081400||ADT^A40|C2|P|2.4\rPID|1||M1^^^RZZ^MR\r"
#define ER7 "application/hl7-v2+er7"

struct door {
    struct stream_bed bed;
    struct stream *stream;
    struct loop *loop;
    struct metrics *metrics;
    struct source_families families;
    struct site *site;
    struct source source;
    struct intake intake;
    struct er7_port *port;
    unsigned number;
};

static int listen_somewhere(struct door *d, struct err *reterr)
{
    char text[600];
    d->number = 20000 + (unsigned)((clock_mono_ns() / 1000 + (int64_t)getpid() * 131) % 30000);
    snprintf(text, sizeof(text),
             "data: %s\n"
             "stream: {free_min: 0}\n"
             "keys: {kid: u1, pseudonym: env:WEIR_UNIT_KEY, audit: env:WEIR_UNIT_KEY}\n"
             "sources:\n"
             "  pas: {adapter: acute, ods: RZZ, system: pas, pl: ward^bay^bed^site,\n"
             "        http: {listen: \"127.0.0.1:%u\", path: /hl7}}\n",
             d->bed.dir.path, d->number);
    setenv("WEIR_UNIT_KEY", "a key of the tests, of no use elsewhere", 1);
    ck_assert_msg(site_read(slice_str(text), "u.yaml", SITE_PSEUDONYM, &d->site, reterr) == 0, "%s",
                  reterr->text);
    char *maps = realpath(WEIR_ROOT "/adapters", NULL);
    setenv("WEIR_MAPS", maps, 1);
    free(maps);
    ck_assert_msg(source_open(d->site, &d->site->sources[0], &d->families, &d->source, reterr) == 0,
                  "%s", reterr->text);
    const struct intake_options io = {.loop = d->loop, .stream = d->stream, .site = d->site};
    ck_assert_int_eq(intake_open(&d->intake, &io, reterr), 0);
    if (er7_port_open(d->loop, &d->intake, &d->source, &d->port, reterr) == 0)
        return 0;
    intake_close(&d->intake);
    source_close(&d->source);
    site_close(d->site);
    return -1;
}

static void door_open(struct door *d)
{
    struct err err = {0};
    int result = -1;
    *d = (struct door){0};
    stream_bed_open(&d->bed, "memory");
    d->stream = stream_bed_handle(&d->bed, "acute");
    ck_assert_int_eq(loop_open(&d->loop, &err), 0);
    d->metrics = metrics_open();
    source_families_open(&d->families, d->metrics);
    for (int i = 0; i < PORT_TRIES && result < 0; i++) /* somebody may have that port */
        result = listen_somewhere(d, &err);
    ck_assert_msg(result == 0, "%s", err.text);
}

static void turn(struct door *d)
{
    loop_turn(d->loop, 1);
    stream_dispatch(d->stream);
}

static void door_close(struct door *d)
{
    er7_port_close(d->port);
    for (int64_t end = clock_mono_ms() + DEADLINE_MS; d->intake.under_way && clock_mono_ms() < end;)
        turn(d);
    ck_assert_uint_eq(d->intake.under_way, 0);
    ck_assert_uint_eq(d->source.replies, 0); /* nobody holds an answer any more */
    intake_close(&d->intake);
    source_close(&d->source);
    metrics_close(d->metrics);
    loop_close(d->loop);
    stream_close(d->stream);
    stream_bed_close(&d->bed);
    site_close(d->site);
}

static int call(struct door *d, const char *head, const char *body)
{
    char text[2000];
    struct address to = {0};
    struct sockaddr_storage ss;
    struct err err;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), n;
    snprintf(text, sizeof(text), "127.0.0.1:%u", d->number);
    ck_assert_int_eq(address_parse(slice_str(text), &to, &err), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&ss, address_to(&to, &ss)), 0);
    n = snprintf(text, sizeof(text),
                 "%s\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", head,
                 strlen(body), body);
    ck_assert_int_eq(write(fd, text, (size_t)n), n);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* All that comes until the end of the connection. */
static void hear(struct door *d, int fd, char *ret, size_t size)
{
    size_t at = 0;
    ssize_t n = -1;
    for (int64_t end = clock_mono_ms() + DEADLINE_MS; n != 0 && clock_mono_ms() < end;) {
        turn(d);
        n = read(fd, ret + at, size - 1 - at);
        at += n > 0 ? (size_t)n : 0;
    }
    ck_assert_msg(n == 0, "no end came in time");
    ret[at] = '\0';
    close(fd);
}

static void ask(struct door *d, const char *head, const char *body, char *ret, size_t size)
{
    hear(d, call(d, head, body), ret, size);
}

static const struct {
    const char *head, *body, *status, *says;
} rows[] = {
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7, ADMIT, "200", "MSA|AA|C1"},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: Application/HL7-v2+ER7 ; charset=\"us-ascii\"", ADMIT,
     "200", "MSA|AA|C1"},
    {"POST /hl7?from=pas HTTP/1.1\r\nContent-Type: " ER7, ADMIT, "200", "MSA|AA|C1"},
    {"POST /hl7 HTTP/1.1\r\nContent-Encoding: identity\r\nContent-Type: " ER7, ADMIT, "200", "AA"},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7, MERGE_OF_NOBODY, "200", "MSA|AE|C2"},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7, "hello", "200", "MSA|AR"},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7, "", "400", "no message"},
    {"POST / HTTP/1.1\r\nContent-Type: " ER7, ADMIT, "404", "another path"},
    {"POST /hl7/more HTTP/1.1\r\nContent-Type: " ER7, ADMIT, "404", "another path"},
    {"PUT /hl7 HTTP/1.1\r\nContent-Type: " ER7, ADMIT, "405", "Allow: POST"},
    {"POST /hl7 HTTP/1.1", ADMIT, "415", ER7},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: text/plain", ADMIT, "415", ER7},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7 "x", ADMIT, "415", ER7},
    {"POST /hl7 HTTP/1.1\r\nContent-Encoding: br\r\nContent-Type: " ER7, ADMIT, "415",
     "may be gzip"},
    {"POST /hl7 HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Type: " ER7, ADMIT, "400", "damaged"},
    {"POST /hl7 HTTP/1.1\r\nContent-Type: " ER7 "; charset=utf-16", ADMIT, "415", "MSH-18"},
};

START_TEST(each_request_gets_its_status)
{
    struct door d;
    char got[4000], want[40];
    door_open(&d);
    ask(&d, rows[_i].head, rows[_i].body, got, sizeof(got));
    snprintf(want, sizeof(want), "HTTP/1.1 %s ", rows[_i].status);
    ck_assert_msg(strncmp(got, want, strlen(want)) == 0, "wanted %s, got %s", want, got);
    ck_assert_msg(strstr(got, rows[_i].says) != NULL, "wanted %s, got %s", rows[_i].says, got);
    /* What is not 2xx never carries HL7. */
    ck_assert(rows[_i].status[0] == '2' || !strstr(got, "MSA|"));
    for (int64_t end = clock_mono_ms() + DEADLINE_MS;
         !er7_port_quiet(d.port) && clock_mono_ms() < end;)
        turn(&d);
    ck_assert(er7_port_quiet(d.port));
    door_close(&d);
}
END_TEST

START_TEST(a_paused_source_is_asked_again_later)
{
    struct door d;
    char got[4000];
    door_open(&d);
    er7_port_pause(d.port, true);
    ask(&d, rows[0].head, rows[0].body, got, sizeof(got));
    ck_assert_int_eq(strncmp(got, "HTTP/1.1 503 ", 13), 0);
    ck_assert_ptr_nonnull(strstr(got, "Retry-After: 5\r\n"));
    er7_port_pause(d.port, false);
    ask(&d, rows[0].head, rows[0].body, got, sizeof(got));
    ck_assert_int_eq(strncmp(got, "HTTP/1.1 200 ", 13), 0);
    door_close(&d);
}
END_TEST

/* Its message is under way in the stream when the port closes, or when its sender leaves: what it
 * waits for comes all the same, and finds nobody. */
START_TEST(what_waits_ends_with_its_port)
{
    struct door d;
    door_open(&d);
    int fd = call(&d, rows[0].head, rows[0].body);
    for (int64_t end = clock_mono_ms() + DEADLINE_MS;
         d.intake.under_way == 0 && clock_mono_ms() < end;)
        loop_turn(d.loop, 1); /* and nothing is said of the stream */
    ck_assert_uint_eq(d.intake.under_way, 1);
    ck_assert(!er7_port_quiet(d.port));
    er7_port_drain(d.port);
    ck_assert(!er7_port_quiet(d.port));
    if (_i)
        close(fd);
    door_close(&d);
    if (!_i)
        close(fd);
}
END_TEST

Suite *er7_port_suite(void)
{
    Suite *s = suite_create("er7_port");
    TCase *t = tcase_create("er7_port");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, each_request_gets_its_status, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(t, a_paused_source_is_asked_again_later);
    tcase_add_loop_test(t, what_waits_ends_with_its_port, 0, 2);
    suite_add_tcase(s, t);
    return s;
}
