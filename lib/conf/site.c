#include "site_parts.h"

#include <stdlib.h>

#include "conf_addr.h"
#include "conf_file.h"
#include "log.h"

enum { SITE_ARENA_MAX = 256 << 20, KEY_MIN = 32, KAFKA_RECORD_MAX = 16 << 20 };

#define ROW(member) offsetof(struct site_nodes, s.member)
#define NODE(member) offsetof(struct site_nodes, member)

/* A site while it is read, with the sections that it keeps in other shapes. */
struct site_nodes {
    struct site s;
    const struct yaml *stream, *kafka, *keys, *journey, *lists, *sources, *routes, *consumers,
        *relay;
};

static const char *const levels[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error", NULL};

static const struct conf_option base_options[] = {
    {"data", CONF_TEXT, ROW(data), "data",
     .help = "Folder of the stream, positions and audit. File names are meant from the folder of "
             "the config."},
    {"log_level", CONF_CHOICE, ROW(log_level), "info", .choices = levels,
     .help = "What is logged: this and worse."},
    {"maps", CONF_TEXT, ROW(maps),
     .help = "Folder of the shipped maps, one folder per adapter in it; not given: `$WEIR_MAPS`, "
             "else where weir was installed to."},
    {"message_arena", CONF_SIZE, ROW(message_arena), "64MiB", 1 << 20, 1 << 30,
     .help = "Memory that translating one message may take; one that needs more is rejected. "
             "Its index alone takes 48 bytes a segment and 16 a field."},
    {"retranslate_events", CONF_INT, ROW(retranslate_events), "1000000", 10, 100000000,
     .help =
         "Events that `weir retranslate` holds in memory at a time, 150 bytes each; where there "
         "are more, it goes through them in spans of time."},
    {"drain", CONF_DURATION, ROW(drain), "10s", 0, 3600000,
     .help = "After SIGTERM: time to finish what is under way."},
    {"listen", CONF_NODE, ROW(listen),
     .help = "Process (an adapter, `broker`, `board`, `relay`) to address: where it serves health, "
             "metrics "
             "and version; not given: `127.0.0.1:0`, any free port."},
    {"stream", CONF_NODE, NODE(stream), .help = "See below."},
    {"keys", CONF_NODE, NODE(keys), .required = true,
     .help = "Keys of pseudonyms and of the audit chain: see below."},
    {"journey", CONF_NODE, NODE(journey), .help = "See below."},
    {"lists", CONF_NODE, NODE(lists),
     .help = "Name to list of texts, for rules: `data.site IN my_sites`."},
    {"tables", CONF_NODE, ROW(tables),
     .help = "Name to (key to value), for maps: what this site's codes mean. Parts of a key are "
             "joined by `/`; `*` stands for any one part."},
    {"table_files", CONF_TEXTS, ROW(table_files),
     .help = "CSV files with the columns table, key, value; added to `tables`."},
    {"sources", CONF_NODE, NODE(sources), .help = "See below."},
    {"routes", CONF_NODE, NODE(routes), .help = "See below."},
    {"consumers", CONF_NODE, NODE(consumers), .help = "See below."},
    {"relay", CONF_NODE, NODE(relay), .help = "Copies an embedded stream to Kafka: see below."},
};

static const struct conf_option stream_options[] = {
    {"kind", CONF_TEXT, ROW(stream.kind), "embedded",
     .help = "`embedded`: files under `data`, synced. `kafka`: topics of the nodes that `kafka` "
             "names. `memory`: nothing survives the process; for tests."},
    {"retain", CONF_DURATION, ROW(stream.retain), "14d", 0, 0,
     .help = "Records are kept so long, and longer for a reader that lags; 0 = for good. At least "
             "`dedupe_window` and a day. Kafka keeps them so long and no longer, read or not."},
    {"retain_bytes", CONF_SIZE, ROW(stream.retain_bytes), "20GiB", 0, 0,
     .help = "Beyond this size the oldest go first, unless a reader still needs them; 0 = no "
             "limit. Kafka: of one partition, read or not, and no limit unless it is given."},
    {"disk_mark", CONF_SIZE, ROW(stream.disk_mark), "40GiB", 0, 0,
     .help = "Beyond this size the slowest reader loses its oldest, with an alarm and an audit "
             "record; 0 = never. Not for Kafka."},
    {"free_min", CONF_SIZE, ROW(stream.free_min), "256MiB", 0, 0,
     .help = "With less room on the disk senders hear \"try later\". Not for Kafka, whose nodes "
             "have the disk."},
    {"record_max", CONF_SIZE, ROW(stream.record_max), "64MiB", 4 << 20, 1 << 30,
     .help = "Largest record: key, headers and value. Kafka: `16MiB` unless it is given, and the "
             "topics must take it (`max.message.bytes`, which `weir topics create` sets)."},
    {"queue_records", CONF_INT, ROW(stream.queue_records), "65536", 1024, 100000000,
     .help = "Records accepted and not yet durable; at this number sockets are not read."},
    {"queue_bytes", CONF_SIZE, ROW(stream.queue_bytes), "256MiB", 32 << 20, 0,
     .help = "The same in bytes."},
    {"unsafe_no_sync", CONF_BOOL, ROW(stream.unsafe_no_sync), "false",
     .help =
         "`true`: nothing is synced to the disk, so a power cut loses what was acknowledged, "
         "and may break the files. For tests on data that is thrown away; each start warns. Not "
         "for Kafka."},
    {"kafka", CONF_NODE, NODE(kafka), .help = "For kind kafka: see below."},
};

static const struct conf_option key_options[] = {
    {"kid", CONF_TEXT, ROW(keys.kid), "k1",
     .help = "Name of the pseudonym key: stands in front of every pseudonym; 1 to 15 of a-z, 0-9."},
    {"pseudonym", CONF_SECRET, ROW(keys.pseudonym_node), .required = true,
     .help = "Key from which pseudonyms are made, 32 bytes or more. Whoever has it can find out "
             "who a pseudonym is; when it changes, so do all pseudonyms."},
    {"audit", CONF_SECRET, ROW(keys.audit_node), .required = true,
     .help = "Key of the audit chain, 32 bytes or more."},
    {"make", CONF_BOOL, ROW(keys.make), "false",
     .help = "`weir run` makes key files that are missing, as long as there is no data yet: to try "
             "things out. A real site makes its keys once, and keeps them."},
};

static const struct conf_option journey_options[] = {
    {"dedupe_window", CONF_DURATION, ROW(journey.window), "72h", 60000, 0,
     .help = "A repeat of an event within this time is dropped; a later one passes, marked "
             "`resend`."},
    {"ids_max", CONF_INT, ROW(journey.ids_max), "20000000", 1000, 0,
     .help = "Event ids held in memory for that, and as many control ids, by which one used again "
             "is flagged (`control_id_reused`); at this number the oldest go early."},
    {"people_max", CONF_INT, ROW(journey.people_max), "5000000", 1000, 0,
     .help = "People held in memory."},
};

enum {
    BASE_OPTIONS = sizeof(base_options) / sizeof(*base_options),
    STREAM_OPTIONS = sizeof(stream_options) / sizeof(*stream_options),
    KEY_OPTIONS = sizeof(key_options) / sizeof(*key_options),
    JOURNEY_OPTIONS = sizeof(journey_options) / sizeof(*journey_options),
};

static int read_list(struct site *s, const struct yaml *node, struct err *reterr)
{
    static const struct conf_option values = {"values", CONF_TEXTS, 0, .required = true,
                                              .help = "the texts of a list"};
    struct site_list *l = &s->lists[s->nlists];
    if (site_check_word(node, "list", reterr) < 0)
        return -1;
    if (node->kind != YAML_LIST || node->count == 0)
        return yaml_err(node, reterr, "a list is written [RXF05, RXF10], with one text or more");
    struct yaml copy = *node, map = {.kind = YAML_MAP, .child = &copy, .count = 1};
    copy.name = SLICE("values");
    copy.next = NULL;
    if (conf_read(&map, &values, 1, s->arena, &l->values, reterr) < 0)
        return -1;
    l->name = node->name;
    l->node = node;
    s->nlists++;
    return 0;
}

static int read_lists(struct site *s, const struct yaml *section, struct err *reterr)
{
    if (site_section(section, "lists", &section, reterr) < 0)
        return -1;
    s->lists = arena_zalloc(s->arena, (section ? section->count : 0) + 1, sizeof(*s->lists));
    if (!s->lists)
        return site_no_room(s, reterr);
    for (const struct yaml *c = section ? section->child : NULL; c; c = c->next)
        if (read_list(s, c, reterr) < 0)
            return -1;
    return 0;
}

/* "broker", or one of several: "broker-2". */
static bool is_one_of(struct slice name, struct slice process)
{
    return slice_starts(name, process) &&
           (name.n == process.n || (name.p[process.n] == '-' && name.n > process.n + 1));
}

static int check_process(const struct yaml *n, struct err *reterr)
{
    static const char *const processes[] = {"acute",  "community", "mental-health", "ambulance",
                                            "broker", "board",     "relay"};
    enum { PROCESSES = sizeof(processes) / sizeof(*processes) };
    for (unsigned i = 0; i < PROCESSES; i++)
        if (is_one_of(n->name, slice_str(processes[i])))
            return 0;
    const char *near = yaml_nearest(n->name, processes, PROCESSES);
    return site_name_err(
        n, reterr,
        "there is no process \"%s\"; did you mean \"%s\"? (an adapter, broker, board "
        "or relay)",
        n->name.p, near ? near : "broker");
}

static int check_clash(const struct site *s, const struct yaml *n, const struct conf_addr *mine,
                       struct err *reterr)
{
    struct conf_addr other;
    for (const struct yaml *o = s->listen->child; o != n; o = o->next)
        if (conf_addr_port(o->text, &other) && conf_addr_clash(mine, &other))
            return yaml_err(n, reterr, "%s has that port already", o->name.p);
    for (unsigned i = 0; i < s->nsources; i++)
        if (site_port_taken(&s->sources[i], NULL, mine))
            return yaml_err(n, reterr, "source \"%s\" has that port already", s->sources[i].name.p);
    return 0;
}

static int check_listen(struct site *s, struct err *reterr)
{
    struct conf_addr a;
    if (site_section(s->listen, "listen", &s->listen, reterr) < 0)
        return -1;
    for (const struct yaml *n = s->listen ? s->listen->child : NULL; n; n = n->next) {
        if (check_process(n, reterr) < 0)
            return -1;
        if (n->kind != YAML_SCALAR || !conf_addr_port(n->text, &a))
            return yaml_err(n, reterr, "must be ADDRESS:PORT, such as 127.0.0.1:9100");
        if (check_clash(s, n, &a, reterr) < 0)
            return -1;
    }
    return 0;
}

/* What Kafka's nodes do themselves is not said here; the presets are those of one machine. */
static int read_kafka(struct site_nodes *n, struct err *reterr)
{
    static const char *const useless[] = {"disk_mark", "free_min", "unsafe_no_sync"};
    struct site *s = &n->s;
    bool kafka = slice_eq_str(s->stream.kind, "kafka");
    if (n->kafka && !kafka)
        return site_name_err(n->kafka, reterr, "\"kafka\" is of no use with kind %s",
                             s->stream.kind.p);
    if (!kafka)
        return 0;
    if (!n->kafka)
        return yaml_err(n->stream, reterr, "kind kafka needs its section \"kafka:\"");
    for (unsigned i = 0; i < sizeof(useless) / sizeof(*useless); i++) {
        const struct yaml *at = yaml_get(n->stream, useless[i]);
        if (at)
            return site_name_err(at, reterr, "\"%s\" is of no use with kind kafka", useless[i]);
    }
    s->stream.disk_mark = s->stream.free_min = 0;
    if (!yaml_get(n->stream, "retain_bytes"))
        s->stream.retain_bytes = 0;
    if (!yaml_get(n->stream, "record_max"))
        s->stream.record_max = KAFKA_RECORD_MAX;
    return site_read_kafka(s, n->kafka, &s->stream.kafka, reterr);
}

static int check_stream(const struct site *s, const struct yaml *node, struct err *reterr)
{
    const struct yaml *mark = yaml_get(node, "disk_mark");
    if (s->stream.disk_mark && s->stream.retain_bytes &&
        s->stream.disk_mark < s->stream.retain_bytes)
        return yaml_err(mark ? mark : node, reterr, "disk_mark: is less than retain_bytes");
    if (s->stream.queue_bytes < s->stream.record_max)
        return yaml_err(node, reterr, "queue_bytes: a record of record_max does not fit it");
    return 0;
}

/* Open parked events age too: the broker has half of it to append them again. */
static int check_retain(const struct site *s, const struct yaml *stream, struct err *reterr)
{
    enum { DAY_MS = 24 * 3600 * 1000 };
    const struct yaml *at = yaml_get(stream, "retain");
    if (!s->stream.retain || s->stream.retain >= s->journey.window + DAY_MS)
        return 0;
    return yaml_err(at       ? at
                    : stream ? stream
                             : s->root,
                    reterr,
                    "retain: must be at least journey.dedupe_window and a day (%lldh), or 0 = for "
                    "good",
                    (long long)((s->journey.window + DAY_MS + 3599999) / 3600000));
}

static int check_kid(const struct site *s, const struct yaml *keys, struct err *reterr)
{
    struct slice kid = s->keys.kid;
    bool ok = kid.n >= 1 && kid.n <= 15;
    for (size_t i = 0; ok && i < kid.n; i++)
        ok = (kid.p[i] >= 'a' && kid.p[i] <= 'z') || (kid.p[i] >= '0' && kid.p[i] <= '9');
    return ok ? 0 : yaml_err(yaml_get(keys, "kid"), reterr, "kid: must be 1 to 15 of a-z and 0-9");
}

static int read_key(struct site *s, const struct yaml *at, struct slice *ret, struct err *reterr)
{
    if (conf_secret(at, s->arena, ret, reterr) < 0)
        return -1;
    if (ret->n < KEY_MIN)
        return yaml_err(at, reterr, "%s: holds %zu bytes; %d or more are needed", at->name.p,
                        ret->n, KEY_MIN);
    return 0;
}

static int read_secrets(struct site *s, unsigned which, struct err *reterr)
{
    const unsigned relay_users = 1u << SITE_USER_ADAPTER | 1u << SITE_USER_BROKER;
    if ((which & SITE_AUDIT) && read_key(s, s->keys.audit_node, &s->keys.audit, reterr) < 0)
        return -1;
    if ((which & (SITE_PSEUDONYM | SITE_ROUTE_KEYS)) &&
        read_key(s, s->keys.pseudonym_node, &s->keys.pseudonym, reterr) < 0)
        return -1;
    if ((which & SITE_ROUTE_KEYS) && site_route_keys(s, reterr) < 0)
        return -1;
    if (site_kafka_secrets(s, &s->stream.kafka, which / SITE_STREAM % (1u << SITE_USERS), reterr) <
            0 ||
        site_kafka_secrets(s, &s->relay.kafka, which & SITE_RELAY_NODES ? relay_users : 0, reterr) <
            0)
        return -1;
    if ((which & SITE_SOURCE_SECRETS) && site_source_secrets(s, reterr) < 0)
        return -1;
    return which & SITE_CONSUMER_SECRETS ? site_consumer_secrets(s, reterr) : 0;
}

static int read_sections(struct site_nodes *n, struct err *reterr)
{
    struct site *s = &n->s;
    struct arena *a = s->arena;
    if (conf_read(s->root, base_options, BASE_OPTIONS, a, n, reterr) < 0 ||
        conf_read(n->stream, stream_options, STREAM_OPTIONS, a, n, reterr) < 0 ||
        read_kafka(n, reterr) < 0 || check_stream(s, n->stream, reterr) < 0 ||
        conf_read(n->keys, key_options, KEY_OPTIONS, a, n, reterr) < 0 ||
        check_kid(s, n->keys, reterr) < 0 ||
        conf_read(n->journey, journey_options, JOURNEY_OPTIONS, a, n, reterr) < 0 ||
        check_retain(s, n->stream, reterr) < 0 || site_absolute(s, &s->data, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < s->table_files.n; i++)
        if (site_absolute(s, &s->table_files.at[i], reterr) < 0)
            return -1;
    if (read_lists(s, n->lists, reterr) < 0 || site_read_sources(s, n->sources, reterr) < 0 ||
        site_read_routes(s, n->routes, reterr) < 0)
        return -1;
    return site_read_consumers(s, n->consumers, reterr) < 0 ? -1
                                                            : site_read_relay(s, n->relay, reterr);
}

static int build(struct site *s, unsigned secrets, struct err *reterr)
{
    struct site_nodes n = {.s = *s};
    if (n.s.root->kind != YAML_MAP)
        return yaml_err(n.s.root, reterr, "a config is a map: data:, keys:, sources:, routes: …");
    if (read_sections(&n, reterr) < 0 || check_listen(&n.s, reterr) < 0 ||
        read_secrets(&n.s, secrets, reterr) < 0)
        return -1;
    *s = n.s;
    return 0;
}

static void site_free(const struct site *s)
{
    arena_fini(s->arena);
    free(s->arena);
    free((void *)(uintptr_t)s);
}

static struct site *site_new(void)
{
    struct arena *arena = malloc(sizeof(*arena));
    struct site *s = calloc(1, sizeof(*s));
    if (!arena || !s) {
        free(arena);
        free(s);
        return NULL;
    }
    arena_init(arena, SITE_ARENA_MAX);
    s->arena = arena;
    s->holders = arena_zalloc(arena, 1, sizeof(*s->holders));
    if (!s->holders) {
        site_free(s);
        return NULL;
    }
    *s->holders = 1;
    return s;
}

/* Keeps a copy of the text. */
static int fill_site(struct site *s, struct slice text, const char *file, unsigned secrets,
                     struct err *reterr)
{
    struct yaml *root = NULL;
    s->text = arena_copy(s->arena, text);
    if (!slice_present(s->text))
        return err_set(reterr, ERR_NOMEM, "%s: no memory", file);
    if (yaml_read(s->text, file, yaml_getenv, NULL, s->arena, &root, reterr) < 0)
        return -1;
    s->root = root;
    s->file = root->file;
    return build(s, secrets, reterr);
}

int site_read(struct slice text, const char *file, unsigned secrets, struct site **ret,
              struct err *reterr)
{
    struct site *s = site_new();
    if (!s)
        return err_set(reterr, ERR_NOMEM, "%s: no memory", file);
    int rc = fill_site(s, slice_present(text) ? text : SLICE(""), file, secrets, reterr);
    if (rc == 0)
        *ret = s;
    else
        site_close(s);
    return rc;
}

int site_open(const char *file, unsigned secrets, struct site **ret, struct err *reterr)
{
    struct buf text;
    if (conf_file(file, YAML_BYTES_MAX, &text, reterr) < 0)
        return -1;
    int rc = site_read(buf_slice(&text), file, secrets, ret, reterr);
    buf_fini(&text);
    return rc;
}

void site_close(const struct site *s)
{
    if (s && --*s->holders == 0)
        site_free(s);
}

const struct site *site_hold(const struct site *s)
{
    ++*s->holders;
    return s;
}

struct slice site_listen(const struct site *s, const char *process)
{
    const struct yaml *n = yaml_get(s->listen, process);
    return n ? n->text : SLICE("127.0.0.1:0");
}

const char *site_path(const struct site *s, struct slice name)
{
    return conf_path(s->file, name, s->arena).p;
}

const char *site_maps_dir(const struct site *s)
{
    const char *named = getenv("WEIR_MAPS");
    if (slice_present(s->maps))
        return site_path(s, s->maps);
    return named && *named ? named : WEIR_SHARE "/adapters";
}

void site_print_base(struct buf *out)
{
    conf_print_options(base_options, BASE_OPTIONS, out);
    buf_puts(out, "\n## stream\n\n");
    conf_print_options(stream_options, STREAM_OPTIONS, out);
    site_print_kafka(out);
    buf_puts(out, "\n## keys\n\n");
    conf_print_options(key_options, KEY_OPTIONS, out);
    buf_puts(out, "\n## journey\n\n");
    conf_print_options(journey_options, JOURNEY_OPTIONS, out);
}
