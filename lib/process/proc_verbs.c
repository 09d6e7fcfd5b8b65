#include "proc_parts.h"

#include <stdio.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "rfc3339.h"

static void on_noted(void *arg, const struct err *e)
{
    struct proc *p = arg;
    if (!e)
        return;
    series_add(p->audit_failed, 1);
    log_line(LOG_ERROR, "audit.failed", "reason=\"%s\"", e->text);
}

void proc_audit_note(struct proc *p, struct slice action, const char *who, struct slice name,
                     struct slice value)
{
    struct err e;
    struct audit_field field = {name, value};
    unsigned n = name.n ? 1 : 0;
    if (audit_append(p->audit, action, slice_str(who), &field, n, on_noted, p, &e) != 0)
        on_noted(p, &e);
}

static void put_text(struct json_writer *w, const char *name, const char *value)
{
    json_key(w, slice_str(name));
    json_string(w, slice_str(value));
}

static void do_status(struct control_call *call, const struct json *request, void *arg)
{
    (void)request;
    struct proc *p = arg;
    char at[RFC3339_SIZE], hash[DIGEST_HEX];
    uint64_t seq;
    const char *why = "";
    bool ready = p->started && !p->draining && p->program->ready(p->state, &why);
    struct json_writer *w = control_answer(call);
    put_text(w, "name", p->name);
    put_text(w, "program", p->program->program);
    put_text(w, "version", WEIR_VERSION);
    json_key(w, SLICE("pid"));
    json_int(w, getpid());
    json_key(w, SLICE("started"));
    json_string(w, rfc3339_utc(p->started_ms, at));
    json_key(w, SLICE("ready"));
    json_bool(w, ready);
    if (!ready)
        put_text(w, "waiting_for", p->draining ? "draining" : why);
    audit_head(p->audit, &seq, hash);
    json_key(w, SLICE("audit_seq"));
    json_int(w, (int64_t)seq);
    put_text(w, "audit_head", hash);
    if (p->started && p->program->status)
        p->program->status(p->state, w);
    control_done(call);
}

bool proc_reload(struct proc *p, const char *who, char text[400])
{
    struct site *fresh;
    struct err e;
    const char *what = "the configuration is right, but nothing of it is taken before a restart";
    int r = site_open(p->args.config, p->program->secrets, &fresh, &e);
    if (r == 0 && p->program->reload)
        r = p->program->reload(p->state, fresh, &what, &e);
    if (r == 0)
        site_close(fresh);
    snprintf(text, 400, "%s", r == 0 ? what : e.text);
    series_add(r == 0 ? p->reloads : p->reloads_refused, 1);
    log_line(r == 0 ? LOG_INFO : LOG_ERROR, r == 0 ? "config.reload" : "config.refused", "%s%s",
             text, r == 0 ? "" : "; the old configuration stays");
    proc_audit_note(p, r == 0 ? SLICE("config.reload") : SLICE("config.refused"), who,
                    SLICE("result"), slice_str(text));
    return r == 0;
}

static void do_reload(struct control_call *call, const struct json *request, void *arg)
{
    (void)request;
    char text[400];
    if (!proc_reload(arg, control_who(call), text)) {
        control_fail(call, "%s; the old configuration stays", text);
        return;
    }
    put_text(control_answer(call), "result", text);
    control_done(call);
}

int proc_verbs_add(struct proc *p, struct err *reterr)
{
    if (control_add(p->control, "status", do_status, p, reterr) != 0)
        return -1;
    return control_add(p->control, "reload", do_reload, p, reterr);
}
