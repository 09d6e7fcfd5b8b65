#include "journey.h"

#include <stdio.h>
#include <stdlib.h>
#include "clock.h"
#include "control_ids.h"
#include "event_fields.h"
#include "event_id.h"
#include "event_retracted.h"
#include "log.h"
#include "lost.h"
#include "recall.h"
#include "rfc3339.h"

enum {
    UNITS = 2,
    UNIT_READS = 512,             /* records read per unit */
    UNIT_RECORDS = 8192,          /* records made, at which a unit is closed */
    UNIT_BYTES = 8 * 1024 * 1024, /* the same in bytes */
    EVENT_ARENA = 16 * 1024 * 1024,
    TELL_MS = 5000,
};

static const struct slice group = {"journey", 7};
static const struct slice topic_reported = {"flow.reported", 13};
static const struct slice topic_events = {"flow.events", 11};
static const struct slice topic_state = {"flow.state", 10};
static const struct slice topic_ids = {"flow.ids", 8};

struct sent {
    struct journey *journey;
    struct unit unit;
    unsigned reads;
    enum { SENT_EMPTY, SENT_FILLING, SENT_UNDER_WAY, SENT_FAILED } state;
    char *prints; /* of the ids in it */
    size_t nprints;
    char *controls; /* of the control ids */
    size_t ncontrols;
};
struct journey {
    struct journey_options o;
    struct recall *recall;        /* until it is read to its end and this process leads */
    struct stream_reader *reader; /* then */
    bool leads, recalled;
    struct seen *seen;
    struct control_ids *control_ids;
    struct people *people;
    struct arena arena; /* of the event at hand */
    char published_at[RFC3339_SIZE];
    struct buf out;
    struct event_encoder *encoder;
    struct sent units[UNITS];
    unsigned first; /* of the units in order */
    unsigned unit_records;
    uint64_t unit_bytes;
    bool held, stopped, abandoned;
    bool changing;   /* another router waits for the units under way */
    bool forgetting; /* people_max was reached, and told */
    int64_t tell_at; /* monotonic ms: a failure that goes on is told again then */
    char why[400];   /* of it */
    struct journey_stats stats;
    struct metric *events, *control_ids_reused;
    struct series *repeats, *unreadable;
};

static int open_parts(struct journey *j, struct err *reterr)
{
    const struct site *site = j->o.site;
    if (seen_open(site->journey.window, (size_t)site->journey.ids_max, &j->seen, reterr) < 0 ||
        control_ids_open(site->journey.window, (size_t)site->journey.ids_max, &j->control_ids,
                         reterr) < 0 ||
        people_open((size_t)site->journey.people_max, &j->people, reterr) < 0 ||
        event_encoder_open(&j->out, &j->encoder, reterr) < 0 ||
        recall_open(j->o.stream, clock_wall_ms() - 2 * site->journey.window, &j->recall, reterr) <
            0)
        return -1;
    for (unsigned i = 0; i < UNITS; i++)
        if (!(j->units[i].prints = malloc((size_t)UNIT_READS * SEEN_PRINT)) ||
            !(j->units[i].controls = malloc((size_t)UNIT_READS * CONTROL_ID_PRINT)))
            return err_set(reterr, ERR_NOMEM, "no memory for the journey");
    return 0;
}

static void open_metrics(struct journey *j)
{
    struct metrics *m = j->o.metrics;
    if (!m)
        return;
    j->events =
        metrics_counter(m, "weir_events_total", "Events written to flow.events", "type", 256);
    j->control_ids_reused = metrics_counter(
        m, "weir_control_ids_reused_total",
        "Messages with events under a control id that another message of the same sender had",
        "source", 256);
    j->repeats = metric_of(metrics_counter(m, "weir_events_repeated_total",
                                           "Events dropped because their id was seen", NULL, 1),
                           SLICE_ABSENT);
    j->unreadable = metric_of(metrics_counter(m, "weir_events_unreadable_total",
                                              "Reported events that are no event", NULL, 1),
                              SLICE_ABSENT);
}

