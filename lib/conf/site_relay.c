#include "site_parts.h"

#include "num.h"

#define ROW(member) offsetof(struct relay_rows, r.member)

/* The section while it is read. */
struct relay_rows {
    struct site_relay r;
    const struct yaml *kafka;
    struct slice start;
};

static const struct conf_option relay_options[] = {
    {"kafka", CONF_NODE, offsetof(struct relay_rows, kafka), .required = true,
     .help = "The nodes that it is copied to: the options of `stream: kafka`; `append_timeout` is "
             "`2m` unless it is given. User `adapter` writes what adapters make, `broker` what a "
             "broker makes."},
    {"topics", CONF_TEXTS, ROW(topics),
     .help = "What is copied, of `flow.messages`, `flow.reported`, `flow.rejected`, `flow.events` "
             "and `flow.route.<name>`; not given: the first three."},
    {"start", CONF_TEXT, offsetof(struct relay_rows, start), "earliest",
     .help = "Where it begins the first time: `earliest`, or a time back, such as `48h`."},
    {"state", CONF_BOOL, ROW(state), "false",
     .help = "`true`: the site moves to these nodes. What the broker here remembers and has not "
             "delivered goes first; `weir run` starts no broker here any more."},
    {"record_max", CONF_SIZE, ROW(record_max), "16MiB", 64 << 10, 1 << 30,
     .help = "Largest record that the nodes' topics take, as `stream.record_max` of those who "
             "read there. A larger one holds up its partition, with an alarm."},
    {"sets", CONF_INT, ROW(sets), "4", 1, 64, .help = "Sets of records under way at a time."},
    {"set_records", CONF_INT, ROW(set_records), "1000", 1, 60000,
     .help = "Records of a set at most."},
    {"set_bytes", CONF_SIZE, ROW(set_bytes), "256KiB", 1024, 64 << 20,
     .help = "Bytes of a set at most; a record that is larger goes alone."},
};
enum {
    RELAY_OPTIONS = sizeof(relay_options) / sizeof(*relay_options),
    APPEND_TIMEOUT = 120 * 1000, /* nobody waits for an answer, and the line may be weak */
};

/* What names places in this stream, or is a chain of its own, would mean nothing in another one. */
static bool may_go(const struct site *s, struct slice topic)
{
    static const char *const plain[] = {"flow.messages", "flow.reported", "flow.rejected",
                                        "flow.events"};
    static const struct slice route = {"flow.route.", 11};
    for (unsigned i = 0; i < sizeof(plain) / sizeof(*plain); i++)
        if (slice_eq_str(topic, plain[i]))
            return true;
    return slice_starts(topic, route) &&
           site_route_find(s, slice_sub(topic, route.n, topic.n)) != NULL;
}

static int preset_topics(struct site *s, struct site_relay *r, struct err *reterr)
{
    static const struct slice preset[] = {
        {"flow.messages", 13}, {"flow.reported", 13}, {"flow.rejected", 13}};
    r->topics.at = arena_alloc(s->arena, sizeof(preset));
    if (!r->topics.at)
        return site_no_room(s, reterr);
    memcpy(r->topics.at, preset, sizeof(preset));
    r->topics.n = sizeof(preset) / sizeof(*preset);
    return 0;
}

static int check_topics(const struct site *s, const struct site_relay *r, struct err *reterr)
{
    const struct yaml *at = yaml_at(r->node, "topics");
    if (r->topics.n > SITE_RELAY_TOPICS_MAX)
        return yaml_err(at, reterr, "topics: at most %d", SITE_RELAY_TOPICS_MAX);
    for (unsigned i = 0; i < r->topics.n; i++) {
        if (!may_go(s, r->topics.at[i]))
            return yaml_err(at, reterr,
                            "topics: \"%.*s\" is not copied; these can be: flow.messages, "
                            "flow.reported, flow.rejected, flow.events, flow.route.<name of a "
                            "route>",
                            SLICE_ARG(r->topics.at[i]));
        for (unsigned k = 0; k < i; k++)
            if (slice_eq(r->topics.at[i], r->topics.at[k]))
                return yaml_err(at, reterr, "topics: \"%.*s\" stands there twice",
                                SLICE_ARG(r->topics.at[i]));
    }
    return 0;
}

