/* weir tail - the events as they flow, for the person at the desk. Reads the files of the stream, a
 * few rows at a time, and holds no snapshot while it waits for its own output: a pager left
 * standing stalls nobody. */
#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "event_line.h"
#include "event_fields.h"
#include "record_line.h"
#include "reveal.h"
#include "rule_site.h"
#include "view.h"

enum { LAST_MAX = 100000, EVENT_BYTES_MAX = 16 * 1024 * 1024, WAIT_MS = 1000 };

struct tail {
    const struct options *o;
    const struct rule *rule; /* NULL = all */
    struct arena arena;      /* of one event */
    struct event_encoder *encoder;
    struct json_writer *json;
    const char *topic;
    struct buf line;
    uint64_t all_fields[64];
    bool colour;
};

static int compile_where(const struct site *site, const char *where, struct arena *arena,
                         const struct rule **ret, struct err *reterr)
{
    struct rule_env env;
    size_t at;
    if (rule_site_env(site, arena, &env, reterr) < 0)
        return -1;
    if (rule_compile(slice_str(where), &env, arena, ret, &at, reterr) == 0)
        return 0;
    return err_at(reterr, "--where, character %zu", at + 1);
}

/* False where it is filtered out. */
static bool render_event(struct tail *t, const struct stream_message *m)
{
    struct event *e;
    struct err err = {0};
    if (event_decode(m->value, &t->arena, &e, &err) < 0) {
        buf_printf(&t->line, "(offset %lld: not an event: %s)\n", (long long)m->offset, err.text);
        return true;
    }
    if (t->rule && !rule_match(t->rule, e, &t->arena))
        return false;
    if (!t->o->reveal)
        event_mask(e);
    if (t->o->json && t->o->reveal)
        buf_put(&t->line, m->value);
    else if (t->o->json)
        event_encode(t->encoder, e, t->all_fields); /* with a mask of all known fields: unknown
                                                       members could tell who it is */
    else
        event_line(&t->line, e, t->colour);
    buf_putc(&t->line, '\n');
    return buf_ok(&t->line);
}

/* What is parked is an event: one line like the others, behind where it stands. */
static void render_parked(struct tail *t, const struct stream_message *m)
{
    struct event *e;
    struct err err = {0};
    record_line(&t->line, m, t->o->reveal);
    if (!m->value.n || event_decode(m->value, &t->arena, &e, &err) < 0)
        return;
    if (!t->o->reveal)
        event_mask(e);
    event_line(&t->line, e, t->colour);
    buf_putc(&t->line, '\n');
}

/* Fills t->line with what to show of a record; false where it is filtered out. */
static bool render(struct tail *t, const struct stream_message *m)
{
    enum record_kind kind = record_kind(m->topic);
    arena_reset(&t->arena);
    buf_reset(&t->line);
    if (kind == RECORD_EVENT)
        return render_event(t, m);
    if (t->o->json) {
        json_writer_reset(t->json);
        record_json(t->json, m, t->o->reveal);
        buf_putc(&t->line, '\n');
    } else if (kind == RECORD_PARKED) {
        render_parked(t, m);
    } else {
        record_line(&t->line, m, t->o->reveal);
    }
    return buf_ok(&t->line);
}

static bool put_out(struct tail *t)
{
    return fwrite(t->line.p, 1, t->line.n, stdout) == t->line.n;
}

struct ring {
    char **text;
    size_t *size;
    uint64_t max, count; /* count of all that came by */
};

static void ring_clear(struct ring *r)
{
    for (uint64_t i = 0; i < r->max; i++) {
        free(r->text[i]);
        r->text[i] = NULL;
    }
    r->count = 0;
}

static void ring_fini(struct ring *r)
{
    if (r->text)
        ring_clear(r);
    free(r->text);
    free(r->size);
}

static bool ring_push(struct ring *r, struct slice line)
{
    uint64_t i = r->count % r->max;
    char *copy = malloc(line.n + 1);
    if (!copy)
        return false;
    memcpy(copy, line.p, line.n);
    free(r->text[i]);
    r->text[i] = copy;
    r->size[i] = line.n;
    r->count++;
    return true;
}

