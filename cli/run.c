/* weir run - starts all processes of one configuration and watches them: what dies is started
 * again. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "control.h"
#include "first_keys.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "proc.h"
#include "programs.h"
#include "site.h"
#include "supervisor.h"

enum { KILL_MARGIN_MS = 5000, REPORT_MAX = 4096, NAME_BYTES = 64 };

struct runner {
    struct loop *loop;
    const char *config;
    const char *instance; /* NULL: the only one */
    struct control *control;
    struct supervisor *supervisor;
    struct loop_signal *term, *interrupt, *hangup;
    int64_t drain_ms;
    bool stopping;
    int gave_up; /* the exit code for which one was given up; 0 = none was */
};

static void report_ended(const struct supervisor_report *r, bool stopping)
{
    bool killed = WIFSIGNALED(r->status);
    char again[40] = "";
    if (!stopping)
        snprintf(again, sizeof(again), " again_in_ms=%lld", (long long)r->restart_ms);
    log_line(stopping ? LOG_INFO : LOG_ERROR, "run.ended", "name=%s pid=%d %s=%d%s", r->name,
             (int)r->pid, killed ? "signal" : "exit",
             killed ? WTERMSIG(r->status) : WEXITSTATUS(r->status), again);
}

/* The others go on. */
static void report_gave_up(struct runner *run, const struct supervisor_report *r)
{
    run->gave_up = WEXITSTATUS(r->status);
    if (run->gave_up == EXIT_CONFIG)
        log_line(LOG_ERROR, "run.gave_up",
                 "name=%s its configuration is wrong: mend it, then 'weir reload' or run again",
                 r->name);
    else
        log_line(
            LOG_ERROR, "run.gave_up",
            "name=%s exit=%d tries=%u it cannot open what it needs, a port in use or a folder: "
            "its own last line says which; mend it, then 'weir reload' or run again",
            r->name, run->gave_up, r->tries);
}

static void on_report(const struct supervisor_report *r, void *arg)
{
    struct runner *run = arg;
    long long wait = (long long)r->restart_ms;
    switch (r->event) {
    case SUPERVISOR_STARTED:
        log_line(LOG_INFO, "run.started", "name=%s pid=%d", r->name, (int)r->pid);
        break;
    case SUPERVISOR_ENDED:
        report_ended(r, run->stopping);
        break;
    case SUPERVISOR_GAVE_UP:
        report_gave_up(run, r);
        break;
    case SUPERVISOR_UNSTARTED:
        log_line(LOG_ERROR, "run.unstarted", "name=%s why=\"%s\" again_in_ms=%lld", r->name,
                 strerror(r->status), wait);
        break;
    }
}

static void on_stopped(void *arg)
{
    struct runner *run = arg;
    loop_stop(run->loop);
}

static void on_stop(void *arg)
{
    struct runner *run = arg;
    run->stopping = true;
    supervisor_stop(run->supervisor, run->drain_ms + KILL_MARGIN_MS);
}

static bool runs(const struct runner *run, const char *name)
{
    struct supervisor_state st;
    for (unsigned i = 0; supervisor_nth(run->supervisor, i, &st); i++)
        if (!st.leaving && strcmp(st.name, name) == 0)
            return true;
    return false;
}

/* "broker", or "broker-b". */
static const char *name_of(const struct runner *run, const char *role, char out[NAME_BYTES])
{
    bool one = !run->instance;
    snprintf(out, NAME_BYTES, "%s%s%s", role, one ? "" : "-", one ? "" : run->instance);
    return out;
}

/* One that does not run yet; its name into `what`. */
static int add(struct runner *run, const char *program, const char *folder, const char *role,
               bool says_role, struct buf *what, struct err *reterr)
{
    char path[PATH_MAX], name[NAME_BYTES];
    if (runs(run, name_of(run, role, name)))
        return 0;
    if (programs_find(program, folder, path, reterr) < 0)
        return -1;
    const char *const argv[] = {
        path, "--config", run->config, "--name", name, says_role ? role : NULL, NULL};
    if (supervisor_add(run->supervisor, name, argv, reterr) < 0)
        return -1;
    if (what)
        buf_printf(what, "%sstarted %s", what->n ? ", " : "", name);
    return 0;
}

/* A site that moves has its broker elsewhere. */
static bool has_broker(const struct site *site)
{
    return !site->relay.state;
}

