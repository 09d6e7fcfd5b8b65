#include "pause.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "dict.h"
#include "log.h"
#include "name_claim.h"
#include "rfc3339.h"
#include "stream_fold.h"

enum {
    NAME_BYTES = 160,
    BY_BYTES = 80,
    TEXT_MAX = 200,
    WAIT_MS = 2000,
    LOOK_MS = 50,
    FOLLOW_MS = 1000
};

static const struct slice topic = {"flow.control", 12};

struct paused {
    char since[RFC3339_SIZE], by[BY_BYTES], reason[TEXT_MAX + 1];
};

struct pauses {
    struct pauses_options o;
    struct dict by_name; /* "<kind> <name>" -> struct paused */
    struct metric *gauge;
    struct wait *waits;
    struct stream_reader *follow; /* what others of its kind were asked */
    struct loop_timer *timer;
    struct name_claim *claim;
    bool known; /* all that was asked before the start */
};

/* A request on its way. */
struct wait {
    struct pauses *owner; /* NULL: closed meanwhile */
    struct control_call *call;
    bool pause;
    char name[NAME_BYTES], by[BY_BYTES], reason[TEXT_MAX + 1];
    struct wait *next;
};

static struct slice kind_of(struct slice *name)
{
    return slice_split(name, ' ');
}

static void show(struct pauses *p, struct slice name, bool paused)
{
    struct slice rest = name, kind = kind_of(&rest);
    struct slice labels[] = {kind, rest};
    series_set(metric_series(p->gauge, labels), paused);
}

/* False without memory. */
static bool note(struct pauses *p, struct slice name, bool paused, struct slice by,
                 struct slice reason, int64_t ms)
{
    uint64_t *v = dict_get(&p->by_name, name);
    struct paused *one = v ? (struct paused *)(uintptr_t)*v : NULL;
    if (!paused && one) {
        free(one);
        dict_delete(&p->by_name, name);
    }
    if (paused && !one) {
        one = calloc(1, sizeof(*one));
        v = one ? dict_put(&p->by_name, name, NULL) : NULL;
        if (!v) {
            free(one);
            return false;
        }
        *v = (uint64_t)(uintptr_t)one;
        rfc3339_utc(ms, one->since);
        snprintf(one->by, sizeof(one->by), "%.*s", SLICE_ARG(by));
        snprintf(one->reason, sizeof(one->reason), "%.*s", SLICE_ARG(reason));
    }
    show(p, name, paused);
    return true;
}

bool pauses_known(const struct pauses *p)
{
    return p->known;
}

bool pauses_has(const struct pauses *p, struct slice kind, struct slice name)
{
    char text[NAME_BYTES];
    if (!p->known)
        return true;
    int n = snprintf(text, sizeof(text), "%.*s %.*s", SLICE_ARG(kind), SLICE_ARG(name));
    return n > 0 && (size_t)n < sizeof(text) &&
           dict_get(&p->by_name, slice_make(text, (size_t)n)) != NULL;
}

/* True where it changes something. */
static bool take(struct pauses *p, const struct stream_message *m)
{
    bool paused = slice_eq_str(stream_header_get(m, "state"), "paused");
    bool is = dict_get(&p->by_name, m->key) != NULL;
    name_claim_take(p->claim, m);
    if (is == paused || !slice_eq(stream_header_get(m, "writer"), p->o.writer))
        return false;
    note(p, m->key, paused, stream_header_get(m, "by"), stream_header_get(m, "reason"), m->time_ms);
    return true;
}

static int take_first(void *arg, const struct stream_message *m, struct err *reterr)
{
    (void)reterr;
    take(arg, m);
    return 0;
}

static int fold(struct pauses *p, struct err *reterr)
{
    struct stream_reader_options ro = {.topics = &topic, .ntopics = 1, .start = STREAM_EARLIEST};
    struct err err;
    if (stream_reader_open(p->o.stream, &ro, &p->follow, reterr) < 0)
        return -1;
    p->known = stream_fold(p->follow, WAIT_MS, take_first, p, &err) == 0;
    if (!p->known)
        log_line(LOG_ERROR, "stream.waiting",
                 "topic=%.*s why=\"%s\" until it is read nothing is taken or delivered",
                 SLICE_ARG(topic), err.text);
    return 0;
}

