#include "rerun.h"

#include <stdio.h>
#include <stdlib.h>
#include "again.h"
#include "rerun_count.h"
#include "revise.h"
#include "revision.h"

enum {
    SETS_MAX = 64,               /* under way at a time */
    BYTES_MAX = 4 * 1024 * 1024, /* the same in bytes: senders need the queue */
    OLD_ARENA = 16 * 1024 * 1024,
    PARTITIONS_MAX = 1024,
};

static const struct slice topic_reported = {"flow.reported", 13};
static const struct slice topic_messages = {"flow.messages", 13};

/* A set on its way. */
struct flight {
    struct rerun *run;
    size_t bytes;
};

struct rerun {
    struct rerun_options o;
    enum { RERUN_FOLD, RERUN_MESSAGES, RERUN_SETTLE } phase;
    int64_t from, to; /* the window */
    int64_t newest;   /* receipt noted in it */
    struct revise *known;
    struct stream_reader *reported, *messages, *old;
    struct again again;
    struct revision_writer writer;
    struct arena arena; /* of the event that was */
    struct rerun_count count;
    char partitions[PARTITIONS_MAX][STREAM_NAME_MAX + 1];
    unsigned npartitions;
    char at[RFC3339_SIZE]; /* receipt of the newest message */
    bool held;             /* the writer's set waits for room */
    bool leftover;         /* of the message at hand: what it no longer makes is looked for */
    bool fetching;         /* the record of `gone` is on its way */
    struct revised gone;
    unsigned sets;
    size_t bytes;
    bool failed, ended, closed;
    struct err why;
};

static int open_reader(struct rerun *r, struct slice topic, enum stream_start start,
                       struct stream_reader **ret, struct err *reterr)
{
    struct stream_reader_options o = {
        .topics = &topic, .ntopics = 1, .start = start, .start_ms = r->from};
    return stream_reader_open(r->o.stream, &o, ret, reterr);
}

static void close_readers(struct rerun *r)
{
    stream_reader_close(r->reported);
    stream_reader_close(r->messages);
    r->reported = r->messages = NULL;
}

static int begin_window(struct rerun *r, int64_t from, int64_t to, struct err *reterr)
{
    close_readers(r);
    revise_close(r->known);
    r->known = NULL;
    r->from = r->newest = from;
    r->to = to;
    r->phase = RERUN_FOLD;
    if (revise_open((size_t)r->o.events_max, &r->known, reterr) < 0)
        return -1;
    return open_reader(r, topic_reported, STREAM_AT_TIME, &r->reported, reterr);
}

int rerun_open(const struct rerun_options *o, struct rerun **ret, struct err *reterr)
{
    struct rerun *r = calloc(1, sizeof(*r));
    if (!r)
        return err_set(reterr, ERR_NOMEM, "no memory to translate again");
    r->o = *o;
    rerun_count_init(&r->count);
    arena_init(&r->arena, OLD_ARENA);
    if (again_open(&r->again, (size_t)o->arena_max, reterr) < 0 ||
        revision_writer_init(&r->writer, reterr) < 0 ||
        begin_window(r, o->from_ms, o->to_ms, reterr) < 0) {
        rerun_close(r);
        return -1;
    }
    *ret = r;
    return 0;
}

void rerun_end(struct rerun *r)
{
    if (r->ended)
        return;
    close_readers(r);
    stream_reader_close(r->old);
    revise_close(r->known);
    again_close(&r->again);
    revision_writer_fini(&r->writer);
    arena_fini(&r->arena);
    r->ended = true;
}

void rerun_close(struct rerun *r)
{
    if (!r)
        return;
    rerun_end(r);
    r->closed = true;
    if (r->sets)
        return;
    rerun_count_fini(&r->count);
    free(r);
}

bool rerun_quiet(const struct rerun *r)
{
    return r->sets == 0;
}

void rerun_report(const struct rerun *r, struct json_writer *w)
{
    json_key(w, SLICE("at"));
    json_string(w, slice_str(r->at));
    rerun_count_write(&r->count, w);
}