struct collect {
    struct tail *tail;
    struct ring *ring;
};

static int collect(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct collect *c = arg;
    if (render(c->tail, m) && !ring_push(c->ring, buf_slice(&c->tail->line)))
        return err_set(reterr, ERR_NOMEM, "no memory for the last lines");
    return 0;
}

/* Looks back over longer and longer times until enough lines are found: most of a long history is
 * never read. */
static int show_last(struct tail *t, struct stream_reader *r, struct err *reterr)
{
    static const int64_t minutes[] = {1, 10, 60, 360, 1440, 20160, 0};
    struct ring ring = {.max = t->o->last};
    struct collect all = {t, &ring};
    ring.text = calloc(ring.max, sizeof(*ring.text));
    ring.size = calloc(ring.max, sizeof(*ring.size));
    int result =
        ring.text && ring.size ? 0 : err_set(reterr, ERR_NOMEM, "no memory for the last lines");
    for (size_t i = 0; result == 0 && i < sizeof(minutes) / sizeof(minutes[0]); i++) {
        int64_t from = minutes[i] ? clock_wall_ms() - minutes[i] * 60000 : 0;
        ring_clear(&ring);
        result = stream_seek_time(r, from, reterr);
        if (result == 0)
            result = view_fold(r, collect, &all, reterr);
        if (ring.count >= ring.max)
            break;
    }
    uint64_t have = ring.count < ring.max ? ring.count : ring.max;
    for (uint64_t i = ring.count - have; result == 0 && i < ring.count; i++)
        fwrite(ring.text[i % ring.max], 1, ring.size[i % ring.max], stdout);
    fflush(stdout);
    ring_fini(&ring);
    return result;
}

static int follow(struct tail *t, struct stream_reader *r, struct err *reterr)
{
    struct stream_message m;
    for (;;) {
        enum stream_next n = stream_next(r, &m, reterr);
        if (n == STREAM_ERROR)
            return -1;
        if (n == STREAM_LOST)
            fprintf(stderr, "weir tail: %s\n", reterr->text);
        if (n == STREAM_GOT && render(t, &m) && !put_out(t))
            return 0; /* nobody reads any more */
        if (n == STREAM_NONE) {
            if (fflush(stdout) != 0 || ferror(stdout) || (t->o->no_follow && stream_caught_up(r)))
                return 0;
            if (!view_wait(r, WAIT_MS))
                return 0; /* `| head` has seen enough, or the pager was left */
        }
    }
}

static bool personal(const struct event_field *f)
{
    return f->personal;
}

/* Asking for a name is finding out whose the pseudonym is: that is a reveal like any other. */
static int may_ask(const struct tail *t, struct err *reterr)
{
    int field = t->rule && !t->o->reveal ? rule_reads(t->rule, personal) : -1;
    if (field < 0)
        return 0;
    return err_set(reterr, ERR_INPUT,
                   "--where: %s tells who the patient is; add --reveal, which is written to the "
                   "audit log",
                   event_fields[field].path);
}

/* A name that nothing writes would wait for ever. */
static int check_topic(const struct tail *t, const struct site *site, struct err *reterr)
{
    struct slice topic = slice_str(t->topic);
    enum record_kind kind = record_kind(topic);
    bool route = slice_starts(topic, SLICE("flow.route."));
    if (t->o->where && kind != RECORD_EVENT)
        return err_set(reterr, ERR_INPUT, "--where: %s holds no events", t->topic);
    if (route && !site_route_find(site, slice_sub(topic, 11, topic.n)))
        return err_set(reterr, ERR_INPUT, "--topic: the configuration has no route '%s'",
                       t->topic + 11);
    if (kind != RECORD_BYTES || slice_eq_str(topic, "flow.ids"))
        return 0;
    return err_set(reterr, ERR_INPUT,
                   "--topic: there is no '%s'; there are flow.messages, flow.reported, "
                   "flow.rejected, flow.events, flow.route.<name>, flow.parked, flow.audit, "
                   "flow.control, flow.state and flow.ids",
                   t->topic);
}