static int check_start(const struct site *s, struct site_relay *r, struct slice start,
                       struct err *reterr)
{
    const struct yaml *at = yaml_at(r->node, "start");
    int64_t back;
    r->earliest = slice_eq_str(start, "earliest");
    if (r->earliest)
        back = 0;
    else if (!num_duration_ms(start, &back))
        return yaml_err(at, reterr, "start: must be earliest, or a time back, such as 48h");
    r->back = back;
    if (r->state && (r->earliest || r->back > s->journey.window))
        return yaml_err(at, reterr,
                        "start: with state: true it must lie within journey.dedupe_window (%lldh), "
                        "such as 48h: what is older was published here, and would be published "
                        "again",
                        (long long)(s->journey.window / 3600000));
    return 0;
}

static int check_fits(const struct site_relay *r, const struct site_source *src, const char *option,
                      uint64_t bytes, struct err *reterr)
{
    if (bytes + SITE_RECORD_EXTRA <= r->record_max)
        return 0;
    return yaml_err(yaml_at(r->node, "record_max"), reterr,
                    "record_max: a message of source \"%s\" (%s %llu bytes) and its receipt do not "
                    "fit a record of %llu bytes: raise the one, and max.message.bytes on the "
                    "nodes, or lower the other",
                    src->name.p, option, (unsigned long long)bytes,
                    (unsigned long long)r->record_max);
}

/* Whatever way a message may come, the relay must be able to copy it. */
static int check_source(const struct site_relay *r, const struct site_source *src,
                        struct err *reterr)
{
    if (src->has_folder &&
        check_fits(r, src, "folder: message_max", src->folder.message_max, reterr) < 0)
        return -1;
    if (src->has_http &&
        check_fits(r, src, "http: message_max", src->http.door.message_max, reterr) < 0)
        return -1;
    if (src->has_fhir &&
        check_fits(r, src, "fhir: message_max", src->fhir.door.message_max, reterr) < 0)
        return -1;
    return src->has_mllp ? check_fits(r, src, "frame_max", src->mllp.frame_max, reterr) : 0;
}

static int check_sizes(const struct site *s, const struct site_relay *r, struct err *reterr)
{
    if (r->record_max + r->set_bytes > s->stream.queue_bytes)
        return yaml_err(yaml_at(r->node, "record_max"), reterr,
                        "record_max: with set_bytes, a set of %llu bytes does not fit "
                        "stream.queue_bytes (%llu)",
                        (unsigned long long)(r->record_max + r->set_bytes),
                        (unsigned long long)s->stream.queue_bytes);
    if (r->set_records > s->stream.queue_records)
        return yaml_err(yaml_at(r->node, "set_records"), reterr,
                        "set_records: more than stream.queue_records (%lld)",
                        (long long)s->stream.queue_records);
    for (unsigned i = 0; i < s->nsources; i++)
        if (check_source(r, &s->sources[i], reterr) < 0)
            return -1;
    return 0;
}

int site_read_relay(struct site *s, const struct yaml *node, struct err *reterr)
{
    struct relay_rows rows = {.r = {.node = node}};
    struct site_relay *r = &rows.r;
    if (!node)
        return 0;
    if (!slice_eq_str(s->stream.kind, "embedded"))
        return site_name_err(node, reterr,
                             "\"relay\" copies an embedded stream to Kafka; it is of no use with "
                             "kind %s",
                             s->stream.kind.p);
    if (conf_read(node, relay_options, RELAY_OPTIONS, s->arena, &rows, reterr) < 0 ||
        site_read_kafka(s, rows.kafka, &r->kafka, reterr) < 0)
        return -1;
    if (!yaml_get(rows.kafka, "append_timeout"))
        r->kafka.append_timeout = APPEND_TIMEOUT;
    if (!r->topics.n && preset_topics(s, r, reterr) < 0)
        return -1;
    if (check_topics(s, r, reterr) < 0 || check_start(s, r, rows.start, reterr) < 0 ||
        check_sizes(s, r, reterr) < 0)
        return -1;
    s->relay = *r;
    return 0;
}

void site_print_relay(struct buf *out)
{
    buf_puts(out, "\n## relay\n\nCopies an embedded stream to Kafka, in order, and goes on where "
                  "it stopped: docs/kafka.md.\n\n");
    conf_print_options(relay_options, RELAY_OPTIONS, out);
}
