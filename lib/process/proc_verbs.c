#include "proc_parts.h"

#include <stdio.h>
#include <unistd.h>
#include "clock.h"
#include "log.h"
#include "rfc3339.h"
#include "site_change.h"
#include "site_copy.h"

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
    json_key(w, SLICE("generation"));
    json_int(w, (int64_t)p->generation);
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

static int take_site(struct proc *p, const struct site *fresh, struct buf *what, struct err *reterr)
{
    if (p->draining || !p->started)
        return err_set(reterr, ERR_REFUSED, "it is %s", p->draining ? "ending" : "starting");
    if (site_change_check(p->site, fresh, p->name, reterr) != 0)
        return -1;
    if (!p->program->reload)
        return err_set(reterr, ERR_REFUSED, "%s takes a configuration only when it starts",
                       p->program->program);
    return p->program->reload(p->state, fresh, what, reterr);
}

void proc_copy_site(const struct proc *p)
{
    struct err e;
    if (site_copy_write(p->site, p->name, &e) != 0)
        log_line(LOG_WARN, "config.copy",
                 "what=\"while weir.yaml is broken 'weir status' does not know this process\" %s",
                 e.text);
}

/* Reads and takes; the old site goes once nothing borrows from it. */
static int reload(struct proc *p, struct buf *what, struct err *reterr)
{
    struct site *fresh;
    if (site_open(p->args.config, p->program->secrets, &fresh, reterr) != 0)
        return -1;
    if (take_site(p, fresh, what, reterr) != 0) {
        site_close(fresh);
        return -1;
    }
    site_close(p->site);
    p->site = fresh;
    if (p->args.log_level < 0)
        log_set_level((enum log_level)fresh->log_level);
    series_set(p->generation_metric, (double)++p->generation);
    proc_copy_site(p);
    return 0;
}

bool proc_reload(struct proc *p, const char *who, char text[PROC_RELOAD_TEXT])
{
    struct err e;
    struct buf what;
    buf_init(&what, PROC_RELOAD_TEXT * 4);
    bool taken = reload(p, &what, &e) == 0;
    snprintf(text, PROC_RELOAD_TEXT, "%s", taken ? buf_cstr(&what) : e.text);
    buf_fini(&what);
    series_add(taken ? p->reloads : p->reloads_refused, 1);
    log_line(taken ? LOG_INFO : LOG_ERROR, taken ? "config.reload" : "config.refused",
             "generation=%llu %s%s", (unsigned long long)p->generation, text,
             taken ? "" : "; the old configuration stays");
    proc_audit_note(p, taken ? SLICE("config.reload") : SLICE("config.refused"), who,
                    SLICE("result"), slice_str(text));
    return taken;
}

static void do_reload(struct control_call *call, const struct json *request, void *arg)
{
    (void)request;
    struct proc *p = arg;
    char text[PROC_RELOAD_TEXT];
    if (!proc_reload(p, control_who(call), text)) {
        control_fail(call, "%s; the old configuration stays (generation %llu)", text,
                     (unsigned long long)p->generation);
        return;
    }
    struct json_writer *w = control_answer(call);
    json_key(w, SLICE("generation"));
    json_int(w, (int64_t)p->generation);
    put_text(w, "taken", text);
    control_done(call);
}

int proc_verbs_add(struct proc *p, struct err *reterr)
{
    if (control_add(p->control, "status", do_status, p, reterr) != 0)
        return -1;
    return control_add(p->control, "reload", do_reload, p, reterr);
}
