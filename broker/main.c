/* NAME
 *     weir-broker - from what was reported to what every consumer has
 *
 * WHAT
 *     Reads flow.reported, which the adapters write, and alone writes flow.events: repeats dropped,
 *     an ordering key given, recordedtime and published_at set (journey.c). Asks the rules of all
 *     routes and appends to flow.route.<name> what their readers may have (router.c, minimise.c).
 *     Events, routes, the journey's memory and the position are one unit of the stream. Brings each
 *     route to its consumers, in order per patient (delivery.c, scheduler.c); what a consumer will
 *     not have stands in flow.parked (parked.c) until somebody releases or discards it (resolve.c).
 *
 * STATES
 *     An event for a consumer is: in the window (read, waiting for its turn or under way);
 *     delivered; waiting in flow.parked (being retried, or behind another one of its patient);
 *     parked there (refused for good); released; discarded. Only delivered and discarded end it. A
 *     consumer's breaker is closed, open (one probe at a time, nothing counted, nothing parked) or
 *     half-open (the probe is under way). kill -9 at any point loses none of this: positions and
 *     flow.parked say where to go on; a consumer may see an event again, under the same id.
 *
 * SECURITY
 *     Opens no port but that for health, on loopback unless configured. Knows the consumers'
 *     secrets, the keys of the routes and the audit key; not the pseudonym key. Logs, metrics,
 *     record keys and audit hold ids, names and reasons, never anything of a patient. Restricted
 *     patients' places and contacts leave only by routes that are allowed them.
 *
 * DIAGNOSTICS
 *     Log lines that begin with alarm. need somebody: alarm.position_lost (a reader was away past
 *     the disk mark; the range is in the audit too), alarm.parked_max (a consumer has stopped
 *     reading), alarm.people_max, alarm.journey, alarm.parked, alarm.delivery, alarm.audit.
 *     breaker.open and breaker.closed tell of a consumer, event.parked of an event that needs
 *     somebody. `weir status` and `weir parked list` show the rest; /ready says no when events wait
 *     and none moves. */
#include <stdlib.h>
#include <string.h>
#include "line.h"
#include "pause.h"
#include "proc.h"
#include "resolve.h"

struct broker {
    struct proc *proc;
    struct line *line;
    struct pauses *pauses;
    struct resolve *resolve;
};

static void on_drained(void *arg)
{
    struct broker *b = arg;
    proc_drained(b->proc);
}

static void on_failed(void *arg, const struct err *e)
{
    struct broker *b = arg;
    proc_fail(b->proc, e);
}

static bool exists(void *arg, struct slice kind, struct slice name)
{
    const struct site *site = proc_site(((struct broker *)arg)->proc);
    if (slice_eq_str(kind, "route"))
        return site_route_find(site, name) != NULL;
    for (unsigned i = 0; i < site->nconsumers && slice_eq_str(kind, "consumer"); i++)
        if (slice_eq(site->consumers[i].name, name))
            return true;
    return false;
}

static bool paused(void *arg, const struct site_consumer *conf)
{
    const struct pauses *p = ((struct broker *)arg)->pauses;
    return !p || pauses_has(p, SLICE("consumer"), conf->name) ||
           pauses_has(p, SLICE("route"), conf->route);
}

static void on_paused(void *arg)
{
    line_look(((struct broker *)arg)->line);
}

static int open_pauses(struct broker *b, struct err *reterr)
{
    struct pauses_options o = {.stream = proc_stream(b->proc),
                               .audit = proc_audit(b->proc),
                               .control = proc_control(b->proc),
                               .metrics = proc_metrics(b->proc),
                               .writer = slice_str(proc_role(b->proc)),
                               .name = proc_site(b->proc)->stream.kafka.node
                                           ? slice_str(proc_name(b->proc))
                                           : SLICE_ABSENT,
                               .loop = proc_loop(b->proc),
                               .exists = exists,
                               .changed = on_paused,
                               .arg = b};
    return pauses_open(&o, &b->pauses, reterr);
}

static void stop(void *state)
{
    struct broker *b = state;
    if (!b)
        return;
    /* Who asked over the control socket has gone already, and line_close dispatches the stream. */
    resolve_close(b->resolve);
    pauses_close(b->pauses);
    b->pauses = NULL;
    line_close(b->line);
    free(b);
}

static int start(struct proc *p, void **ret_state, struct err *reterr)
{
    struct broker *b = calloc(1, sizeof(*b));
    if (!b)
        return err_set(reterr, ERR_NOMEM, "no memory for the broker");
    b->proc = p;
    if (strcmp(proc_name(p), proc_role(p)) != 0 &&
        !slice_eq_str(proc_site(p)->stream.kind, "kafka")) {
        stop(b);
        return err_set(reterr, ERR_CONF,
                       "--name %s: of an embedded stream there is one broker; several take "
                       "stream.kind: kafka",
                       proc_name(p));
    }
    struct line_options o = {.stream = proc_stream(p),
                             .loop = proc_loop(p),
                             .site = proc_site(p),
                             .metrics = proc_metrics(p),
                             .audit = proc_audit(p),
                             .paused = paused,
                             .drained = on_drained,
                             .failed = on_failed,
                             .arg = b};
    if (open_pauses(b, reterr) < 0 || line_open(&o, &b->line, reterr) < 0 ||
        resolve_open(proc_control(p), b->line, proc_audit(p), &b->resolve, reterr) < 0) {
        stop(b);
        return -1;
    }
    *ret_state = b;
    return 0;
}

static bool ready(void *state, const char **ret_why)
{
    return line_ready(((struct broker *)state)->line, ret_why);
}

static void dispatched(void *state)
{
    line_dispatched(((struct broker *)state)->line);
}

static void collect(void *state)
{
    line_collect(((struct broker *)state)->line);
}

static void status(void *state, struct json_writer *w)
{
    struct broker *b = state;
    pauses_write(b->pauses, w);
    line_status(b->line, w);
}

static void drain(void *state)
{
    line_drain(((struct broker *)state)->line);
}

static int reload(void *state, const struct site *fresh, struct buf *what, struct err *reterr)
{
    return line_reload(((struct broker *)state)->line, fresh, what, reterr);
}

static const struct proc_program program = {
    .program = "weir-broker",
    .summary = "brings reported events in order to every consumer whose rule takes them",
    .name = "broker",
    .example = "weir-broker --config config/weir.yaml",
    .secrets = SITE_BROKER,
    .user = SITE_USER_BROKER,
    .start = start,
    .ready = ready,
    .dispatched = dispatched,
    .collect = collect,
    .status = status,
    .drain = drain,
    .reload = reload,
    .stop = stop,
};

int main(int argc, char **argv)
{
    return proc_main(argc, argv, &program);
}
