/* http_sink --stamps FILE [--delay MS] - an HTTP consumer on libevent's server: answers
 * each POST with 200, after --delay where that is given, and counts it in FILE (stamps.h).
 *
 * An event whose data.origin.control_id is L<n> came from mllp_load: its latency is the time since
 * message n was due. Prints "port N" when it listens; on SIGTERM
 *
 *   events N p50_us A p99_us B max_us C */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "stamps.h"

enum { SLOTS = 1 << 24 }; /* microseconds; the last takes all above */

struct sink {
    struct event_base *base;
    struct stamps *stamps;
    long delay_ms, events, timed, max_us;
    unsigned *histogram;
};

_Noreturn static void die(const char *what)
{
    fprintf(stderr, "http_sink: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void note_latency(struct sink *s, const char *body, size_t n, int64_t now)
{
    static const char mark[] = "\"control_id\":\"L";
    const char *at = memmem(body, n, mark, sizeof(mark) - 1);
    long number = at ? atol(at + sizeof(mark) - 1) : -1; /* a quote ends it */
    if (number < 0 || number >= STAMPS_MAX || !s->stamps->due_ns[number])
        return;
    long us = (long)((now - s->stamps->due_ns[number]) / 1000);
    s->histogram[us < 0 ? 0 : us < SLOTS ? us : SLOTS - 1]++;
    s->timed++;
    if (us > s->max_us)
        s->max_us = us;
}

static void answer(struct evhttp_request *request)
{
    evhttp_send_reply(request, 200, "OK", NULL);
}

static void on_time(evutil_socket_t fd, short what, void *request)
{
    (void)fd, (void)what;
    answer(request);
}

static void on_request(struct evhttp_request *request, void *arg)
{
    struct sink *s = arg;
    struct evbuffer *in = evhttp_request_get_input_buffer(request);
    size_t n = evbuffer_get_length(in);
    int64_t now = clock_mono_ns();
    s->events++;
    s->stamps->arrived = s->events;
    note_latency(s, (const char *)evbuffer_pullup(in, -1), n, now);
    struct timeval delay = {s->delay_ms / 1000, s->delay_ms % 1000 * 1000};
    if (!s->delay_ms)
        answer(request);
    else
        event_base_once(s->base, -1, EV_TIMEOUT, on_time, request, &delay);
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    event_base_loopbreak(arg);
}

static long percentile(const struct sink *s, double part)
{
    long wanted = (long)(part * (double)s->timed), seen = 0;
    for (long us = 0; us < SLOTS && s->timed; us++) {
        seen += s->histogram[us];
        if (seen > wanted)
            return us;
    }
    return 0;
}

static void serve(struct sink *s)
{
    struct evhttp *http = evhttp_new(s->base);
    struct evhttp_bound_socket *socket =
        http ? evhttp_bind_socket_with_handle(http, "127.0.0.1", 0) : NULL;
    struct event *ended = evsignal_new(s->base, SIGTERM, on_signal, s->base);
    struct sockaddr_in at;
    socklen_t n = sizeof(at);
    if (!socket || !ended || event_add(ended, NULL) < 0 ||
        getsockname(evhttp_bound_socket_get_fd(socket), (struct sockaddr *)&at, &n) < 0)
        die("listen");
    evhttp_set_gencb(http, on_request, s);
    printf("port %d\n", ntohs(at.sin_port));
    fflush(stdout);
    event_base_dispatch(s->base);
    event_free(ended);
    evhttp_free(http);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"stamps", required_argument, NULL, 's'}, {"delay", required_argument, NULL, 'd'}, {0}};
    struct sink s = {0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's')
            s.stamps = stamps_map(optarg);
        else if (c == 'd')
            s.delay_ms = atol(optarg);
        else
            return 64;
    }
    s.base = event_base_new();
    s.histogram = calloc(SLOTS, sizeof(*s.histogram));
    if (!s.stamps || !s.base || !s.histogram)
        die("--stamps FILE");
    serve(&s);
    printf("events %ld p50_us %ld p99_us %ld max_us %ld\n", s.events, percentile(&s, 0.5),
           percentile(&s, 0.99), s.max_us);
    event_base_free(s.base);
    free(s.histogram);
    return 0;
}
