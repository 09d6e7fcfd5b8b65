#include "resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include "parcel.h"

enum { LIST_MAX = 1000, TEXT_MAX = 200 };

enum deed { SHOW, REVEAL, RELEASE, DISCARD };

/* A call that waits for its audit record, or (SHOW) for the event. */
struct wait {
    struct resolve *resolve; /* NULL: closed meanwhile */
    struct control_call *call;
    enum deed deed;
    struct slice consumer, event; /* of the request, which lives as long as the call */
    uint64_t all; /* so many were open, the oldest of which are meant; 0: the one event */
    struct wait *next;
};
struct resolve {
    struct line *line;
    struct audit *audit;
    struct wait *waits;
};

static struct parcel *find(struct resolve *r, struct slice consumer, struct slice event,
                           struct delivery **ret_delivery)
{
    *ret_delivery = line_find(r->line, consumer);
    return *ret_delivery ? delivery_find(*ret_delivery, event) : NULL;
}

static void write_entry(struct json_writer *w, struct delivery *d, const struct parcel *p)
{
    const struct {
        const char *name;
        struct slice value;
    } members[] = {{"consumer", delivery_name(d)},
                   {"event", p->item.id},
                   {"type", p->type},
                   {"state", slice_str(parked_state_name(p->item.park))},
                   {"reason", slice_str(p->item.reason)},
                   {"since", slice_str(p->since)},
                   {"received", p->received}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_key(w, slice_str(members[i].name));
        json_string(w, members[i].value);
    }
    json_key(w, SLICE("attempts"));
    json_int(w, p->item.attempts);
}

static void do_list(struct control_call *call, const struct json *request, void *arg)
{
    struct resolve *r = arg;
    struct slice consumer = json_text(request, "consumer");
    struct delivery *d;
    unsigned shown = 0;
    uint64_t total = 0;
    struct json_writer *w = control_answer(call);
    json_key(w, SLICE("parked"));
    json_array(w);
    for (unsigned i = 0; (d = line_nth(r->line, i)); i++) {
        if (slice_present(consumer) && !slice_eq(consumer, delivery_name(d)))
            continue;
        for (struct parcel *p = delivery_parked(d, NULL); p; p = delivery_parked(d, p), total++) {
            if (shown == LIST_MAX)
                continue;
            shown++;
            json_object(w);
            write_entry(w, d, p);
            json_object_end(w);
        }
    }
    json_array_end(w);
    json_key(w, SLICE("total"));
    json_int(w, (int64_t)total);
    control_done(call);
}

static void unlink_wait(struct resolve *r, struct wait *w)
{
    for (struct wait **at = &r->waits; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            return;
        }
}

static void on_shown(void *arg, struct slice value, const struct err *e)
{
    struct wait *wait = arg;
    struct resolve *r = wait->resolve;
    struct delivery *d;
    struct parcel *p = r ? find(r, wait->consumer, wait->event, &d) : NULL;
    if (r)
        unlink_wait(r, wait);
    if (r && (e || !p)) {
        control_fail(wait->call, "%s", e ? e->text : "it is no longer parked");
    } else if (r) {
        struct json_writer *w = control_answer(wait->call);
        write_entry(w, d, p);
        json_key(w, SLICE("json"));
        json_string(w, value);
        control_done(wait->call);
    }
    free(wait);
}

static void do_show(struct control_call *call, const struct json *request, void *arg)
{
    struct resolve *r = arg;
    struct delivery *d;
    struct slice consumer = json_text(request, "consumer"), event = json_text(request, "event");
    struct parcel *p = find(r, consumer, event, &d);
    struct wait *w = p ? calloc(1, sizeof(*w)) : NULL;
    if (!w) {
        control_fail(call, p ? "no memory" : "nothing of that name is parked");
        return;
    }
    *w = (struct wait){.resolve = r,
                       .call = call,
                       .deed = SHOW,
                       .consumer = consumer,
                       .event = event,
                       .next = r->waits};
    r->waits = w;
    delivery_fetch(d, p, r, on_shown, w);
}

static void do_routes(struct control_call *call, const struct json *request, void *arg)
{
    struct resolve *r = arg;
    (void)request;
    if (!line_leads(r->line)) {
        control_fail(call, "this broker is a standby: the one that makes the events counts them");
        return;
    }
    line_routes(r->line, control_answer(call));
    control_done(call);
}

