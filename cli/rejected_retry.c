#include "rejected_retry.h"

#include <stdio.h>
#include "ask.h"
#include "num.h"
#include "processes.h"
#include "rejected_find.h"
#include "status_print.h"

enum { TIMEOUT_MS = 10 * 60 * 1000 }; /* unless another one was given */

struct retry {
    const struct verb *self;
    const struct options *o;
    const char *name;
    struct view view;
    struct slice source;     /* of the message */
    uint64_t not_configured; /* every adapter tells of the same ones */
    int code;
};

static uint64_t number(const struct json *answer, const char *name)
{
    uint64_t n = 0;
    num_u64(json_text(answer, name), &n);
    return n;
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

static void say_one(const struct retry *r, const struct json *answer)
{
    struct slice already = json_text(answer, "already");
    uint64_t events = number(answer, "events");
    if (already.n)
        printf("%s: resolved already, %.*s\n", r->name, SLICE_ARG(already));
    else if (number(answer, "resolved"))
        printf("%s: resolved, %llu event%s\n", r->name, (unsigned long long)events, plural(events));
}

static void say_left(const struct retry *r, const struct json *answer)
{
    uint64_t stay = number(answer, "stay"), told = 0;
    const struct json *left = json_get(answer, "left");
    for (const struct json *l = left ? left->child : NULL; l; l = l->next, told++)
        printf("%s%.*s: stays: %.*s\n", r->name ? "" : "  ", SLICE_ARG(json_text(l, "name")),
               SLICE_ARG(json_text(l, "why")));
    if (stay > told)
        printf("  and %llu more; see 'weir rejected list'\n", (unsigned long long)(stay - told));
}

static void say(struct retry *r, const char *process, const struct json *answer)
{
    uint64_t resolved = number(answer, "resolved"), events = number(answer, "events"),
             stay = number(answer, "stay"), gone = number(answer, "not_configured");
    struct slice stopped = json_text(answer, "stopped");
    if (stay || gone || stopped.n)
        r->code = EXIT_FOUND;
    if (gone > r->not_configured)
        r->not_configured = gone;
    if (r->o->json) {
        status_print_json(process, answer, NULL);
        return;
    }
    if (r->name)
        say_one(r, answer);
    else
        printf("%s: %llu resolved (%llu event%s), %llu stay%s\n", process,
               (unsigned long long)resolved, (unsigned long long)events, plural(events),
               (unsigned long long)stay, stay == 1 ? "s" : "");
    say_left(r, answer);
    if (stopped.n)
        printf("  ended early: %.*s\n", SLICE_ARG(stopped));
}

static void take_source(void *arg, const struct stream_message *m)
{
    struct retry *r = arg;
    r->source = arena_copy(r->view.site->arena, stream_header_get(m, "source"));
}

/* Whoever hosts the source of the message, or the one that was named. */
static int owner_of(struct retry *r, char out[64], struct err *reterr)
{
    if (r->name && rejected_find(&r->view, r->name, take_source, r, reterr) < 0)
        return -1;
    struct slice source = r->name ? r->source : slice_str(r->o->source);
    const struct site_source *s = site_source_find(r->view.site, source);
    if (!s)
        return err_set(reterr, ERR_INPUT,
                       "source '%.*s' is not in the configuration: put it there, 'weir reload', "
                       "and retry",
                       SLICE_ARG(source));
    snprintf(out, 64, "%.*s", SLICE_ARG(s->adapter));
    return 0;
}

static int ask(struct retry *r, const char *process, struct err *reterr)
{
    const struct ask_member members[] = {{"name", r->name},
                                         {"source", r->name ? NULL : r->o->source},
                                         {"reason", r->o->reason},
                                         {"by", ask_user()}};
    struct json *answer;
    const struct site *site = r->view.site;
    int64_t timeout = r->o->has_timeout ? r->o->timeout_ms : TIMEOUT_MS;
    if (ask_kind(site, process, "rejected.retry", members, sizeof(members) / sizeof(members[0]),
                 timeout, &answer, reterr) < 0)
        return err_at(reterr, "%s", process);
    say(r, process, answer);
    return 0;
}

/* One of each kind of adapter, even when one of them is away. */
static void ask_all(struct retry *r)
{
    const char *names[PROCESSES_MAX];
    unsigned n = processes_roles(r->view.site, names);
    for (unsigned i = 0; i < n; i++) {
        struct err err = {0};
        if (strcmp(names[i], "broker") != 0 && ask(r, names[i], &err) < 0)
            r->code = verb_fail(r->self, &err);
    }
    if (r->not_configured && !r->o->json)
        printf("%llu of sources that are no longer in the configuration stay: put these back, "
               "'weir reload', and retry\n",
               (unsigned long long)r->not_configured);
}

int rejected_retry(const struct verb *self, const struct options *o, const char *name)
{
    struct retry r = {.self = self, .o = o, .name = name};
    struct err err = {0};
    char owner[64];
    if (view_open(o, &r.view, &err) < 0)
        return verb_fail(self, &err);
    if (!name && o->all)
        ask_all(&r);
    else if (owner_of(&r, owner, &err) < 0 || ask(&r, owner, &err) < 0)
        r.code = verb_fail(self, &err);
    view_close(&r.view);
    return r.code;
}
