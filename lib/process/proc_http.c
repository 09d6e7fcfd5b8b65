#include "proc_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "buf.h"

enum { METRICS_MAX = 4 << 20 };

static const char text_type[] = "text/plain; charset=utf-8";

/* Resident set from /proc/self/statm, in pages. */
static double resident_bytes(void)
{
    char text[128];
    unsigned long size, resident = 0;
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    if (sscanf(text, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void collect_queue(struct proc *p)
{
    struct stream_queue q;
    if (!p->queue[0] || !p->stream || !stream_queue(p->stream, &q))
        return;
    series_set(p->queue[PROC_QUEUE_RECORDS], q.records);
    series_set(p->queue[PROC_QUEUE_BYTES], (double)q.bytes);
    series_set(p->queue[PROC_QUEUE_OLDEST], (double)q.oldest_ms / 1000);
    uint64_t known = (uint64_t)series_value(p->queue[PROC_QUEUE_REPLACED]);
    if (q.replaced > known)
        series_add(p->queue[PROC_QUEUE_REPLACED], q.replaced - known);
}

static void serve_metrics(struct proc *p, struct http_exchange *x)
{
    struct buf out;
    buf_init(&out, METRICS_MAX);
    series_set(p->resident, resident_bytes());
    collect_queue(p);
    if (p->started && p->program->collect)
        p->program->collect(p->state);
    metrics_write(p->metrics, &out);
    if (buf_ok(&out))
        http_reply(x, 200, "text/plain; version=0.0.4; charset=utf-8", buf_slice(&out));
    else
        http_reply(x, 500, text_type, SLICE("the metrics do not fit\n"));
    buf_fini(&out);
}

static void serve_ready(struct proc *p, struct http_exchange *x)
{
    const char *why = "starting";
    char text[200];
    bool ready = p->started && p->program->ready(p->state, &why);
    if (p->draining) {
        ready = false;
        why = "draining";
    }
    snprintf(text, sizeof(text), "%s\n", ready ? "ready" : why);
    http_reply(x, ready ? 200 : 503, text_type, slice_str(text));
}

static void serve_version(struct proc *p, struct http_exchange *x)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{\"program\":\"%s\",\"name\":\"%s\",\"version\":\"%s\",\"config_generation\":%llu}\n",
             p->program->program, p->name, WEIR_VERSION, (unsigned long long)p->generation);
    http_reply(x, 200, "application/json", slice_str(text));
}

static void serve(struct http_exchange *x, void *arg)
{
    struct proc *p = arg;
    struct slice path = http_path(x);
    if (!slice_eq_str(http_method(x), "GET") && !slice_eq_str(http_method(x), "HEAD"))
        http_reply(x, 405, text_type, SLICE("only GET and HEAD\n"));
    else if (slice_eq_str(path, "/health"))
        http_reply(x, 200, text_type, SLICE("ok\n"));
    else if (slice_eq_str(path, "/ready"))
        serve_ready(p, x);
    else if (slice_eq_str(path, "/metrics"))
        serve_metrics(p, x);
    else if (slice_eq_str(path, "/version"))
        serve_version(p, x);
    else
        http_reply(x, 404, text_type, SLICE("there are /health, /ready, /metrics and /version\n"));
}

/* Readers see the whole address or none: written beside and moved over. */
static int write_run_file(struct proc *p, struct err *reterr)
{
    char text[ADDRESS_TEXT + 1], temp[sizeof(p->run_file) + 8];
    snprintf(p->run_file, sizeof(p->run_file), "%s/run/%s.http", p->site->data.p, p->name);
    snprintf(temp, sizeof(temp), "%s.new", p->run_file);
    struct slice at = address_text(http_server_address(p->http), text);
    text[at.n] = '\n';
    int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text, at.n + 1) == (ssize_t)at.n + 1;
    if (fd >= 0)
        close(fd);
    if (ok && rename(temp, p->run_file) == 0)
        return 0;
    return err_set(reterr, ERR_IO, "%s: %s", p->run_file, strerror(errno));
}

int proc_http_open(struct proc *p, struct err *reterr)
{
    struct http_server_options o = {.connections = 64};
    /* Who may ask is settled by where it listens: an address of the network is the site's choice.
     */
    struct address_net anyone = {.bits = 0};
    if (address_parse(site_listen(p->site, p->name), &o.at, reterr) != 0)
        return err_at(reterr, "listen.%s", p->name);
    if (!address_is_loopback(&o.at)) {
        o.allow = &anyone;
        o.nallow = 1;
    }
    if (http_server_open(p->loop, &o, serve, p, &p->http, reterr) != 0)
        return err_at(reterr, "listen.%s", p->name);
    return write_run_file(p, reterr);
}

void proc_http_close(struct proc *p)
{
    http_server_close(p->http);
    p->http = NULL;
    if (*p->run_file)
        unlink(p->run_file);
}
