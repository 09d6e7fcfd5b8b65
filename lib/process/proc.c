#include "proc_parts.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "clock.h"
#include "lock.h"
#include "log.h"
#include "proc_stream.h"
#include "stdio_fds.h"
#include "topics_guard.h"

enum { AUDIT_WAIT_MS = 2000, LOOK_MS = 50 };

const char *proc_name(const struct proc *p)
{
    return p->name;
}

const char *proc_role(const struct proc *p)
{
    return p->args.instance;
}

struct loop *proc_loop(struct proc *p)
{
    return p->loop;
}

const struct site *proc_site(const struct proc *p)
{
    return p->site;
}

uint64_t proc_generation(const struct proc *p)
{
    return p->generation;
}

struct stream *proc_stream(struct proc *p)
{
    return p->stream;
}

struct metrics *proc_metrics(struct proc *p)
{
    return p->metrics;
}

struct audit *proc_audit(struct proc *p)
{
    return p->audit;
}

struct control *proc_control(struct proc *p)
{
    return p->control;
}

void proc_fail(struct proc *p, const struct err *e)
{
    if (p->fault.code == ERR_NONE)
        p->fault = *e;
    loop_stop(p->loop);
}

/* Work is done; the last audit records go before the end. */
static void end_if_quiet(struct proc *p)
{
    if (p->drained && audit_idle(p->audit))
        loop_stop(p->loop);
}

void proc_drained(struct proc *p)
{
    if (p->drained)
        return;
    p->drained = true;
    proc_audit_note(p, SLICE("process.stop"), "system", SLICE_ABSENT, SLICE_ABSENT);
    end_if_quiet(p);
}

static void on_deadline(void *arg)
{
    struct proc *p = arg;
    log_line(LOG_WARN, "process.drain_late",
             "what=\"work was still under way at the deadline; "
             "none of it was acknowledged\"");
    loop_stop(p->loop);
}

static void on_term(void *arg)
{
    struct proc *p = arg;
    if (p->draining) {
        loop_stop(p->loop);
        return;
    }
    log_line(LOG_INFO, "process.drain", "name=%s deadline_ms=%lld", p->name,
             (long long)p->site->drain);
    p->draining = true;
    loop_timer_start(p->deadline, p->site->drain);
    p->program->drain(p->state);
}

static void on_hup(void *arg)
{
    char text[PROC_RELOAD_TEXT];
    proc_reload(arg, "signal:HUP", text);
}

static void on_stream(int fd, unsigned what, void *arg)
{
    (void)fd;
    (void)what;
    struct proc *p = arg;
    stream_dispatch(p->stream);
    if (p->started && p->program->dispatched)
        p->program->dispatched(p->state);
    end_if_quiet(p);
}

/* The first record of this run, as soon as the stream says what stands before it. */
static void look_for_audit(void *arg)
{
    struct proc *p = arg;
    struct err e = {.code = ERR_NONE};
    if (p->draining)
        return;
    int rc = audit_look(p->audit, &e);
    if (rc < 0)
        proc_fail(p, &e);
    else if (rc > 0)
        proc_audit_note(p, SLICE("process.start"), "system", SLICE("version"), SLICE(WEIR_VERSION));
    else
        loop_timer_start(p->look, LOOK_MS);
}

/* Every folder on the way; the last two are ours alone. */
static int make_folders(const struct site *s, struct err *reterr)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%.*s/run", SLICE_ARG(s->data));
    if (n < 0 || (size_t)n >= sizeof(path))
        return err_set(reterr, ERR_CONF, "data: the path is too long");
    for (char *at = path + 1;; at++) {
        char c = *at;
        if (c != '/' && c)
            continue;
        *at = 0;
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return err_set(reterr, ERR_IO, "%s: %s", path, strerror(errno));
        *at = c;
        if (!c)
            return 0;
    }
}

int proc_lock(const struct site *s, const char *name, struct err *reterr)
{
    char path[4096];
    if (make_folders(s, reterr) != 0)
        return -1;
    int n = snprintf(path, sizeof(path), "%s/run/%s.lock", s->data.p, name);
    if (n < 0 || (size_t)n >= sizeof(path))
        return err_set(reterr, ERR_CONF, "data: the path is too long");
    return lock_take(path, reterr);
}

/* Kafka's: what waits for its nodes to acknowledge it. */
static void open_queue_metrics(struct proc *p, struct metrics *m)
{
    static const struct {
        const char *name, *help;
    } gauges[] = {
        {"weir_stream_waiting_records", "Records and positions that wait for Kafka's answer."},
        {"weir_stream_waiting_bytes", "Bytes of these records."},
        {"weir_stream_waiting_seconds", "How long the oldest of them has waited."},
    };
    for (size_t i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++)
        p->queue[i] =
            metric_of(metrics_gauge(m, gauges[i].name, gauges[i].help, NULL, 1), SLICE_ABSENT);
    p->queue[PROC_QUEUE_REPLACED] = metric_of(
        metrics_counter(m, "weir_stream_producers_replaced_total",
                        "Producers that failed or were fenced, and were replaced.", NULL, 1),
        SLICE_ABSENT);
}