/* Goes where the first record to show stands, or shows the last ones. */
static int begin(struct tail *t, struct stream_reader *r, struct err *reterr)
{
    if (t->o->has_since)
        return stream_seek_time(r, t->o->since_ms > 0 ? t->o->since_ms : 0, reterr);
    return t->o->has_last && t->o->last ? show_last(t, r, reterr) : 0;
}

static int tail_with(struct tail *t, struct view *view, struct err *reterr)
{
    struct stream_reader *r = NULL;
    if (t->o->where &&
        compile_where(view->site, t->o->where, view->site->arena, &t->rule, reterr) < 0)
        return -1;
    if (check_topic(t, view->site, reterr) < 0 || may_ask(t, reterr) < 0)
        return -1;
    if (t->o->reveal && reveal_audited(view, t->topic, reterr) < 0)
        return -1;
    if (event_encoder_open(&t->line, &t->encoder, reterr) < 0 ||
        json_writer_open(&t->line, &t->json, reterr) < 0 ||
        view_read(view, t->topic, STREAM_LATEST, &r, reterr) < 0)
        return -1;
    int result = begin(t, r, reterr);
    if (result == 0 && (t->o->has_since || !t->o->no_follow))
        result = follow(t, r, reterr);
    stream_reader_close(r);
    return result;
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct view view;
    struct err err = {0};
    int code = options_read(self,
                            OPTION_JSON | OPTION_REVEAL | OPTION_WHERE | OPTION_LAST |
                                OPTION_NO_FOLLOW | OPTION_SINCE | OPTION_TOPIC | OPTION_DATA,
                            argc, argv, &o);
    if (code >= 0)
        return code;
    if (o.rest < argc)
        return verb_usage(self, "%s: nothing more is expected", argv[o.rest]);
    if (o.last > LAST_MAX)
        return verb_usage(self, "-n: at most %d", LAST_MAX);
    if (o.has_since && o.has_last)
        return verb_usage(self, "--since and -n: one of them");
    if (view_open(&o, &view, &err) < 0)
        return verb_fail(self, &err);
    struct tail t = {.o = &o, .colour = view_colour(), .topic = o.topic ? o.topic : "flow.events"};
    memset(t.all_fields, 0xff, sizeof(t.all_fields));
    arena_init(&t.arena, EVENT_BYTES_MAX);
    buf_init(&t.line, EVENT_BYTES_MAX);
    int result = tail_with(&t, &view, &err);
    event_encoder_close(t.encoder);
    json_writer_close(t.json);
    buf_fini(&t.line);
    arena_fini(&t.arena);
    view_close(&view);
    return result < 0 ? verb_fail(self, &err) : 0;
}

const struct verb verb_tail = {
    .name = "tail",
    .summary = "follow the events as they flow, one line each",
    .help =
        "Use: weir tail [--topic NAME] [-n N | --since WHEN] [--where RULE] [--json] [--no-follow] "
        "[--reveal]\n\n"
        "  --topic NAME     another topic than flow.events: flow.messages, flow.reported, "
        "flow.rejected,\n"
        "                   flow.route.<name>, flow.parked, flow.audit, flow.control, "
        "flow.state, flow.ids;\n"
        "                   messages are masked, what is no event is shown as its headers\n"
        "  --since WHEN     begin with what was written 10m ago, or since "
        "2026-03-02T09:30:00Z\n"
        "  -n, --last N     begin with the last N records (of those that the rule takes)\n"
        "  --where RULE     only events that a rule takes: CloudEvents SQL, as in routes\n"
        "  --json           whole events, one JSON line each\n"
        "  --no-follow      end after the last event there is now\n"
        "  --reveal         show who the patients are, and let the rule ask for it; written to "
        "the audit log first\n"
        "  --data DIR       the data folder, where the configuration cannot be read\n"
        "  -c, --config FILE\n\n"
        "Columns: time it happened, type, site/ward/bed, person (pseudonym), name, visit, "
        "source, of a correction or retraction `replaces` and the event's id, [doubts].\n\n"
        "Example: weir tail -n 20 --where \"type LIKE 'emergency.%' AND data.location.site = "
        "'RZZ01'\"\n"
        "         weir tail --topic flow.rejected --since 1h --no-follow\n",
    .run = run,
};