int journey_open(const struct journey_options *o, struct journey **ret, struct err *reterr)
{
    struct journey *j = calloc(1, sizeof(*j));
    if (!j)
        return err_set(reterr, ERR_NOMEM, "no memory for the journey");
    j->o = *o;
    arena_init(&j->arena, EVENT_ARENA);
    buf_init(&j->out, EVENT_SIZE_MAX * 2);
    for (unsigned i = 0; i < UNITS; i++) {
        unit_init(&j->units[i].unit);
        j->units[i].journey = j;
    }
    j->unit_records = UNIT_RECORDS;
    if (o->site->stream.queue_records / 2 < UNIT_RECORDS)
        j->unit_records = (unsigned)(o->site->stream.queue_records / 2);
    j->unit_bytes = UNIT_BYTES;
    if (o->site->stream.queue_bytes / 4 < UNIT_BYTES)
        j->unit_bytes = o->site->stream.queue_bytes / 4;
    open_metrics(j);
    if (open_parts(j, reterr) < 0) {
        journey_close(j);
        return -1;
    }
    *ret = j;
    return 0;
}

void journey_close(struct journey *j)
{
    if (!j)
        return;
    stream_reader_close(j->reader);
    recall_close(j->recall);
    event_encoder_close(j->encoder);
    for (unsigned i = 0; i < UNITS; i++) {
        unit_fini(&j->units[i].unit);
        free(j->units[i].prints);
        free(j->units[i].controls);
    }
    buf_fini(&j->out);
    arena_fini(&j->arena);
    people_close(j->people);
    control_ids_close(j->control_ids);
    seen_close(j->seen);
    free(j);
}

static struct slice plain_key(void *arg, struct unit *u, struct slice ordering_key)
{
    (void)arg;
    return unit_copy(u, ordering_key);
}

static void state_person(struct unit *u, const struct person *who)
{
    struct stream_header *h = unit_headers(u, 1);
    if (!h)
        return;
    h[0] = (struct stream_header){SLICE("kind"), SLICE("person")};
    unit_add(u, topic_state, people_identity(who), people_key(who), h, 1);
}

static void state_ids(struct sent *s)
{
    if (s->nprints)
        unit_add(&s->unit, topic_ids, SLICE("ids"), slice_make(s->prints, s->nprints), NULL, 0);
    if (s->ncontrols)
        unit_add(&s->unit, topic_ids, SLICE("controls"), slice_make(s->controls, s->ncontrols),
                 NULL, 0);
}

/* Whose event it is, and what that changes. */
static void ask_people(struct journey *j, const struct stream_message *m, struct unit *u,
                       struct people_answer *ret)
{
    struct slice person = stream_header_get(m, "person"),
                 local = stream_header_get(m, "person-local");
    if (!slice_present(person) && !slice_present(local)) {
        *ret = (struct people_answer){.key = m->key};
        return;
    }
    people_ask(j->people, person, local, stream_header_get(m, "retired"), ret);
    for (unsigned i = 0; i < ret->nchanged; i++)
        state_person(u, ret->changed[i]);
    if (ret->forgotten && !j->forgetting) {
        j->forgetting = true;
        log_line(LOG_ERROR, "alarm.people_max",
                 "journey.people_max reached, or a merge of more identities than fit one event: "
                 "order across these identities is not kept");
    }
}

/* More than a day after its receipt: a clock that is wrong, or a slip of the hand. */
static bool is_ahead(struct slice time, struct slice received)
{
    enum { DAY_MS = 24 * 60 * 60 * 1000 };
    int64_t at, came;
    int offset;
    return rfc3339_read(time, &at, &offset) && rfc3339_read(received, &came, &offset) &&
           at - came > DAY_MS;
}

/* Whether its sender gave the message's control id to another one, too. A revision is no message.
 * Ids do not tell: an event with a key has one that no other event of its message begins with. */
