#include "relay_state.h"

#include <stdio.h>
#include "dict.h"
#include "proc_stream.h"
#include "stream_fold.h"

enum { QUIET_MS = 30 * 1000, ENTRIES_MAX = 1000000, PLACES_MAX = 16, NAME_BYTES = 400 };

/* A handle that changes nothing: no position is recorded. */
static int open_files(const struct site *site, struct stream **ret, struct err *reterr)
{
    struct stream_options so;
    if (proc_stream_options(site, SITE_USER_BROKER, "relay", &so, reterr) < 0)
        return -1;
    return stream_open(&so, ret, reterr);
}

static int open_reader(struct stream *s, const struct slice *topics, unsigned n, struct slice group,
                       enum stream_start start, struct stream_reader **ret, struct err *reterr)
{
    struct stream_reader_options ro = {
        .topics = topics, .ntopics = n, .group = group, .start = start};
    return stream_reader_open(s, &ro, ret, reterr);
}

/* How far a group is behind. */
static int lag_of(struct stream *s, const struct slice *topics, unsigned n, struct slice group,
                  uint64_t *ret_records, int64_t *ret_oldest, struct err *reterr)
{
    struct stream_reader *r;
    if (open_reader(s, topics, n, group, STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    int rc = stream_lag(r, ret_records, ret_oldest, reterr);
    stream_reader_close(r);
    return rc;
}

/* ---- which topics ---- */

static struct slice route_topic(struct slice route, struct arena *arena)
{
    return arena_printf(arena, "flow.route.%.*s", SLICE_ARG(route));
}

static bool has(const struct slice *topics, unsigned n, struct slice topic)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq(topics[i], topic))
            return true;
    return false;
}

static bool is_made(struct slice topic)
{
    return slice_eq_str(topic, "flow.events") || slice_starts(topic, SLICE("flow.route."));
}

static int list_topics(const struct site *site, struct arena *arena, struct relay_state *s,
                       struct err *reterr)
{
    static const struct slice always[] = {{"flow.state", 10}, {"flow.ids", 8}};
    enum { ALWAYS = sizeof(always) / sizeof(*always) };
    const struct conf_texts *asked = &site->relay.topics;
    struct slice *t = arena_zalloc(arena, ALWAYS + asked->n + site->nconsumers + 2, sizeof(*t));
    unsigned n = 0;
    for (unsigned i = 0; t && i < ALWAYS; i++)
        t[n++] = always[i];
    for (unsigned i = 0; t && i < asked->n; i++)
        if (is_made(asked->at[i]))
            t[n++] = asked->at[i];
    for (unsigned i = 0; t && i < site->nconsumers; i++) {
        struct slice topic = route_topic(site->consumers[i].route, arena);
        if (!has(t, n, topic))
            t[n++] = topic;
    }
    /* Last, and not asked how far it is: adapters write there too, as long as they are here. */
    if (t)
        t[n++] = SLICE("flow.control");
    if (!t || arena->overflow)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    s->topics = t;
    s->ntopics = n;
    return 0;
}

static int find_start(const struct site *site, struct stream *files, int64_t wall_ms,
                      struct relay_state *s, struct err *reterr)
{
    static const struct slice reported = {"flow.reported", 13};
    uint64_t records;
    int64_t oldest;
    if (lag_of(files, &reported, 1, SLICE("journey"), &records, &oldest, reterr) < 0)
        return -1;
    s->start_ms = wall_ms - site->relay.back;
    if (oldest && oldest < s->start_ms)
        s->start_ms = oldest;
    return 0;
}

int relay_state_find(const struct site *site, struct slice group, int64_t wall_ms,
                     struct arena *arena, struct relay_state *ret, struct err *reterr)
{
    struct relay_state s = {0};
    struct stream *files;
    int64_t oldest;
    if (list_topics(site, arena, &s, reterr) < 0 || open_files(site, &files, reterr) < 0)
        return -1;
    int rc = lag_of(files, s.topics, s.ntopics - 1, group, &s.left, &oldest, reterr);
    if (rc == 0)
        rc = find_start(site, files, wall_ms, &s, reterr);
    stream_close(files);
    if (rc == 0)
        *ret = s;
    return rc;
}

/* ---- what is parked ---- */

struct open_entries {
    struct dict by_name;
    size_t n;
};

static int fold_parked(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct open_entries *all = arg;
    char name[NAME_BYTES];
    struct slice state = stream_header_get(m, "state");
    bool open = slice_eq_str(state, "parked") || slice_eq_str(state, "waiting") ||
                slice_eq_str(state, "released");
    int n = snprintf(
        name, sizeof(name), "%.*s %.*s %.*s", SLICE_ARG(stream_header_get(m, "consumer")),
        SLICE_ARG(stream_header_get(m, "partition")), SLICE_ARG(stream_header_get(m, "offset")));
    bool is_new = false;
    uint64_t *was = n > 0 && (size_t)n < sizeof(name)
                        ? dict_put(&all->by_name, slice_make(name, (size_t)n), &is_new)
                        : NULL;
    if (!was)
        return err_set(reterr, ERR_LIMIT, "flow.parked: more than %d events", ENTRIES_MAX);
    if (is_new)
        *was = 0;
    all->n += open && !*was;
    all->n -= !open && *was;
    *was = open;
    return 0;
}