/* What is open at a consumer: how many are acted on, go behind these by themselves, are under way
 * or being written at this moment. */
struct tally {
    uint64_t done, behind, busy;
};

/* Of a lane only the first is released: the others follow it in their order. Discarded are all of
 * them before any lane is looked at again, so that none of them is sent. */
static struct tally act_on_all(struct delivery *d, enum deed deed, uint64_t max, bool really)
{
    struct tally t = {0};
    struct err err;
    uint64_t n = 0;
    for (struct parcel *p = delivery_parked(d, NULL), *next; p && n < max; p = next, n++) {
        next = delivery_parked(d, p);
        if (p->item.park == SCHED_RELEASED || sched_may_discard(&p->item, &err) < 0)
            t.busy++;
        else if (deed == RELEASE && sched_may_release(&p->item, &err) < 0)
            t.behind++;
        else if (!really || (deed == RELEASE ? delivery_release(d, p, &err)
                                             : delivery_discard(d, p, &err)) == 0)
            t.done++;
        else
            t.busy++;
    }
    return t;
}

static void answer_tally(struct control_call *call, const struct tally *t)
{
    struct json_writer *w = control_answer(call);
    const struct {
        const char *name;
        uint64_t n;
    } members[] = {{"done", t->done}, {"behind", t->behind}, {"busy", t->busy}};
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_key(w, slice_str(members[i].name));
        json_int(w, (int64_t)members[i].n);
    }
    control_done(call);
}

static void act_all(struct resolve *r, const struct wait *w)
{
    struct delivery *d = line_find(r->line, w->consumer);
    if (!d) {
        control_fail(w->call, "consumer '%.*s' changes at this moment: try again",
                     SLICE_ARG(w->consumer));
        return;
    }
    struct tally t = act_on_all(d, w->deed, w->all, true);
    answer_tally(w->call, &t);
}

static void act(struct resolve *r, const struct wait *w)
{
    struct err err = {0};
    struct delivery *d;
    if (w->deed == REVEAL) {
        control_answer(w->call);
        control_done(w->call);
        return;
    }
    struct parcel *p = find(r, w->consumer, w->event, &d);
    int rc = !p                   ? err_set(&err, ERR_REFUSED, "it is no longer parked")
             : w->deed == RELEASE ? delivery_release(d, p, &err)
                                  : delivery_discard(d, p, &err);
    if (rc < 0) {
        control_fail(w->call, "%s", err.text);
        return;
    }
    control_answer(w->call);
    control_done(w->call);
}

static void on_audited(void *arg, const struct err *e)
{
    struct wait *w = arg;
    struct resolve *r = w->resolve;
    if (r) {
        unlink_wait(r, w);
        if (e)
            control_fail(w->call, "not recorded in the audit log, so not done: %s", e->text);
        else if (w->all)
            act_all(r, w);
        else
            act(r, w);
    }
    free(w);
}

/* Appends the audit record; the rest happens when it is durable. */
static void audited(struct resolve *r, struct control_call *call, const struct json *request,
                    enum deed deed, uint64_t all, struct slice action,
                    const struct audit_field *fields, unsigned nfields)
{
    struct err err = {0};
    struct wait *w = calloc(1, sizeof(*w));
    if (!w) {
        control_fail(call, "no memory");
        return;
    }
    *w = (struct wait){.resolve = r,
                       .call = call,
                       .deed = deed,
                       .consumer = json_text(request, "consumer"),
                       .event = json_text(request, "event"),
                       .all = all,
                       .next = r->waits};
    r->waits = w;
    if (audit_append(r->audit, action, slice_str(control_who(call)), fields, nfields, on_audited, w,
                     &err) == 0)
        return;
    unlink_wait(r, w);
    free(w);
    control_fail(call, "not recorded in the audit log, so not done: %s", err.text);
}

static struct slice given(const struct json *request, const char *name)
{
    struct slice s = json_text(request, name);
    return slice_present(s) ? slice_sub(s, 0, TEXT_MAX) : SLICE("");
}

static struct slice action_of(enum deed deed)
{
    return deed == RELEASE ? SLICE("parked.release") : SLICE("parked.discard");
}

