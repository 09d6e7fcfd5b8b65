/* NAME
 *     weir-adapter - takes what the source systems of one sector send, says what it means, and
 * makes it durable
 *
 * WHAT
 *     Hosts all sources of the configuration whose `adapter` is the one named. Frames, parses and
 *     translates each message, appends it with its events to the stream, and answers once that is
 *     durable.
 *
 * STATES
 *     A message is taken, translated, appended, durable, answered (intake.h). Nothing is remembered
 *     between messages.
 *
 * SECURITY
 *     Binds to loopback unless told otherwise, knows no consumer's secret, writes only its own file
 *     of the stream. Bytes of messages are never logged.
 *
 * DIAGNOSTICS
 *     One log line per refusal, at most one a second and source; alarm.unusable needs somebody: a
 *     message that cannot be used was answered as accepted. /health, /ready, /metrics; `weir
 *     status`. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "frames_verb.h"
#include "log.h"
#include "pause.h"
#include "ports.h"
#include "proc.h"
#include "retranslate.h"
#include "retry.h"
#include "site_change.h"

enum { READ_BUFFER = 128 * 1024, DRAIN_LOOK_MS = 20, STOP_MS = 2000 };

struct adapter {
    struct proc *proc;
    struct intake intake;
    struct source_families families;
    struct conn_shared *shared;
    struct loop_timer *drain_timer;
    struct ports ports;
    struct pauses *pauses;
    struct retry *retry;
    struct retranslate *retranslate;
    struct frames_verb *frames;
    bool was_full;
};

/* Gives what was appended a moment to become durable, so that its senders are answered. */
static bool settled(struct adapter *a)
{
    int64_t until = clock_mono_ms() + STOP_MS;
    while ((a->intake.under_way || retry_busy(a->retry)) && clock_mono_ms() < until) {
        struct pollfd p = {.fd = stream_fd(a->intake.stream), .events = POLLIN};
        poll(&p, 1, DRAIN_LOOK_MS);
        stream_dispatch(a->intake.stream);
        session_answer_all(&a->intake);
    }
    return a->intake.under_way == 0 && !retry_busy(a->retry);
}

/* Who asked over the control socket has gone already: the verbs end before anything of theirs comes
 * back from the stream. What is not settled then calls back from the closing of the stream, into
 * replies, ports and the intake: these stay until adapter_gone. */
static void adapter_stop(void *state)
{
    struct adapter *a = state;
    if (!a)
        return;
    retranslate_close(a->retranslate);
    frames_verb_close(a->frames);
    pauses_close(a->pauses);
    if (!settled(a))
        log_line(LOG_ERROR, "adapter.stopped",
                 "messages=%llu were not yet durable and not answered",
                 (unsigned long long)a->intake.under_way);
    loop_timer_remove(a->drain_timer);
    bool busy = retry_busy(a->retry);
    retry_close(a->retry);
    if (!busy)
        a->retry = NULL;
}

static void adapter_gone(void *state)
{
    struct adapter *a = state;
    if (!a)
        return;
    retry_close(a->retry);
    ports_close(&a->ports);
    conn_shared_close(a->shared);
    intake_close(&a->intake);
    free(a);
}

static void look_whether_drained(void *arg)
{
    struct adapter *a = arg;
    if (ports_quiet(&a->ports) && a->intake.under_way == 0 && !retry_waits(a->retry) &&
        retranslate_idle(a->retranslate))
        proc_drained(a->proc);
    else
        loop_timer_start(a->drain_timer, DRAIN_LOOK_MS);
}

static int open_ports(struct adapter *a, struct err *reterr)
{
    struct ports_options o = {.intake = &a->intake,
                              .loop = proc_loop(a->proc),
                              .shared = a->shared,
                              .families = &a->families,
                              .audit = proc_audit(a->proc),
                              .adapter = proc_role(a->proc)};
    return ports_open(&a->ports, &o, proc_site(a->proc), reterr);
}

static bool exists(void *arg, struct slice kind, struct slice name)
{
    struct adapter *a = arg;
    return slice_eq_str(kind, "source") && ports_find(&a->ports, name);
}

/* Each port as the set says. */
static void on_paused(void *arg)
{
    struct adapter *a = arg;
    a->intake.held = !pauses_known(a->pauses);
    for (unsigned i = 0; i < a->ports.n; i++) {
        struct mllp_port *p = a->ports.all[i];
        bool paused =
            !a->intake.held && pauses_has(a->pauses, SLICE("source"), p->source.conf->name);
        if (paused != p->paused)
            mllp_port_pause(p, paused);
    }
}