static int check_parked(struct stream *files, struct err *reterr)
{
    static const struct slice parked = {"flow.parked", 11};
    struct open_entries all = {0};
    struct stream_reader *r;
    if (open_reader(files, &parked, 1, SLICE_ABSENT, STREAM_EARLIEST, &r, reterr) < 0)
        return -1;
    dict_init(&all.by_name, ENTRIES_MAX);
    int rc = stream_fold(r, QUIET_MS, fold_parked, &all, reterr);
    dict_fini(&all.by_name);
    stream_reader_close(r);
    if (rc == 0 && all.n)
        return err_set(
            reterr, ERR_REFUSED,
            "relay: state: %zu events are parked and would stay behind: take state: true "
            "out, run the broker, and release or discard them ('weir parked list')",
            all.n);
    return rc;
}

/* ---- what was delivered ---- */

struct floors {
    struct relay_floor *at;
    unsigned n;
    struct slice topic;
};

static int fold_floor(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct floors *f = arg;
    for (unsigned i = 0; i < f->n; i++)
        if (slice_eq(f->at[i].topic, f->topic) && slice_eq_str(m->partition, f->at[i].partition)) {
            if (m->offset < f->at[i].from)
                f->at[i].from = m->offset;
            return 0;
        }
    if (f->n == PLACES_MAX || m->partition.n > STREAM_NAME_MAX)
        return err_set(reterr, ERR_LIMIT, "%.*s: more than %d files", SLICE_ARG(f->topic),
                       PLACES_MAX);
    struct relay_floor *fresh = &f->at[f->n++];
    *fresh = (struct relay_floor){.topic = f->topic, .from = m->offset};
    memcpy(fresh->partition, m->partition.p, m->partition.n);
    return 0;
}

/* All that one consumer has not had. */
static int fold_consumer(struct stream *files, const struct site_consumer *c, struct floors *f,
                         struct err *reterr)
{
    char group[NAME_BYTES];
    struct stream_reader *r;
    enum stream_start start = slice_eq_str(c->start, "latest") ? STREAM_LATEST : STREAM_EARLIEST;
    snprintf(group, sizeof(group), "deliver.%.*s", SLICE_ARG(c->name));
    if (open_reader(files, &f->topic, 1, slice_str(group), start, &r, reterr) < 0)
        return -1;
    int rc = stream_fold(r, QUIET_MS, fold_floor, f, reterr);
    stream_reader_close(r);
    return rc;
}

/* The lowest of the consumers' places in each file; of the other files nothing goes. */
static int floor_of(const struct site *site, struct stream *files, struct slice topic,
                    struct arena *arena, struct floors *all, struct err *reterr)
{
    struct floors f = {.topic = topic};
    f.at = arena_zalloc(arena, PLACES_MAX + 1, sizeof(*f.at));
    if (!f.at)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    for (unsigned i = 0; i < site->nconsumers; i++) {
        const struct site_consumer *c = &site->consumers[i];
        if (slice_eq(c->route, slice_sub(topic, strlen("flow.route."), topic.n)) &&
            fold_consumer(files, c, &f, reterr) < 0)
            return -1;
    }
    f.at[f.n++] = (struct relay_floor){.topic = topic, .from = INT64_MAX};
    memcpy(all->at + all->n, f.at, f.n * sizeof(*f.at));
    all->n += f.n;
    return 0;
}

int relay_state_floors(const struct site *site, struct arena *arena, struct relay_state *s,
                       struct err *reterr)
{
    struct floors all = {
        .at = arena_zalloc(arena, (size_t)s->ntopics * (PLACES_MAX + 1), sizeof(*all.at))};
    struct stream *files;
    if (!all.at)
        return err_set(reterr, ERR_NOMEM, "no memory for the relay");
    if (open_files(site, &files, reterr) < 0)
        return -1;
    int rc = check_parked(files, reterr);
    for (unsigned i = 0; rc == 0 && i < s->ntopics; i++)
        if (slice_starts(s->topics[i], SLICE("flow.route.")) &&
            !has(site->relay.topics.at, site->relay.topics.n, s->topics[i]))
            rc = floor_of(site, files, s->topics[i], arena, &all, reterr);
    stream_close(files);
    if (rc == 0) {
        s->floors = all.at;
        s->nfloors = all.n;
    }
    return rc;
}