static int add_all(struct runner *run, const struct site *site, struct buf *what,
                   struct err *reterr)
{
    if (has_broker(site) && add(run, "weir-broker", "broker", "broker", false, what, reterr) < 0)
        return -1;
    if (site->relay.node && add(run, "weir-relay", "broker", "relay", false, what, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < site->nsources; i++)
        if (add(run, "weir-adapter", "adapters", site->sources[i].adapter.p, true, what, reterr) <
            0)
            return -1;
    return 0;
}

/* ---- reload ---- */

static bool needed(const struct site *site, const char *name)
{
    bool found = (has_broker(site) && proc_name_of(name, "broker")) ||
                 (site->relay.node && proc_name_of(name, "relay"));
    for (unsigned i = 0; i < site->nsources; i++)
        found = found || proc_name_of(name, site->sources[i].adapter.p);
    return found;
}

static void remove_unneeded(struct runner *run, const struct site *site, struct buf *what)
{
    struct supervisor_state st;
    for (unsigned i = 0; supervisor_nth(run->supervisor, i, &st); i++)
        if (!st.leaving && !needed(site, st.name)) {
            buf_printf(what, "%sended %s", what->n ? ", " : "", st.name);
            supervisor_remove(run->supervisor, st.name);
            i = UINT_MAX; /* the list has changed: from the first one again */
        }
}

/* Starts and ends what the configuration says now; the processes themselves read it when
 * they are told. */
static int reload(struct runner *run, bool tell, struct buf *what, struct err *reterr)
{
    struct site *site;
    if (run->stopping)
        return err_set(reterr, ERR_REFUSED, "it is ending");
    if (site_open(run->config, SITE_NO_SECRETS, &site, reterr) < 0)
        return -1;
    remove_unneeded(run, site, what);
    if (tell)
        supervisor_signal(run->supervisor, SIGHUP);
    supervisor_revive(run->supervisor);
    run->gave_up = 0;
    int rc = add_all(run, site, what, reterr);
    site_close(site);
    return rc;
}

static int reload_logged(struct runner *run, bool tell, struct buf *what, struct err *reterr)
{
    buf_init(what, REPORT_MAX);
    int rc = reload(run, tell, what, reterr);
    if (rc == 0 && !what->n)
        buf_puts(what, "the same processes");
    if (rc == 0)
        log_line(LOG_INFO, "run.reload", "%s", buf_cstr(what));
    else
        log_line(LOG_ERROR, "run.refused", "%s; the old configuration stays", reterr->text);
    return rc;
}

static void on_hangup(void *arg)
{
    struct buf what;
    struct err err = {0};
    reload_logged(arg, true, &what, &err);
    buf_fini(&what);
}

static void do_reload(struct control_call *call, const struct json *request, void *arg)
{
    struct buf what;
    struct err err = {0};
    (void)request;
    if (reload_logged(arg, false, &what, &err) == 0) {
        struct json_writer *w = control_answer(call);
        json_key(w, SLICE("taken"));
        json_string(w, buf_slice(&what));
        control_done(call);
    } else {
        control_fail(call, "%s; the old configuration stays", err.text);
    }
    buf_fini(&what);
}

static int open_control(struct runner *run, const struct site *site, struct err *reterr)
{
    char path[PATH_MAX], name[NAME_BYTES];
    snprintf(path, sizeof(path), "%s/run/%s.sock", site_path(site, site->data),
             name_of(run, "run", name));
    if (control_open(run->loop, path, &run->control, reterr) < 0)
        return -1;
    return control_add(run->control, "reload", do_reload, run, reterr);
}

static int open_runner(struct runner *run, struct err *reterr)
{
    static const struct supervisor_hooks hooks = {.report = on_report, .stopped = on_stopped};
    static const struct supervisor_options options = {0}; /* presets */
    if (loop_open(&run->loop, reterr) < 0)
        return -1;
    if (loop_signal_add(run->loop, SIGTERM, on_stop, run, &run->term, reterr) < 0 ||
        loop_signal_add(run->loop, SIGINT, on_stop, run, &run->interrupt, reterr) < 0 ||
        loop_signal_add(run->loop, SIGHUP, on_hangup, run, &run->hangup, reterr) < 0)
        return -1;
    return supervisor_open(run->loop, &options, &hooks, run, &run->supervisor, reterr);
}

static void close_runner(struct runner *run)
{
    control_close(run->control);
    supervisor_close(run->supervisor);
    if (run->term)
        loop_signal_remove(run->term);
    if (run->interrupt)
        loop_signal_remove(run->interrupt);
    if (run->hangup)
        loop_signal_remove(run->hangup);
    loop_close(run->loop);
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct site *site;
    struct err err = {0};
    struct runner runner = {0};
    char config[PATH_MAX], name[NAME_BYTES];
    int code = options_read(self, OPTION_INSTANCE, argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest]);
    if (first_keys_make(o.config, &err) < 0 ||
        site_open(o.config, SITE_ALL_SECRETS, &site, &err) < 0)
        return verb_fail(self, &err);
    if (!realpath(o.config, config)) {
        site_close(site);
        err_set(&err, ERR_IO, "%s cannot be found any more", o.config);
        return verb_fail(self, &err);
    }
    runner.drain_ms = site->drain;
    runner.config = config;
    /* A second one would start everything again and again, and take over when the first is ended.
     */
    runner.instance = o.instance;
    int lock = proc_lock(site, name_of(&runner, "run", name), &err);
    int result = lock < 0 ? -1 : open_runner(&runner, &err);
    if (result == 0)
        result = open_control(&runner, site, &err);
    if (result == 0)
        result = add_all(&runner, site, NULL, &err);
    site_close(site);
    if (result == 0)
        loop_run(runner.loop);
    close_runner(&runner);
    if (lock >= 0)
        close(lock);
    if (result < 0)
        return verb_fail(self, &err);
    return runner.gave_up;
}

const struct verb verb_run = {
    .name = "run",
    .summary = "start and watch all processes of a configuration",
    .help =
        "Use: weir run [--instance NAME] [--config FILE]\n\n"
        "Starts an adapter process for each `adapter` that has sources, the broker, and the relay "
        "where there is a section `relay`; starts "
        "again what dies, after 250 ms, doubled up to 30 s.\n"
        "SIGTERM or Ctrl-C: all finish what is under way and end. SIGHUP, or 'weir "
        "reload': adapters that the configuration has\n"
        "got or lost are started and ended, the others read it anew. A process that says that "
        "its configuration is wrong\n"
        "(exit code 78) is not started again, nor one that from the start cannot open what it "
        "needs, as a port in use (74), after eight\n"
        "tries in half a minute: the others go on, and 'weir reload' tries it again. When none "
        "is left it ends with that code.\n"
        "Of one data folder there is one 'weir run'.\n\n"
        "  --instance NAME  one of several on a stream of kind kafka: its processes are "
        "broker-NAME, acute-NAME, …; each name once for all\n"
        "                   machines. Of all brokers one makes the events, the others stand by; "
        "all of them deliver\n\n"
        "Example: weir run --config config/weir.yaml\n",
    .run = run,
};
