/* weir parked - what waits for somebody: events that a consumer refused for good, and those of the
 * same patients behind them. */
#include <stdio.h>
#include "ask.h"
#include "config_open.h"
#include "dict.h"
#include "event_line.h"
#include "json.h"
#include "num.h"
#include "processes.h"
#include "reveal.h"
#include "view.h"

enum { ENTRIES_MAX = 1000000, ARENA_MAX = 1 << 30, EVENT_BYTES_MAX = 16 * 1024 * 1024 };

/* The newest state of one event at one consumer. */
struct entry {
    struct slice consumer, id, type, state, reason, attempts, since, value;
};

struct fold {
    struct arena arena;
    struct dict by_name; /* consumer, and where the route record stands -> index into entries */
    struct entry *entries;
    size_t n;
    struct slice wanted; /* whose event is kept too */
};

static bool is_end(struct slice state)
{
    return slice_eq_str(state, "delivered") || slice_eq_str(state, "discarded");
}

static int fold_one(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct fold *f = arg;
    char name[512];
    struct slice consumer = stream_header_get(m, "consumer"), id = stream_header_get(m, "ce_id");
    /* A merge stands in a route twice, under the same id: it is the place that tells the copies
     * apart. */
    int n = snprintf(name, sizeof(name), "%.*s %.*s %.*s", SLICE_ARG(consumer),
                     SLICE_ARG(stream_header_get(m, "partition")),
                     SLICE_ARG(stream_header_get(m, "offset")));
    bool is_new;
    struct slice place = slice_make(name, n > 0 && (size_t)n < sizeof(name) ? (size_t)n : 0);
    if (is_end(stream_header_get(m, "state")) && !dict_get(&f->by_name, place))
        return 0; /* of a merge's copy that never stood here (broker/scheduler.h) */
    uint64_t *at = place.n ? dict_put(&f->by_name, place, &is_new) : NULL;
    if (!at)
        return err_set(reterr, ERR_LIMIT, "more than %d parked events", ENTRIES_MAX);
    if (is_new)
        *at = f->n++;
    struct entry *e = &f->entries[*at];
    *e = (struct entry){
        .consumer = arena_copy(&f->arena, consumer),
        .id = arena_copy(&f->arena, id),
        .type = arena_copy(&f->arena, stream_header_get(m, "ce_type")),
        .state = arena_copy(&f->arena, stream_header_get(m, "state")),
        .reason = arena_copy(&f->arena, stream_header_get(m, "reason")),
        .attempts = arena_copy(&f->arena, stream_header_get(m, "attempts")),
        .since = arena_copy(&f->arena, stream_header_get(m, "since")),
        .value = slice_eq(id, f->wanted) && m->value.n ? arena_copy(&f->arena, m->value) : e->value,
    };
    return f->arena.overflow ? err_set(reterr, ERR_LIMIT, "too many parked events to show") : 0;
}