static bool control_id_reused(struct journey *j, const struct stream_message *m, struct sent *s,
                              struct slice id, const struct event *e, int64_t wall_ms)
{
    unsigned revision = 0;
    struct control_id_answer answer;
    struct slice sha256 = event_get(e, EV_DATA_ORIGIN_SHA256);
    struct control_id c = {.source = m->key,
                           .app = event_get(e, EV_DATA_ORIGIN_SENDING_APP),
                           .facility = event_get(e, EV_DATA_ORIGIN_SENDING_FACILITY),
                           .id = event_get(e, EV_DATA_ORIGIN_CONTROL_ID),
                           .message = sha256.n ? sha256 : slice_sub(id, 0, EVENT_ID_MESSAGE)};
    event_id_stem(id, &revision);
    if (!c.id.n || revision || !slice_present(event_id_type(id)))
        return false;
    control_ids_ask(j->control_ids, &c, wall_ms, &answer);
    if (answer.first) {
        memcpy(s->controls + s->ncontrols, answer.print, CONTROL_ID_PRINT);
        s->ncontrols += CONTROL_ID_PRINT;
        if (answer.reused)
            series_add(metric_of(j->control_ids_reused, m->key), 1);
    }
    return answer.reused;
}

/* The event as it goes on: what only the journey knows is added. */
static bool complete(struct journey *j, const struct stream_message *m, struct sent *s,
                     enum seen_answer seen, int64_t wall_ms, struct event **ret)
{
    struct err err = {0};
    struct event *e;
    arena_reset(&j->arena);
    if (event_decode(m->value, &j->arena, &e, &err) < 0) {
        log_line(LOG_ERROR, "event.unreadable", "partition=%.*s offset=%lld: %s",
                 SLICE_ARG(m->partition), (long long)m->offset, err.text);
        return false;
    }
    struct slice received = stream_header_get(m, "received");
    if (received.n)
        event_put(e, EV_RECORDEDTIME, received);
    event_put(e, EV_DATA_PUBLISHED_AT, rfc3339_utc(wall_ms, j->published_at));
    if (is_ahead(event_get(e, EV_TIME), received))
        event_push(e, EV_DATA_QUALITY, SLICE("time_ahead"));
    if (seen == SEEN_OLD)
        event_push(e, EV_DATA_QUALITY, SLICE("resend"));
    if (control_id_reused(j, m, s, stream_header_get(m, "ce_id"), e, wall_ms))
        event_push(e, EV_DATA_QUALITY, SLICE("control_id_reused"));
    if (slice_eq_str(stream_header_get(m, "history"), "yes"))
        event_push(e, EV_DATA_QUALITY, SLICE("historic_load"));
    buf_reset(&j->out);
    event_encode(j->encoder, e, NULL);
    *ret = e;
    return buf_ok(&j->out);
}

static void count(struct journey *j, struct slice type)
{
    j->stats.events++;
    series_add(metric_of(j->events, type), 1);
}

static void publish(struct journey *j, const struct stream_message *m, struct slice id,
                    enum seen_answer seen, struct sent *s, int64_t wall_ms)
{
    struct people_answer who;
    struct event *e = NULL;
    struct unit *u = &s->unit;
    ask_people(j, m, u, &who);
    bool readable = complete(j, m, s, seen, wall_ms, &e);
    struct routed in = {
        .event = e,
        .json = unit_copy(u, readable ? buf_slice(&j->out) : m->value),
        .id = unit_copy(u, id),
        .type = unit_copy(u, stream_header_get(m, "ce_type")),
        .received = unit_copy(u, stream_header_get(m, "received")),
        .key = unit_copy(u, who.key),
        .retired = who.retired,
        .nretired = who.nretired,
    };
    if (readable)
        in.retracts = event_retracted(e, in.json, &j->arena);
    router_publish(u, topic_events, &in, in.json, plain_key, NULL, true);
    count(j, in.type);
    if (!readable) {
        j->stats.unreadable++;
        series_add(j->unreadable, 1);
    } else if (!slice_eq_str(stream_header_get(m, "forward"), "no")) {
        if (router_route(j->o.router, &in, u) < 0)
            u->failed = true;
    }
}