static int open_pauses(struct adapter *a, struct err *reterr)
{
    struct pauses_options o = {.stream = proc_stream(a->proc),
                               .audit = proc_audit(a->proc),
                               .control = proc_control(a->proc),
                               .metrics = proc_metrics(a->proc),
                               .writer = slice_str(proc_role(a->proc)),
                               .name = proc_site(a->proc)->stream.kafka.node
                                           ? slice_str(proc_name(a->proc))
                                           : SLICE_ABSENT,
                               .loop = proc_loop(a->proc),
                               .exists = exists,
                               .changed = on_paused,
                               .arg = a};
    if (pauses_open(&o, &a->pauses, reterr) < 0)
        return -1;
    on_paused(a);
    return 0;
}

static bool find_source(void *arg, struct slice name, struct rerun_options *ret)
{
    struct adapter *a = arg;
    const struct mllp_port *p = ports_find(&a->ports, name);
    if (!p)
        return false;
    const struct site *site = proc_site(a->proc);
    *ret = (struct rerun_options){.translator = p->source.translator,
                                  .source = p->source.conf,
                                  .events_max = (uint64_t)site->retranslate_events,
                                  .arena_max = site->message_arena};
    return true;
}

static bool intake_first(void *arg)
{
    struct adapter *a = arg;
    return intake_full(&a->intake);
}

static bool mark(void *arg)
{
    struct adapter *a = arg;
    return intake_mark(&a->intake);
}

static bool passed(void *arg)
{
    struct adapter *a = arg;
    return intake_passed(&a->intake);
}

static int open_retranslate(struct adapter *a, struct err *reterr)
{
    struct retranslate_options o = {.loop = proc_loop(a->proc),
                                    .stream = proc_stream(a->proc),
                                    .audit = proc_audit(a->proc),
                                    .control = proc_control(a->proc),
                                    .disk = &a->intake.disk,
                                    .find = find_source,
                                    .busy = intake_first,
                                    .mark = mark,
                                    .passed = passed,
                                    .arg = a};
    return retranslate_open(&o, &a->retranslate, reterr);
}

static int adapter_start(struct proc *p, void **ret_state, struct err *reterr)
{
    struct adapter *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory to start");
    a->proc = p;
    struct intake_options o = {
        .loop = proc_loop(p), .stream = proc_stream(p), .site = proc_site(p)};
    source_families_open(&a->families, proc_metrics(p));
    if (intake_open(&a->intake, &o, reterr) < 0 ||
        conn_shared_open(READ_BUFFER, &a->shared, reterr) < 0 ||
        loop_timer_add(proc_loop(p), look_whether_drained, a, &a->drain_timer, reterr) < 0 ||
        open_ports(a, reterr) < 0 || open_pauses(a, reterr) < 0 ||
        retry_open(p, &a->intake, &a->ports, &a->retry, reterr) < 0 ||
        open_retranslate(a, reterr) < 0 ||
        frames_verb_open(proc_control(p), proc_audit(p), &a->ports, &a->frames, reterr) < 0) {
        adapter_stop(a);
        adapter_gone(a);
        return -1;
    }
    *ret_state = a;
    return 0;
}

static bool adapter_ready(void *state, const char **ret_why)
{
    struct adapter *a = state;
    return intake_moving(&a->intake, ret_why);
}

static void adapter_dispatched(void *state)
{
    struct adapter *a = state;
    session_answer_all(&a->intake);
    bool full = intake_full(&a->intake);
    if (a->was_full && !full)
        ports_resume(&a->ports);
    a->was_full = full;
}

static void adapter_collect(void *state)
{
    struct adapter *a = state;
    for (unsigned i = 0; i < a->ports.n; i++) {
        port_tls_collect(&a->ports.all[i]->tls.port);
        if (a->ports.all[i]->fhir)
            port_tls_collect(&a->ports.all[i]->fhir->door.tls);
        er7_port_collect(a->ports.all[i]->http);
        const struct source *s = &a->ports.all[i]->source;
        series_set(s->last, (double)s->last_ms / 1000);
    }
}