/* ---- what was reported ---- */

/* Whether the record is of this source and was received in the window. */
static bool within(const struct rerun *r, const struct stream_message *m, int64_t *ret_ms)
{
    int offset;
    return slice_eq(stream_header_get(m, "source"), r->o.source->name) &&
           rfc3339_read(stream_header_get(m, "received"), ret_ms, &offset) && *ret_ms >= r->from &&
           *ret_ms <= r->to;
}

static int partition_of(struct rerun *r, struct slice name, unsigned *ret, struct err *reterr)
{
    for (unsigned i = 0; i < r->npartitions; i++)
        if (slice_eq_str(name, r->partitions[i])) {
            *ret = i;
            return 0;
        }
    if (r->npartitions == PARTITIONS_MAX || name.n > STREAM_NAME_MAX)
        return err_set(reterr, ERR_LIMIT, "more than %d partitions", PARTITIONS_MAX);
    memcpy(r->partitions[r->npartitions], name.p, name.n);
    *ret = r->npartitions++;
    return 0;
}

/* Prints of what the record says. One that cannot be read differs from whatever is made today. */
static void print(struct rerun *r, const struct stream_message *m, struct revise_known *k)
{
    struct event *e;
    struct err ignored;
    arena_reset(&r->arena);
    if (event_decode(m->value, &r->arena, &e, &ignored) < 0)
        return;
    struct slice copy = event_get(e, EV_DATA_ORIGIN_SHA256);
    k->copy = slice_present(copy) ? revise_print(copy) : 0;
    if (!k->retracted)
        k->content = revision_content(&r->writer, e);
}

/* Too much came late of what was received in the window: half of it is read anew. */
static int halve(struct rerun *r, struct err *reterr)
{
    int64_t end = r->to < r->newest ? r->to : r->newest;
    if (r->from < end)
        return begin_window(r, r->from, r->from + (end - r->from) / 2, reterr);
    return err_set(reterr, ERR_LIMIT,
                   "more than %llu events (retranslate_events) were received at one time, or there "
                   "is no memory for so many",
                   (unsigned long long)r->o.events_max);
}

static int note(struct rerun *r, const struct stream_message *m, struct err *reterr)
{
    int64_t received;
    if (!within(r, m, &received))
        return 0;
    if (received > r->newest && revise_count(r->known) >= r->o.events_max / 2) {
        r->to = received - 1; /* the rest is for the next window; what comes late has room */
        return 0;
    }
    struct revise_known k = {.id = stream_header_get(m, "ce_id"),
                             .retracted =
                                 slice_eq_str(stream_header_get(m, "ce_type"), "event.retracted"),
                             .offset = m->offset};
    if (partition_of(r, m->partition, &k.partition, reterr) < 0)
        return -1;
    print(r, m, &k);
    if (revise_note(r->known, &k) == REVISE_NO_ROOM)
        return halve(r, reterr);
    if (received > r->newest)
        r->newest = received;
    return 0;
}

/* One record of a topic: RERUN_WENT with *ret_got, or RERUN_WENT without it at the end of the
 * topic. */
static enum rerun_step next(struct stream_reader *from, struct stream_message *m, bool *ret_got,
                            bool *ret_end, struct err *reterr)
{
    *ret_got = *ret_end = false;
    switch (stream_next(from, m, reterr)) {
    case STREAM_GOT:
        *ret_got = true;
        return RERUN_WENT;
    case STREAM_NONE:
        *ret_end = stream_caught_up(from);
        return *ret_end ? RERUN_WENT : RERUN_WAITS;
    case STREAM_LOST:
        err_at(reterr, "what is to be compared is too old to be kept: ask for a later --since");
        return RERUN_FAILED;
    case STREAM_ERROR:
        return RERUN_FAILED;
    case STREAM_LEAVE:
        stream_yield(from);
        return RERUN_WAITS;
    case STREAM_MOVED:
        break;
    }
    return RERUN_WAITS;
}