static void open_metrics(struct proc *p)
{
    struct metrics *m = p->metrics;
    struct slice info[] = {slice_str(p->program->program), SLICE(WEIR_VERSION)};
    series_set(metric_series(metrics_gauge(m, "weir_build_info", "Program and version, always 1.",
                                           "program version", 1),
                             info),
               1);
    series_set(metric_of(metrics_gauge(m, "weir_process_start_time_seconds",
                                       "When the process started, Unix time.", NULL, 1),
                         SLICE_ABSENT),
               (double)p->started_ms / 1000);
    p->resident = metric_of(metrics_gauge(m, "weir_process_resident_memory_bytes",
                                          "Memory that the process holds in RAM.", NULL, 1),
                            SLICE_ABSENT);
    p->audit_failed =
        metric_of(metrics_counter(m, "weir_audit_failed_records_total",
                                  "Audit records that could not be made durable.", NULL, 1),
                  SLICE_ABSENT);
    if (p->site->stream.kafka.node)
        open_queue_metrics(p, m);
    struct metric *reloads = metrics_counter(m, "weir_config_reloads_total",
                                             "Configurations read anew, by result.", "result", 2);
    p->reloads = metric_of(reloads, SLICE("taken"));
    p->reloads_refused = metric_of(reloads, SLICE("refused"));
    p->generation_metric = metric_of(
        metrics_gauge(m, "weir_config_generation",
                      "Configurations taken since the start, the first one included.", NULL, 1),
        SLICE_ABSENT);
    series_set(p->generation_metric, (double)p->generation);
}

/* Refused, or done with; nothing to say where all is well. */
static int take_verdict(struct proc *p, struct err *reterr)
{
    struct err why;
    enum topics_verdict verdict = topics_guard_verdict(p->guard, &why);
    if (verdict == TOPICS_REFUSED) {
        *reterr = why;
        return -1;
    }
    if (verdict == TOPICS_UNKNOWN)
        log_line(LOG_WARN, "stream.unchecked",
                 "what=\"whether the topics keep the promise is not known yet; asked again\" %s",
                 why.code ? why.text : "");
    else if (why.code)
        log_line(LOG_ERROR, "stream.topics", "%s", why.text);
    return 0;
}

static void close_guard(struct proc *p)
{
    loop_fd_remove(p->guard_watch);
    topics_guard_close(p->guard);
    p->guard_watch = NULL;
    p->guard = NULL;
}

static void on_verdict(int fd, unsigned what, void *arg)
{
    struct proc *p = arg;
    struct err e;
    (void)fd;
    (void)what;
    if (take_verdict(p, &e) < 0)
        proc_fail(p, &e);
    close_guard(p);
}

/* Kafka's nodes may be away at the start: then the verdict comes while we run, before anything was
 * acknowledged or soon after. */
static int open_guard(struct proc *p, struct err *reterr)
{
    enum { WAIT_MS = 1500 };
    if (!p->site->stream.kafka.node)
        return 0;
    if (topics_guard_open(p->site, p->program->user, p->name, &p->guard, reterr) < 0)
        return -1;
    struct pollfd fd = {.fd = topics_guard_fd(p->guard), .events = POLLIN};
    int n = poll(&fd, 1, WAIT_MS);
    if (take_verdict(p, reterr) < 0)
        return -1;
    if (n <= 0)
        return loop_fd_add(p->loop, fd.fd, LOOP_READ, on_verdict, p, &p->guard_watch, reterr);
    close_guard(p);
    return 0;
}

static int open_stream(struct proc *p, struct err *reterr)
{
    struct stream_options o;
    if (proc_stream_check(p->site, reterr) < 0 ||
        proc_stream_options(p->site, p->program->user, p->name, &o, reterr) < 0)
        return -1;
    o.writer = slice_str(p->name);
    proc_stream_warn(p->site);
    if (open_guard(p, reterr) < 0 || stream_open(&o, &p->stream, reterr) != 0 ||
        loop_fd_add(p->loop, stream_fd(p->stream), LOOP_READ, on_stream, p, &p->stream_watch,
                    reterr) != 0)
        return -1;
    return audit_open(p->stream, slice_str(p->name), p->site->keys.audit, AUDIT_WAIT_MS, &p->audit,
                      reterr);
}