static void resolve_one(struct control_call *call, const struct json *request, struct resolve *r,
                        enum deed deed)
{
    struct err err = {0};
    struct delivery *d;
    struct slice consumer = given(request, "consumer"), event = given(request, "event");
    struct parcel *p = find(r, consumer, event, &d);
    if (!d) {
        control_fail_wrong(call, "there is no consumer '%.*s'", SLICE_ARG(consumer));
        return;
    }
    if (!p) {
        control_fail_wrong(call, "no event '%.*s' is parked for consumer '%.*s' at this broker",
                           SLICE_ARG(event), SLICE_ARG(consumer));
        return;
    }
    int may =
        deed == RELEASE ? sched_may_release(&p->item, &err) : sched_may_discard(&p->item, &err);
    if (may < 0) {
        control_fail(call, "%s", err.text);
        return;
    }
    const struct audit_field fields[] = {{SLICE("event"), event},
                                         {SLICE("consumer"), consumer},
                                         {SLICE("reason"), given(request, "reason")},
                                         {SLICE("by"), given(request, "by")}};
    audited(r, call, request, deed, 0, action_of(deed), fields, sizeof(fields) / sizeof(fields[0]));
}

/* One audit record with the count stands for all. */
static void resolve_all(struct control_call *call, const struct json *request, struct resolve *r,
                        enum deed deed)
{
    char count[24];
    struct slice consumer = given(request, "consumer");
    struct delivery *d = line_find(r->line, consumer);
    if (!d) {
        control_fail_wrong(call, "there is no consumer '%.*s'", SLICE_ARG(consumer));
        return;
    }
    struct tally t = act_on_all(d, deed, UINT64_MAX, false);
    if (!t.done) {
        answer_tally(call, &t);
        return;
    }
    snprintf(count, sizeof(count), "%llu", (unsigned long long)t.done);
    const struct audit_field fields[] = {{SLICE("event"), SLICE("all")},
                                         {SLICE("count"), slice_str(count)},
                                         {SLICE("consumer"), consumer},
                                         {SLICE("reason"), given(request, "reason")},
                                         {SLICE("by"), given(request, "by")}};
    audited(r, call, request, deed, t.done + t.behind + t.busy, action_of(deed), fields,
            sizeof(fields) / sizeof(fields[0]));
}

static void resolve_asked(struct control_call *call, const struct json *request, struct resolve *r,
                          enum deed deed)
{
    if (slice_eq_str(json_text(request, "all"), "yes"))
        resolve_all(call, request, r, deed);
    else
        resolve_one(call, request, r, deed);
}

static void do_release(struct control_call *call, const struct json *request, void *arg)
{
    resolve_asked(call, request, arg, RELEASE);
}

static void do_discard(struct control_call *call, const struct json *request, void *arg)
{
    resolve_asked(call, request, arg, DISCARD);
}

static void do_reveal(struct control_call *call, const struct json *request, void *arg)
{
    struct slice action = json_text(request, "action");
    const struct audit_field fields[] = {{SLICE("what"), given(request, "what")},
                                         {SLICE("by"), given(request, "by")}};
    audited(arg, call, request, REVEAL, 0,
            action.n ? slice_sub(action, 0, TEXT_MAX) : SLICE("reveal"), fields,
            sizeof(fields) / sizeof(fields[0]));
}

int resolve_open(struct control *control, struct line *line, struct audit *audit,
                 struct resolve **ret, struct err *reterr)
{
    static const struct {
        const char *verb;
        control_fn fn;
    } verbs[] = {{"parked.list", do_list},       {"parked.show", do_show},
                 {"parked.release", do_release}, {"parked.discard", do_discard},
                 {"routes", do_routes},          {"audit.reveal", do_reveal}};
    struct resolve *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory for the control verbs");
    r->line = line;
    r->audit = audit;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (control_add(control, verbs[i].verb, verbs[i].fn, r, reterr) < 0) {
            resolve_close(r);
            return -1;
        }
    *ret = r;
    return 0;
}

void resolve_close(struct resolve *r)
{
    if (!r)
        return;
    for (struct wait *w = r->waits, *next; w; w = next) {
        next = w->next;
        w->resolve = NULL;
        if (w->deed == SHOW)
            free(w); /* the fetcher ends with the line, and answers nothing before */
    }
    free(r);
}