static enum rerun_step fold(struct rerun *r, struct err *reterr)
{
    struct stream_message m;
    bool got, end;
    enum rerun_step s = next(r->reported, &m, &got, &end, reterr);
    if (got && note(r, &m, reterr) < 0)
        return RERUN_FAILED;
    if (!end)
        return s;
    revise_widen(r->known);
    r->phase = RERUN_MESSAGES;
    return open_reader(r, topic_messages, STREAM_AT_TIME, &r->messages, reterr) < 0 ? RERUN_FAILED
                                                                                    : RERUN_WENT;
}

/* ---- appending ---- */

static void on_durable(void *arg, const struct err *e)
{
    struct flight *f = arg;
    struct rerun *r = f->run;
    r->sets--;
    r->bytes -= f->bytes;
    free(f);
    if (e && !r->failed) {
        r->failed = true;
        r->why = *e;
        err_prefix(&r->why, "not all of it is durable: ask again, what is there is not made twice");
    }
    if (r->closed)
        rerun_close(r);
}

static enum rerun_step send(struct rerun *r, struct err *reterr)
{
    r->held = !r->o.dry_run;
    if (!r->held)
        return RERUN_WENT;
    if (r->sets >= SETS_MAX || r->bytes >= BYTES_MAX || r->o.busy(r->o.arg))
        return RERUN_WAITS;
    struct flight *f = malloc(sizeof(*f));
    if (!f) {
        err_fill(reterr, ERR_NOMEM, "no memory for a correction");
        return RERUN_FAILED;
    }
    *f = (struct flight){r, revision_bytes(&r->writer)};
    enum stream_result result =
        stream_append(r->o.stream, r->writer.set, r->writer.n, on_durable, f, reterr);
    if (result != STREAM_OK) {
        free(f);
        return result == STREAM_FULL ? RERUN_WAITS : RERUN_FAILED;
    }
    r->sets++;
    r->bytes += f->bytes;
    r->held = false;
    return RERUN_WENT;
}

/* ---- messages ---- */

static int one_event(struct rerun *r, unsigned nth, struct err *reterr)
{
    struct translate_event *e = &r->again.translation.events[nth];
    const struct stream_record *made = &r->again.record.set[nth + 1];
    struct revised revised;
    switch (revise_event(r->known, e->id, revision_content(&r->writer, e->event), &revised)) {
    case REVISE_SAME:
        r->count.unchanged++;
        return 0;
    case REVISE_OTHER:
        r->count.copies++;
        return 0;
    case REVISE_NEW:
        revision_new(&r->writer, made);
        rerun_count_add(&r->count, e->type, RERUN_NEW);
        return 0;
    case REVISE_CORRECTED:
        revision_correct(&r->writer, made, e->event, revised.revision);
        rerun_count_add(&r->count, e->type, RERUN_CORRECTED);
        return 0;
    case REVISE_FULL:
        break;
    }
    return err_set(reterr, ERR_LIMIT,
                   "the map makes twice the events it made: allow more (retranslate_events), or "
                   "ask for a shorter time");
}

/* Events that have a key are known by it, not by their message. */
static bool knows_event(const struct rerun *r, const struct translation *t)
{
    for (unsigned i = 0; i < t->nevents; i++)
        if (revise_knows(r->known, t->events[i].id))
            return true;
    return false;
}

/* Of a message that was reported nothing may be left to compare with: then the events that are made
 * of it cannot be told from those that were. */
static bool is_forgotten(const struct rerun *r, const struct stream_message *m)
{
    const struct translation *t = &r->again.translation;
    bool known =
        revise_begin(r->known, t->message_id, revise_print(slice_make(t->sha256, DIGEST_HEX - 1)));
    return !known && !knows_event(r, t) && slice_eq_str(stream_header_get(m, "verdict"), "events");
}

