/* NAME
 *     weir-relay - copies an embedded stream to Kafka
 *
 * WHAT
 *     Reads what adapters (or the broker) have made durable in the files of the data directory and
 *     appends it to the topics of the same names on Kafka's nodes, in order per file: keys, values
 *     and headers as they are (relay.c). A trust behind a weak line goes on taking messages while
 *     the nodes are away, and a site that began embedded moves to Kafka (relay_state.c;
 *     docs/kafka.md).
 *
 * STATES
 *     A record is: not read; in a set on its way; durable on Kafka; and its position durable in
 *     relay.db. kill -9 at any point loses none of this: what was on its way is copied again, and
 *     known there as a repeat by its id. With `state: true` the first thing copied is what the
 *     broker here knows; nothing else goes before that is durable. Nodes that are away are tried
 *     for ever; the files keep what is not copied, up to stream.disk_mark.
 *
 * SECURITY
 *     Opens no port but that for health, on loopback unless configured. Knows the audit key and the
 *     secrets of the nodes' users `adapter` and `broker`; no pseudonym key and no consumer's
 * secret.
 *
 * DIAGNOSTICS
 *     Log lines that begin with alarm. need somebody: alarm.position_lost (the nodes were away past
 *     the disk mark; the range is in the audit too), alarm.relay_too_large (a record holds up its
 *     partition), alarm.relay, alarm.audit. relay.failed and relay.goes_on tell of the nodes.
 * /ready says no when nothing has become durable there for half a minute, or a partition is held
 * up.
 */
#include <stdio.h>
#include <stdlib.h>
#include "num.h"
#include "proc.h"
#include "relay_line.h"
#include "site_change.h"
#include "yaml.h"

enum { NAME_BYTES = 160 };

struct relay_process {
    struct proc *proc;
    struct relay_line *line;
    struct skip *skip; /* that waits for its audit record */
};

struct skip {
    struct relay_process *owner; /* NULL: closed meanwhile */
    struct control_call *call;
    char topic[NAME_BYTES], partition[NAME_BYTES];
    int64_t offset;
};

static void on_drained(void *arg)
{
    proc_drained(((struct relay_process *)arg)->proc);
}

static void on_failed(void *arg, const struct err *e)
{
    proc_fail(((struct relay_process *)arg)->proc, e);
}

/* ---- leaving a record out ---- */

static void on_audited(void *arg, const struct err *e)
{
    struct skip *s = arg;
    struct relay_process *r = s->owner;
    if (r) {
        r->skip = NULL;
        if (e)
            control_fail(s->call, "nothing was done, for it could not be recorded: %s", e->text);
        else if (!relay_line_skip(r->line, slice_str(s->topic), slice_str(s->partition), s->offset))
            control_fail(s->call, "that record holds up nothing any more");
        else {
            control_answer(s->call);
            control_done(s->call);
        }
    }
    free(s);
}

static void audit_skip(struct relay_process *r, struct skip *s)
{
    char offset[24];
    struct err err = {0};
    snprintf(offset, sizeof(offset), "%lld", (long long)s->offset);
    const struct audit_field fields[] = {{SLICE("topic"), slice_str(s->topic)},
                                         {SLICE("partition"), slice_str(s->partition)},
                                         {SLICE("offset"), slice_str(offset)}};
    r->skip = s;
    if (audit_append(proc_audit(r->proc), SLICE("relay.skip"), slice_str(control_who(s->call)),
                     fields, sizeof(fields) / sizeof(fields[0]), on_audited, s, &err) < 0)
        on_audited(s, &err);
}

static void do_skip(struct control_call *call, const struct json *request, void *arg)
{
    struct relay_process *r = arg;
    struct slice topic = json_text(request, "topic"), partition = json_text(request, "partition");
    int64_t offset;
    if (!num_i64(json_text(request, "offset"), &offset) ||
        !relay_line_stopped(r->line, topic, partition, offset)) {
        control_fail(call, "no such record holds up its partition; 'weir status' names those that "
                           "do, under held_up");
        return;
    }
    struct skip *s = r->skip ? NULL : calloc(1, sizeof(*s));
    if (!s) {
        control_fail(call, r->skip ? "another one is on its way: try again" : "no memory");
        return;
    }
    *s = (struct skip){.owner = r, .call = call, .offset = offset};
    snprintf(s->topic, sizeof(s->topic), "%.*s", SLICE_ARG(topic));
    snprintf(s->partition, sizeof(s->partition), "%.*s", SLICE_ARG(partition));
    audit_skip(r, s);
}

/* ---- hooks ---- */

static void stop(void *state)
{
    struct relay_process *r = state;
    if (!r)
        return;
    if (r->skip)
        r->skip->owner = NULL;
    relay_line_close(r->line);
    free(r);
}

static int start(struct proc *p, void **ret_state, struct err *reterr)
{
    const struct site *site = proc_site(p);
    if (!site->relay.node)
        return err_set(reterr, ERR_CONF, "%s: there is no section \"relay:\" that says where to",
                       site->file);
    if (!slice_eq_str(SLICE("relay"), proc_name(p)))
        return err_set(reterr, ERR_CONF,
                       "of one data folder there is one relay: --name is not for it");
    struct relay_process *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    r->proc = p;
    struct relay_line_options o = {.source = proc_stream(p),
                                   .loop = proc_loop(p),
                                   .site = site,
                                   .name = proc_name(p),
                                   .metrics = proc_metrics(p),
                                   .audit = proc_audit(p),
                                   .drained = on_drained,
                                   .failed = on_failed,
                                   .arg = r};
    if (relay_line_open(&o, &r->line, reterr) < 0 ||
        control_add(proc_control(p), "relay.skip", do_skip, r, reterr) < 0) {
        stop(r);
        return -1;
    }
    *ret_state = r;
    return 0;
}

static bool ready(void *state, const char **ret_why)
{
    return relay_line_ready(((struct relay_process *)state)->line, ret_why);
}

static void dispatched(void *state)
{
    relay_line_dispatched(((struct relay_process *)state)->line);
}

static void collect(void *state)
{
    relay_line_collect(((struct relay_process *)state)->line);
}

static void status(void *state, struct json_writer *w)
{
    relay_line_status(((struct relay_process *)state)->line, w);
}

static void drain(void *state)
{
    relay_line_drain(((struct relay_process *)state)->line);
}

/* Nothing of it is taken while running; what does not concern it is no reason to refuse. */
static int reload(void *state, const struct site *fresh, struct buf *what, struct err *reterr)
{
    const struct site *now = proc_site(((struct relay_process *)state)->proc);
    const struct yaml *section = yaml_get(fresh->root, "relay");
    if (!yaml_same(yaml_get(now->root, "relay"), section))
        return site_change_refuse(fresh, section, "relay", reterr);
    buf_puts(what, "nothing of it concerns the relay");
    return 0;
}

static const struct proc_program program = {
    .program = "weir-relay",
    .summary = "copies an embedded stream to Kafka, in order, and goes on where it stopped",
    .name = "relay",
    .example = "weir-relay --config config/weir.yaml",
    .secrets = SITE_RELAY,
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