static void take(struct journey *j, const struct stream_message *m, struct sent *s, int64_t wall_ms)
{
    struct slice id = stream_header_get(m, "ce_id");
    unsigned char print[SEEN_PRINT];
    enum seen_answer seen = SEEN_NEW;
    if (id.n) {
        seen = seen_ask(j->seen, id, wall_ms, print);
        if (seen == SEEN_REPEAT) {
            j->stats.repeats++;
            series_add(j->repeats, 1);
        } else {
            memcpy(s->prints + s->nprints, print, SEEN_PRINT);
            s->nprints += SEEN_PRINT;
        }
    }
    if (seen != SEEN_REPEAT)
        publish(j, m, id, seen, s, wall_ms);
    unit_move(&s->unit, group, topic_reported, m->partition, m->offset + 1);
    s->reads++;
}

static bool has_room(const struct sent *s)
{
    return s->reads < UNIT_READS && s->unit.nrecords < s->journey->unit_records &&
           s->unit.arena.used < UNIT_BYTES && s->unit.bytes < s->journey->unit_bytes &&
           s->unit.npositions < UNIT_PARTITIONS_MAX && !s->unit.failed;
}

/* Reads into a unit; true when it was filled, so that there may be more. */
static bool fill(struct journey *j, struct sent *s, int64_t wall_ms)
{
    struct stream_message m;
    struct err err = {0};
    enum stream_next got = STREAM_NONE;
    while (has_room(s) && (got = stream_next(j->reader, &m, &err)) != STREAM_NONE) {
        if (got == STREAM_GOT) {
            take(j, &m, s, wall_ms);
            continue;
        }
        if (got == STREAM_ERROR) {
            log_line(LOG_ERROR, "journey.read", "%s", err.text);
            j->held = true;
            break;
        }
        if (got == STREAM_LOST)
            lost_tell(j->o.audit, group, &m, &err);
        else if (got == STREAM_LEAVE) /* a leader reads the group whole: nothing is shared out */
            stream_yield(j->reader);
    }
    return got == STREAM_GOT;
}

static void submit(struct journey *j);

/* It is tried several times a second. */
static void tell(struct journey *j, const struct err *e)
{
    int64_t now = clock_mono_ms();
    if (!e && j->stats.failing)
        log_line(LOG_INFO, "journey.recovered", "events become durable again");
    if (!e || (j->stats.failing && now < j->tell_at))
        return;
    log_line(LOG_ERROR, "journey.unit",
             "not durable, tried again; until then no event moves, of any route: %s", e->text);
    j->tell_at = now + TELL_MS;
}

static void on_done(void *arg, const struct err *e)
{
    struct sent *s = arg;
    struct journey *j = s->journey;
    tell(j, e);
    j->stats.failing = e != NULL;
    if (e)
        snprintf(j->why, sizeof(j->why), "%s", e->text);
    j->stats.why = e ? j->why : "";
    if (e) {
        /* Whole again, with the same ids; those behind it fail too and keep their order. */
        j->stats.failures++;
        s->state = SENT_FAILED;
        j->held = true;
        return;
    }
    unit_reset(&s->unit);
    s->state = SENT_EMPTY;
    s->reads = 0;
    s->nprints = 0;
    s->ncontrols = 0;
    j->first = (j->first + 1) % UNITS;
    submit(j);
}

/* Gives to the stream, oldest first, one at a time: a position never moves past a unit that failed.
 */
static void submit(struct journey *j)
{
    struct sent *s = &j->units[j->first];
    struct err err = {0};
    if (j->abandoned || (s->state != SENT_FILLING && s->state != SENT_FAILED))
        return;
    if (s->state == SENT_FILLING)
        state_ids(s);
    if (s->unit.failed) {
        /* A part of it may be missing: the next start reads it again. */
        j->stats.broken = j->stopped = true;
        return;
    }
    s->state = SENT_UNDER_WAY;
    enum stream_result r = stream_forward(j->o.stream, s->unit.records, s->unit.nrecords,
                                          s->unit.positions, s->unit.npositions, on_done, s, &err);
    if (r == STREAM_OK)
        return;
    s->state = SENT_FAILED;
    j->held = true;
    if (r == STREAM_BAD)
        log_line(LOG_ERROR, "alarm.journey", "the stream will not take this unit: %s", err.text);
}