static int fold_all(struct fold *f, struct view *v, struct err *reterr)
{
    struct stream_reader *r = NULL;
    arena_init(&f->arena, ARENA_MAX);
    dict_init(&f->by_name, ENTRIES_MAX);
    f->entries = arena_zalloc(&f->arena, ENTRIES_MAX, sizeof(*f->entries));
    if (!f->entries)
        return err_set(reterr, ERR_NOMEM, "no memory");
    if (view_read(v, "flow.parked", STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    int result = view_fold(r, fold_one, f, reterr);
    stream_reader_close(r);
    return result;
}

static void fold_close(struct fold *f)
{
    dict_fini(&f->by_name);
    arena_fini(&f->arena);
}

static bool is_open(const struct entry *e)
{
    return slice_eq_str(e->state, "parked") || slice_eq_str(e->state, "waiting") ||
           slice_eq_str(e->state, "released");
}

static void list_json(const struct entry *e, struct json_writer *w, struct buf *out)
{
    const struct {
        const char *name;
        struct slice value;
    } members[] = {{"consumer", e->consumer}, {"event", e->id},      {"type", e->type},
                   {"state", e->state},       {"reason", e->reason}, {"attempts", e->attempts},
                   {"since", e->since}};
    buf_reset(out);
    json_writer_reset(w);
    json_object(w);
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_key(w, slice_str(members[i].name));
        json_string(w, members[i].value);
    }
    json_object_end(w);
    buf_putc(out, '\n');
    fwrite(out->p, 1, out->n, stdout);
}

static bool has_consumer(const struct site *s, const char *name)
{
    for (unsigned i = 0; i < s->nconsumers; i++)
        if (slice_eq_str(s->consumers[i].name, name))
            return true;
    return false;
}

static int list(const struct fold *f, const struct options *o, const struct site *site,
                struct err *reterr)
{
    struct buf out;
    struct json_writer *w = NULL;
    size_t shown = 0;
    buf_init(&out, 1 << 20);
    if (o->json && json_writer_open(&out, &w, reterr) < 0)
        return -1;
    for (size_t i = 0; i < f->n; i++) {
        const struct entry *e = &f->entries[i];
        if (!is_open(e) || (o->consumer && !slice_eq_str(e->consumer, o->consumer)))
            continue;
        shown++;
        if (w)
            list_json(e, w, &out);
        else
            printf("%-9.*s %-16.*s %-24.*s %-44.*s %.*s  %.*s\n", SLICE_ARG(e->state),
                   SLICE_ARG(e->consumer), SLICE_ARG(e->type), SLICE_ARG(e->id),
                   SLICE_ARG(e->since), SLICE_ARG(e->reason));
    }
    json_writer_close(w);
    buf_fini(&out);
    /* One that is gone from the configuration may still have some. */
    if (!shown && o->consumer && !has_consumer(site, o->consumer))
        return err_set(reterr, ERR_INPUT, "there is no consumer '%s'", o->consumer);
    if (!shown && !o->json)
        puts("nothing is parked");
    return 0;
}

static int print_event(struct slice value, bool reveal, struct err *reterr)
{
    struct arena arena;
    struct buf out;
    struct event *e;
    struct event_encoder *enc = NULL;
    uint64_t all[64];
    memset(all, 0xff, sizeof(all));
    arena_init(&arena, EVENT_BYTES_MAX);
    buf_init(&out, EVENT_BYTES_MAX);
    int result = event_decode(value, &arena, &e, reterr);
    if (result == 0)
        result = event_encoder_open(&out, &enc, reterr);
    if (result == 0) {
        if (!reveal)
            event_mask(e);
        event_encode(enc, e, reveal ? NULL : all);
        puts(buf_cstr(&out));
    }
    event_encoder_close(enc);
    buf_fini(&out);
    arena_fini(&arena);
    return result;
}

static int show(const struct fold *f, const char *id, const struct options *o, struct view *v,
                struct err *reterr)
{
    bool found = false;
    for (size_t i = 0; i < f->n; i++) {
        const struct entry *e = &f->entries[i];
        if (!slice_eq_str(e->id, id) || (o->consumer && !slice_eq_str(e->consumer, o->consumer)))
            continue;
        if (!found && o->reveal && reveal_audited(v, id, reterr) < 0)
            return -1;
        fprintf(stderr, "%.*s: %.*s since %.*s after %.*s attempts: %.*s\n", SLICE_ARG(e->consumer),
                SLICE_ARG(e->state), SLICE_ARG(e->since), SLICE_ARG(e->attempts),
                SLICE_ARG(e->reason));
        if (!found && e->value.n && print_event(e->value, o->reveal, reterr) < 0)
            return -1;
        found = true;
    }
    return found ? 0
                 : err_set(reterr, ERR_INPUT,
                           "no event '%s' stands in flow.parked%s%s; 'weir parked list' shows "
                           "those that do",
                           id, o->consumer ? " for consumer " : "", o->consumer ? o->consumer : "");
}

static int read_verb(const struct verb *self, const struct options *o, const char *id)
{
    struct view v;
    struct fold f = {.wanted = slice_str(id)};
    struct err err = {0};
    if (view_open(o, &v, &err) < 0)
        return verb_fail(self, &err);
    int result = fold_all(&f, &v, &err);
    if (result == 0)
        result = id ? show(&f, id, o, &v, &err) : list(&f, o, v.site, &err);
    fold_close(&f);
    view_close(&v);
    return result < 0 ? verb_fail(self, &err) : 0;
}

/* The broker owns the data: it acts and writes the audit record. */
static int act(const struct verb *self, const struct options *o, const char *what, const char *id)
{
    struct err err = {0};
    if (!o->consumer)
        return verb_usage(self, "%s needs --consumer NAME", what);
    const struct ask_member members[] = {
        {"consumer", o->consumer}, {"event", id}, {"reason", o->reason}, {"by", ask_user()}};
    char request[32];
    snprintf(request, sizeof(request), "parked.%s", what);
    if (ask_owner(o, "broker", request, members, sizeof(members) / sizeof(members[0]), &err) < 0)
        return verb_fail(self, &err);
    printf("%s: %s at %s\n", what, id, o->consumer);
    return 0;
}

struct tally {
    uint64_t done, behind, busy;
};

static void add(struct tally *t, const struct json *answer)
{
    const struct {
        const char *name;
        uint64_t *to;
    } members[] = {{"done", &t->done}, {"behind", &t->behind}, {"busy", &t->busy}};
    uint64_t n;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        if (num_u64(json_text(answer, members[i].name), &n))
            *members[i].to += n;
}

/* Each broker does its own share; the first that fails is the last that is asked. */
static int ask_brokers(const struct options *o, const char *request, struct tally *ret,
                       struct err *reterr)
{
    const struct ask_member members[] = {
        {"consumer", o->consumer}, {"all", "yes"}, {"reason", o->reason}, {"by", ask_user()}};
    const char *names[PROCESSES_MAX];
    struct site *site;
    if (config_open(o, SITE_NO_SECRETS, &site, reterr) < 0)
        return -1;
    unsigned n = processes_like(site, "broker", names);
    int result = 0;
    for (unsigned i = 0; i < n && result == 0; i++) {
        struct json *answer;
        result = ask_process(site_path(site, site->data), names[i], request, members,
                             sizeof(members) / sizeof(members[0]), o->timeout_ms, site->arena,
                             &answer, reterr);
        if (result == 0)
            add(ret, answer);
    }
    site_close(site);
    return result;
}

static void print_tally(const struct tally *t, const char *what, const char *consumer)
{
    printf("%s: %llu at %s", what, (unsigned long long)t->done, consumer);
    if (t->behind)
        printf("; %llu behind them follow in their order", (unsigned long long)t->behind);
    if (t->busy)
        printf("; %llu left alone, which are on their way at this moment",
               (unsigned long long)t->busy);
    printf("\n");
}

/* All that is open at a consumer. */
static int act_on_all(const struct verb *self, const struct options *o, const char *what)
{
    struct tally t = {0};
    struct err err = {0};
    char request[32];
    bool discard = strcmp(what, "discard") == 0;
    if (!o->consumer)
        return verb_usage(self, "%s needs --consumer NAME, and EVENT unless all are meant", what);
    if (discard && !(o->reason && *o->reason))
        return verb_usage(self, "to discard all of a consumer takes --reason TEXT");
    snprintf(request, sizeof(request), "parked.%s", what);
    int result = ask_brokers(o, request, &t, &err);
    if (result == 0 || t.done)
        print_tally(&t, what, o->consumer);
    return result < 0 ? verb_fail(self, &err) : 0;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    int code = options_read(self,
                            OPTION_JSON | OPTION_REVEAL | OPTION_CONSUMER | OPTION_REASON |
                                OPTION_TIMEOUT | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "list";
    const char *id = o.rest + 1 < argc ? argv[o.rest + 1] : NULL;
    if (strcmp(what, "list") == 0 && !id)
        return read_verb(self, &o, NULL);
    if (strcmp(what, "show") == 0 && id)
        return read_verb(self, &o, id);
    if ((strcmp(what, "release") == 0 || strcmp(what, "discard") == 0) && id)
        return act(self, &o, what, id);
    if (strcmp(what, "release") == 0 || strcmp(what, "discard") == 0)
        return act_on_all(self, &o, what);
    return verb_usage(self, "wanted: list, show EVENT, release EVENT or discard EVENT");
}

const struct verb verb_parked = {
    .name = "parked",
    .summary = "what a consumer would not take: list, show, release, discard",
    .help =
        "Use: weir parked list [--consumer NAME] [--json]\n"
        "     weir parked show EVENT [--consumer NAME] [--reveal]\n"
        "     weir parked release [EVENT] --consumer NAME [--reason TEXT]\n"
        "     weir parked discard EVENT --consumer NAME [--reason TEXT]\n"
        "     weir parked discard --consumer NAME --reason TEXT\n\n"
        "States: parked (somebody must look), waiting (goes by itself: behind a parked event "
        "of the same patient, or being retried),\n"
        "released (asked to go again). Release and discard keep the order of the patient's "
        "events and are written to the audit log. Without EVENT all that is open at the consumer "
        "is "
        "meant, those that wait\n"
        "too, with one record that has the count: of a patient the first event is released, and "
        "the others follow it.\n\n"
        "--data DIR: as in 'weir status --help'.\n\n"
        "Example: weir parked release k9Vq1x0b3mZrM2cTYp8w5Q-patient.admitted-1 --consumer "
        "ward-board --reason \"ticket 4711\"\n",
    .run = run,
};