static int open_loop(struct proc *p, struct err *reterr)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    if (loop_open(&p->loop, reterr) != 0)
        return -1;
    for (unsigned i = 0; i < 3; i++)
        if (loop_signal_add(p->loop, numbers[i], numbers[i] == SIGHUP ? on_hup : on_term, p,
                            &p->signals[i], reterr) != 0)
            return -1;
    if (loop_timer_add(p->loop, look_for_audit, p, &p->look, reterr) != 0)
        return -1;
    return loop_timer_add(p->loop, on_deadline, p, &p->deadline, reterr);
}

static int open_parts(struct proc *p, struct err *reterr)
{
    char path[4096];
    p->lock_fd = proc_lock(p->site, p->name, reterr);
    if (p->lock_fd < 0 || open_loop(p, reterr) != 0)
        return -1;
    p->metrics = metrics_open();
    if (!p->metrics)
        return err_set(reterr, ERR_NOMEM, "no memory for metrics");
    open_metrics(p);
    if (open_stream(p, reterr) != 0)
        return -1;
    snprintf(path, sizeof(path), "%s/run/%s.sock", p->site->data.p, p->name);
    if (control_open(p->loop, path, &p->control, reterr) != 0 || proc_verbs_add(p, reterr) != 0)
        return -1;
    if (p->program->start(p, &p->state, reterr) != 0)
        return -1;
    p->started = true;
    proc_copy_site(p);
    return proc_http_open(p, reterr);
}

static void close_parts(struct proc *p)
{
    char hash[DIGEST_HEX];
    uint64_t seq = 0;
    if (p->http)
        proc_http_close(p);
    control_close(p->control);
    if (p->started)
        p->program->stop(p->state);
    if (p->audit)
        audit_head(p->audit, &seq, hash);
    close_guard(p);
    loop_fd_remove(p->stream_watch);
    audit_stop(p->audit);
    stream_close(p->stream);
    if (p->started && p->program->gone)
        p->program->gone(p->state);
    /* Kept outside of the stream, so that a tail cut off later can be seen (audit_check_head). */
    if (seq)
        log_line(LOG_INFO, "audit.head", "writer=%s seq=%llu hash=%s", p->name,
                 (unsigned long long)seq, hash);
    audit_close(p->audit);
    metrics_close(p->metrics);
    loop_timer_remove(p->deadline);
    loop_timer_remove(p->look);
    for (unsigned i = 0; i < 3; i++)
        loop_signal_remove(p->signals[i]);
    loop_close(p->loop);
    if (p->lock_fd >= 0)
        close(p->lock_fd);
    site_close(p->site);
    site_close(p->first);
}

/* A reload that comes before there is somebody to hear it waits. */
static void hold_hangup(int how)
{
    sigset_t hup;
    sigemptyset(&hup);
    sigaddset(&hup, SIGHUP);
    sigprocmask(how, &hup, NULL);
}

static int run(struct proc *p, struct err *reterr)
{
    if (site_open(p->args.config, p->program->secrets, &p->first, reterr) != 0)
        return -1;
    p->site = site_hold(p->first);
    p->generation = 1;
    log_set_level(
        (enum log_level)(p->args.log_level >= 0 ? p->args.log_level : p->site->log_level));
    if (open_parts(p, reterr) != 0)
        return -1;
    char at[ADDRESS_TEXT];
    log_line(LOG_INFO, "process.start", "name=%s version=%s pid=%ld http=%s", p->name, WEIR_VERSION,
             (long)getpid(), address_text(http_server_address(p->http), at).p);
    look_for_audit(p);
    hold_hangup(SIG_UNBLOCK);
    loop_run(p->loop);
    *reterr = p->fault;
    return p->fault.code == ERR_NONE ? 0 : -1;
}

/* glibc's threshold rises with the largest block ever freed: after one large message all blocks
 * would come from the heap, which shrinks only from its end. A fixed one gives large blocks back.
 */
enum { LARGE_BLOCK = 256 * 1024, EXIT_IO = 74 };

int proc_main(int argc, char **argv, const struct proc_program *program)
{
    struct proc p = {.program = program, .lock_fd = -1, .started_ms = clock_wall_ms()};
    struct err e = {.code = ERR_NONE};
    if (stdio_fds_hold() < 0)
        return EXIT_IO;
    int r = proc_args_read(program, argc, argv, &p.args);
    if (r != -1)
        return r;
    snprintf(p.name, sizeof(p.name), "%s", p.args.name);
    signal(SIGPIPE, SIG_IGN);
    hold_hangup(SIG_BLOCK);
    mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    umask(077);
    r = run(&p, &e);
    if (r != 0)
        log_line(LOG_ERROR, "process.failed", "%s", e.text);
    else
        log_line(LOG_INFO, "process.stop", "name=%s", p.name);
    close_parts(&p);
    return r == 0 ? 0 : err_exit_code(&e);
}