static void tls_status(const struct mllp_port *p, struct json_writer *w)
{
    struct proc_tls_end ends[PROC_TLS_FILES];
    json_key(w, SLICE("tls"));
    if (!p->tls.port.tls) {
        json_bool(w, false);
        return;
    }
    proc_tls_ends(p->tls.port.tls, ends);
    json_object(w);
    json_key(w, SLICE("subject"));
    json_string(w, slice_str(tls_subject(p->tls.port.tls)));
    for (int i = 0; i < PROC_TLS_FILES; i++)
        if (ends[i].until) {
            char key[32];
            snprintf(key, sizeof(key), "%s_days", ends[i].option);
            json_key(w, slice_str(key));
            json_int(w, proc_tls_days(ends[i].until, clock_wall_ms()));
        }
    json_key(w, SLICE("handshakes"));
    json_int(w, p->tls.port.accept ? tls_accept_under_way(p->tls.port.accept) : 0);
    json_object_end(w);
}

/* NULL: it has no port, or closed it. */
static const struct address *listens_at(const struct mllp_port *p)
{
    return p->listener ? listener_address(p->listener)
           : p->fhir   ? http_server_address(p->fhir->door.server)
           : p->http   ? er7_port_address(p->http)
                       : NULL;
}

static void port_status(const struct mllp_port *p, struct json_writer *w)
{
    const struct address *where = listens_at(p);
    char text[ADDRESS_TEXT], at[RFC3339_SIZE];
    json_object(w);
    json_key(w, SLICE("source"));
    json_string(w, p->source.conf->name);
    json_key(w, SLICE("listen"));
    json_string(w, where       ? address_text(where, text)
                   : p->folder ? SLICE("folder")
                               : SLICE("closed"));
    tls_status(p, w);
    json_key(w, SLICE("connections"));
    json_int(w, p->nsessions);
    json_key(w, SLICE("messages"));
    json_int(w, (int64_t)series_value(p->source.received));
    json_key(w, SLICE("refused"));
    json_int(w, (int64_t)p->source.refused);
    json_key(w, SLICE("unmapped"));
    json_int(w, (int64_t)p->source.unmapped);
    json_key(w, SLICE("failed_frames"));
    json_int(w, (int64_t)p->source.failed.count);
    json_key(w, SLICE("junk_bytes"));
    json_int(w, (int64_t)series_value(p->source.junk));
    json_key(w, SLICE("last_message"));
    json_string(w, p->source.last_ms ? rfc3339_utc(p->source.last_ms, at) : SLICE("none yet"));
    json_object_end(w);
}

static void adapter_status(void *state, struct json_writer *w)
{
    struct adapter *a = state;
    pauses_write(a->pauses, w);
    json_key(w, SLICE("under_way"));
    json_int(w, (int64_t)a->intake.under_way);
    json_key(w, SLICE("sources"));
    json_array(w);
    for (unsigned i = 0; i < a->ports.n; i++)
        port_status(a->ports.all[i], w);
    json_array_end(w);
}

static void adapter_drain(void *state)
{
    struct adapter *a = state;
    ports_drain(&a->ports);
    retry_stop(a->retry);
    retranslate_stop(a->retranslate, "the adapter was stopped");
    loop_timer_start(a->drain_timer, 0);
}

static int adapter_reload(void *state, const struct site *fresh, struct buf *what,
                          struct err *reterr)
{
    struct adapter *a = state;
    if (fresh->message_arena != proc_site(a->proc)->message_arena)
        return site_change_refuse(fresh, yaml_get(fresh->root, "message_arena"), "message_arena",
                                  reterr);
    if (ports_reload(&a->ports, fresh, what, reterr) < 0)
        return -1;
    retranslate_stop(a->retranslate, "another configuration was taken");
    on_paused(a);
    return 0;
}

static const struct proc_program program = {
    .program = "weir-adapter",
    .summary = "takes what the source systems of one sector send and makes it durable",
    .instance = "adapter",
    .secrets = SITE_ADAPTER,
    .user = SITE_USER_ADAPTER,
    .example = "weir-adapter --config config/weir.yaml acute",
    .start = adapter_start,
    .ready = adapter_ready,
    .dispatched = adapter_dispatched,
    .collect = adapter_collect,
    .status = adapter_status,
    .drain = adapter_drain,
    .reload = adapter_reload,
    .stop = adapter_stop,
    .gone = adapter_gone,
};

int main(int argc, char **argv)
{
    return proc_main(argc, argv, &program);
}