/* The stream did not answer at the start. */
static void look(struct pauses *p)
{
    struct err err = {0};
    p->known = stream_fold_some(p->follow, take_first, p, &err) > 0;
    if (!p->known)
        return;
    log_line(LOG_INFO, "stream.answers", "topic=%.*s", SLICE_ARG(topic));
    p->o.changed(p->o.arg);
}

/* Its own records come by once more, and change nothing. */
static void follow(void *arg)
{
    struct pauses *p = arg;
    struct stream_message m;
    struct err err = {0};
    bool changed = false;
    if (!p->known) {
        look(p);
        loop_timer_start(p->timer, LOOK_MS);
        return;
    }
    for (enum stream_next n; (n = stream_next(p->follow, &m, &err)) != STREAM_NONE;) {
        if (n == STREAM_ERROR)
            break; /* the next time */
        changed = (n == STREAM_GOT && take(p, &m)) || changed;
    }
    if (changed)
        p->o.changed(p->o.arg);
    name_claim_look(p->claim);
    loop_timer_start(p->timer, FOLLOW_MS);
}

/* ---- the verbs ---- */

static void unlink_wait(struct wait *w)
{
    for (struct wait **at = w->owner ? &w->owner->waits : NULL; at && *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

static void fail(struct wait *w, const char *what, const char *why)
{
    if (w->owner)
        control_fail(w->call, "%s: %s", what, why);
    unlink_wait(w);
    free(w);
}

static void on_durable(void *arg, const struct err *e)
{
    struct wait *w = arg;
    struct pauses *p = w->owner;
    if (e || !p) {
        fail(w, "not written down, so not done", e ? e->text : "");
        return;
    }
    if (!note(p, slice_str(w->name), w->pause, slice_str(w->by), slice_str(w->reason),
              clock_wall_ms())) {
        fail(w, "not done now, but after a restart", "no memory");
        return;
    }
    p->o.changed(p->o.arg);
    control_answer(w->call);
    control_done(w->call);
    unlink_wait(w);
    free(w);
}

static void on_audited(void *arg, const struct err *e)
{
    struct wait *w = arg;
    struct pauses *p = w->owner;
    struct err err = {0};
    if (e || !p) {
        fail(w, "not recorded in the audit log, so not done", e ? e->text : "");
        return;
    }
    struct stream_header h[] = {{SLICE("writer"), p->o.writer},
                                {SLICE("state"), w->pause ? SLICE("paused") : SLICE("resumed")},
                                {SLICE("by"), slice_str(w->by)},
                                {SLICE("reason"), slice_str(w->reason)}};
    struct stream_record r = {.topic = topic,
                              .key = slice_str(w->name),
                              .value = SLICE(""),
                              .headers = h,
                              .nheaders = sizeof(h) / sizeof(h[0])};
    switch (stream_append(p->o.stream, &r, 1, on_durable, w, &err)) {
    case STREAM_OK:
        return;
    case STREAM_FULL:
        fail(w, "not done", "too much is under way: try again");
        return;
    case STREAM_BAD:
        fail(w, "not done", err.text);
    }
}

static struct slice given(const struct json *request, const char *name)
{
    struct slice s = json_text(request, name);
    return slice_present(s) ? slice_sub(s, 0, TEXT_MAX) : SLICE("");
}

static struct wait *begin(struct pauses *p, struct control_call *call, const struct json *request,
                          bool pause)
{
    struct wait *w = calloc(1, sizeof(*w));
    if (!w)
        return NULL;
    *w = (struct wait){.owner = p, .call = call, .pause = pause, .next = p->waits};
    snprintf(w->name, sizeof(w->name), "%.*s %.*s", SLICE_ARG(given(request, "kind")),
             SLICE_ARG(given(request, "name")));
    snprintf(w->by, sizeof(w->by), "%.*s", SLICE_ARG(given(request, "by")));
    snprintf(w->reason, sizeof(w->reason), "%.*s", SLICE_ARG(given(request, "reason")));
    p->waits = w;
    return w;
}

static void ask(struct pauses *p, struct control_call *call, const struct json *request, bool pause)
{
    struct slice kind = given(request, "kind"), name = given(request, "name");
    struct err err = {0};
    bool is = pauses_has(p, kind, name);
    if (!p->known) {
        control_fail(call, "what is paused is not known yet: the stream does not answer");
        return;
    }
    if (!is && !p->o.exists(p->o.arg, kind, name)) {
        control_fail_wrong(call, "there is no %.*s '%.*s'", SLICE_ARG(kind), SLICE_ARG(name));
        return;
    }
    if (is == pause) {
        control_fail_wrong(call, "%.*s '%.*s' is %s", SLICE_ARG(kind), SLICE_ARG(name),
                           is ? "paused already" : "not paused");
        return;
    }
    struct wait *w = begin(p, call, request, pause);
    if (!w) {
        control_fail(call, "no memory");
        return;
    }
    const struct audit_field fields[] = {{SLICE("kind"), kind},
                                         {SLICE("name"), name},
                                         {SLICE("reason"), given(request, "reason")},
                                         {SLICE("by"), given(request, "by")}};
    if (audit_append(p->o.audit, pause ? SLICE("pause") : SLICE("resume"),
                     slice_str(control_who(call)), fields, sizeof(fields) / sizeof(fields[0]),
                     on_audited, w, &err) < 0)
        fail(w, "not recorded in the audit log, so not done", err.text);
}

static void do_pause(struct control_call *call, const struct json *request, void *arg)
{
    ask(arg, call, request, true);
}

static void do_resume(struct control_call *call, const struct json *request, void *arg)
{
    ask(arg, call, request, false);
}

int pauses_open(const struct pauses_options *o, struct pauses **ret, struct err *reterr)
{
    struct pauses *p = calloc(1, sizeof(*p));
    if (!p)
        return err_set(reterr, ERR_NOMEM, "no memory for what is paused");
    p->o = *o;
    dict_init(&p->by_name, PAUSES_MAX);
    p->gauge = metrics_gauge(o->metrics, "weir_paused", "1 where an operator has paused it.",
                             "kind name", PAUSES_MAX);
    if (fold(p, reterr) < 0 || control_add(o->control, "pause", do_pause, p, reterr) < 0 ||
        control_add(o->control, "resume", do_resume, p, reterr) < 0 ||
        loop_timer_add(o->loop, follow, p, &p->timer, reterr) < 0) {
        pauses_close(p);
        return -1;
    }
    if (o->name.n && !(p->claim = name_claim_open(o->stream, o->name, o->metrics))) {
        pauses_close(p);
        return err_set(reterr, ERR_NOMEM, "no memory for what is paused");
    }
    loop_timer_start(p->timer, p->known ? FOLLOW_MS : LOOK_MS);
    *ret = p;
    return 0;
}

void pauses_close(struct pauses *p)
{
    size_t at = 0;
    struct slice name;
    uint64_t v;
    if (!p)
        return;
    loop_timer_remove(p->timer);
    stream_reader_close(p->follow);
    name_claim_close(p->claim);
    for (struct wait *w = p->waits; w; w = w->next)
        w->owner = NULL;
    while (dict_next(&p->by_name, &at, &name, &v))
        free((void *)(uintptr_t)v);
    dict_fini(&p->by_name);
    free(p);
}

void pauses_write(const struct pauses *p, struct json_writer *w)
{
    size_t at = 0;
    struct slice name;
    uint64_t v;
    json_key(w, SLICE("paused"));
    json_array(w);
    while (dict_next(&p->by_name, &at, &name, &v)) {
        const struct paused *one = (const struct paused *)(uintptr_t)v;
        struct slice rest = name, kind = kind_of(&rest);
        const struct {
            const char *name;
            struct slice value;
        } members[] = {{"kind", kind},
                       {"name", rest},
                       {"since", slice_str(one->since)},
                       {"by", slice_str(one->by)},
                       {"reason", slice_str(one->reason)}};
        json_object(w);
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
            json_key(w, slice_str(members[i].name));
            json_string(w, members[i].value);
        }
        json_object_end(w);
    }
    json_array_end(w);
}