/* The unit to fill: one that waits for its turn takes what comes meanwhile. NULL where none has
 * room.
 */
static struct sent *open_unit(struct journey *j)
{
    for (unsigned i = 0; i < UNITS && !j->stopped && !j->held && !j->changing; i++) {
        struct sent *s = &j->units[(j->first + i) % UNITS];
        if (s->state == SENT_EMPTY || (s->state == SENT_FILLING && has_room(s)))
            return s;
    }
    return NULL;
}

static int begin(struct journey *j, struct err *reterr)
{
    struct stream_reader_options ro = {
        .topics = &topic_reported, .ntopics = 1, .group = group, .start = STREAM_EARLIEST};
    if (stream_reader_open(j->o.stream, &ro, &j->reader, reterr) < 0)
        return -1;
    recall_close(j->recall);
    j->recall = NULL;
    return 0;
}

/* Follows what is remembered; where this process leads, goes on to flow.reported at its end. */
static bool remember(struct journey *j)
{
    struct err err = {0};
    enum recall_result got = recall_read(j->recall, j->people, j->seen, j->control_ids, &err);
    if (got == RECALL_END) {
        j->recalled = true;
        if (!j->leads)
            return false;
        if (begin(j, &err) == 0)
            return true;
        got = RECALL_FAILED;
    }
    if (got == RECALL_FAILED) {
        log_line(LOG_ERROR, "journey.recall", "tried again: %s", err.text);
        j->held = true;
    }
    return got == RECALL_MORE;
}

int journey_lead(struct journey *j, struct err *reterr)
{
    if (recall_anew(j->recall, reterr) < 0)
        return -1;
    j->leads = true;
    j->recalled = false;
    return 0;
}

bool journey_step(struct journey *j, int64_t wall_ms)
{
    j->held = false;
    if (!j->reader)
        return !j->stopped && remember(j);
    submit(j);
    struct sent *s = open_unit(j);
    if (!s)
        return false;
    bool more = fill(j, s, wall_ms);
    if (s->reads)
        s->state = SENT_FILLING;
    submit(j);
    return more && open_unit(j);
}

bool journey_reads(const struct journey *j)
{
    if (!j->reader)
        return !j->stopped && !j->held;
    for (unsigned i = 0; i < UNITS && !j->stopped && !j->held && !j->changing; i++)
        if (j->units[i].state == SENT_EMPTY ||
            (j->units[i].state == SENT_FILLING && has_room(&j->units[i])))
            return true;
    return false;
}

int journey_fd(const struct journey *j)
{
    return j->reader ? stream_reader_fd(j->reader) : recall_fd(j->recall);
}

bool journey_held(const struct journey *j)
{
    return j->held;
}

bool journey_use(struct journey *j, struct router *router)
{
    j->changing = !journey_idle(j);
    if (!j->changing)
        j->o.router = router;
    return !j->changing;
}

void journey_stop(struct journey *j)
{
    j->stopped = true;
}

bool journey_abandon(struct journey *j)
{
    bool due = false;
    j->abandoned = j->stopped = true;
    for (unsigned i = 0; i < UNITS; i++)
        due = due || j->units[i].state == SENT_UNDER_WAY;
    return due;
}

bool journey_idle(const struct journey *j)
{
    for (unsigned i = 0; i < UNITS; i++)
        if (j->units[i].state != SENT_EMPTY)
            return false;
    return true;
}

void journey_stats(const struct journey *j, struct journey_stats *ret)
{
    *ret = j->stats;
    ret->people = people_count(j->people);
    ret->ids = seen_count(j->seen);
    ret->role = j->reader      ? JOURNEY_LEADS
                : j->leads     ? JOURNEY_BEGINS
                : !j->recalled ? JOURNEY_RECALLS
                               : JOURNEY_STANDBY;
}

int journey_lag(struct journey *j, uint64_t *ret_records, int64_t *ret_oldest_ms,
                struct err *reterr)
{
    if (j->reader)
        return stream_lag(j->reader, ret_records, ret_oldest_ms, reterr);
    *ret_records = 0;
    *ret_oldest_ms = 0;
    return 0;
}