static enum rerun_step one_message(struct rerun *r, const struct stream_message *m,
                                   struct err *reterr)
{
    struct err why;
    struct slice received = stream_header_get(m, "received");
    const struct translation *t = &r->again.translation;
    r->count.messages++;
    snprintf(r->at, sizeof(r->at), "%.*s", SLICE_ARG(received));
    if (again_run(&r->again, r->o.translator, r->o.source, m->value, received, &why) < 0) {
        r->count.refused++;
        return RERUN_WENT;
    }
    r->count.unmapped += t->verdict == TRANSLATE_UNMAPPED;
    if (is_forgotten(r, m)) {
        r->count.forgotten++;
        return RERUN_WENT;
    }
    revision_begin(&r->writer);
    for (unsigned i = 0; i < t->nevents; i++)
        if (one_event(r, i, reterr) < 0)
            return RERUN_FAILED;
    r->leftover = true;
    r->held = r->writer.n > 0;
    return revision_end(&r->writer, reterr) < 0 ? RERUN_FAILED : RERUN_WENT;
}

static enum rerun_step next_message(struct rerun *r, struct err *reterr)
{
    struct stream_message m;
    int64_t received;
    bool got, end;
    enum rerun_step s = next(r->messages, &m, &got, &end, reterr);
    if (end)
        r->phase = RERUN_SETTLE;
    return got && within(r, &m, &received) ? one_message(r, &m, reterr) : s;
}

/* ---- what is no longer made ---- */

static enum rerun_step next_gone(struct rerun *r, struct err *reterr)
{
    r->leftover = revise_gone(r->known, &r->gone);
    if (!r->leftover)
        return RERUN_WENT;
    r->fetching = true;
    if ((!r->old && open_reader(r, topic_reported, STREAM_LATEST, &r->old, reterr) < 0) ||
        stream_seek(r->old, topic_reported, slice_str(r->partitions[r->gone.partition]),
                    r->gone.offset, reterr) < 0)
        return RERUN_FAILED;
    return RERUN_WENT;
}

static enum rerun_step fetch(struct rerun *r, struct err *reterr)
{
    struct stream_message m;
    bool got, end;
    enum rerun_step s = next(r->old, &m, &got, &end, reterr);
    if (end) {
        err_fill(reterr, ERR_REFUSED, "an event that is to be retracted is no longer there");
        return RERUN_FAILED;
    }
    if (!got || m.offset != r->gone.offset ||
        !slice_eq_str(m.partition, r->partitions[r->gone.partition]))
        return s;
    struct slice type = event_id_type(stream_header_get(&m, "ce_id"));
    r->fetching = false;
    arena_reset(&r->arena);
    revision_begin(&r->writer);
    if (revision_retract(&r->writer, r->o.source, &m, r->gone.revision, &r->arena, reterr) < 0 ||
        revision_end(&r->writer, reterr) < 0)
        return RERUN_FAILED;
    rerun_count_add(&r->count, slice_present(type) ? type : SLICE("other"), RERUN_RETRACTED);
    r->held = true;
    return RERUN_WENT;
}

/* ---- the whole ---- */

static enum rerun_step settle(struct rerun *r, struct err *reterr)
{
    if (r->sets)
        return RERUN_WAITS; /* the next window reads what this one made */
    if (r->to >= r->o.to_ms)
        return RERUN_DONE;
    return begin_window(r, r->to + 1, r->o.to_ms, reterr) < 0 ? RERUN_FAILED : RERUN_WENT;
}

enum rerun_step rerun_step(struct rerun *r, struct err *reterr)
{
    if (r->failed) {
        *reterr = r->why;
        return RERUN_FAILED;
    }
    if (r->phase == RERUN_FOLD)
        return fold(r, reterr);
    if (r->held)
        return send(r, reterr);
    if (r->fetching)
        return fetch(r, reterr);
    if (r->leftover)
        return next_gone(r, reterr);
    return r->phase == RERUN_MESSAGES ? next_message(r, reterr) : settle(r, reterr);
}
