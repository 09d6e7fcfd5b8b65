#include "site_parts.h"

#define ROW(member) offsetof(struct site_source, member)
#define MLLP(member) offsetof(struct site_mllp, member)

static const char *const adapters[] = {"acute", "community", "mental-health", "ambulance", NULL};
static const char *const sectors[] = {"acute",       "community",    "mental_health",
                                      "ambulance",   "primary_care", "social_care",
                                      "independent", "national",     NULL};

static const char *const formats[] = {
    [SITE_HL7V2] = "hl7v2", [SITE_FHIR] = "fhir", [SITE_JSON] = "json", [SITE_CSV] = "csv", NULL};

static const struct conf_option source_options[] = {
    {"adapter", CONF_TEXT, ROW(adapter), .choices = adapters, .required = true,
     .help = "The process that hosts the source and the maps it starts from."},
    {"format", CONF_CHOICE, ROW(format), "hl7v2", .choices = formats,
     .help = "What the system sends; another than `hl7v2` has maps of its own, in "
             "`<adapter>/<format>/` of the folder of maps."},
    {"sector", CONF_TEXT, ROW(sector), .choices = sectors,
     .help = "Sector that its events carry; that of the adapter unless given."},
    {"ods", CONF_TEXT, ROW(ods), .required = true,
     .help = "ODS code of the organisation that sends: the provider of its events."},
    {"system", CONF_TEXT, ROW(system), .required = true,
     .help = "Name of the sending system; events come from `urn:nhs:ods:<ods>:<system>`."},
    {"timezone", CONF_TEXT, ROW(timezone),
     .help = "Zone of times sent without an offset, such as `Europe/London`. Not given: that is "
             "assumed, and each event says so."},
    {"ignore_offset", CONF_BOOL, ROW(ignore_offset), "false",
     .help = "The offset that the system writes behind its times is wrong: read them in "
             "`timezone`."},
    {"charset", CONF_TEXT, ROW(charset),
     .help = "Character set of messages that do not name theirs (MSH-18), such as `8859/15` or "
             "`windows-1252`; with `!` behind it (`windows-1252!`), of all, whatever MSH-18 says. "
             "Not given: guessed."},
    {"pl", CONF_TEXT, ROW(pl),
     .help = "What the parts of a location (PL.1, PL.2, ...) hold in this feed, joined by `^`, "
             "such as `ward^bay^bed^site`."},
    {"sending", CONF_TEXTS, ROW(sending),
     .help = "`APPLICATION/FACILITY` (first component of MSH-3 and of MSH-4) that may send here; "
             "not given: any."},
    {"test_numbers", CONF_BOOL, ROW(test_numbers), "false",
     .help = "NHS numbers of the 999 range are expected; else they mark a test patient."},
    {"forward", CONF_BOOL, ROW(forward), "true",
     .help = "`false`: messages are kept and translated, but marked not to be forwarded: to try "
             "out a feed."},
    {"history_after", CONF_DURATION, ROW(history_after), "0ms", 0, 0,
     .help =
         "An event that was sent (MSH-7) or recorded (EVN-2, else its own time) so long before it "
         "came is history: kept in `flow.events`, marked `historic_load`, and not routed. Longer "
         "than the longest outage after which a feed has to catch up, such as `7d`; 0 = never."},
    {"overlays", CONF_TEXTS, ROW(overlays),
     .help = "Map files laid over the adapter's own, in this order: the differences of this "
             "system."},
    {"tables", CONF_NODE, ROW(tables),
     .help = "Tables of this source; they come before the site's, entry by entry."},
    {"ack", CONF_NODE, ROW(ack_node), .help = "Acknowledgments: see below."},
    {"csv", CONF_NODE, ROW(csv_node), .help = "How CSV is written here: see below."},
    {"folder", CONF_NODE, ROW(folder_node), .help = "Files: see below."},
    {"fhir", CONF_NODE, ROW(fhir_node), .help = "FHIR over HTTP: see below."},
    {"http", CONF_NODE, ROW(http_node), .help = "HL7 v2 or JSON over HTTP: see below."},
    {"mllp", CONF_NODE, ROW(mllp_node), .help = "HL7 v2 over MLLP: see below."},
};

static const struct conf_option mllp_options[] = {
    {"listen", CONF_TEXT, MLLP(listen), .required = true,
     .help = "Address and port: `127.0.0.1:2575`, `[::1]:2575`."},
    {"allow", CONF_TEXTS, MLLP(allow),
     .help = "Addresses and networks that may connect, such as `10.1.2.0/24`. Required unless "
             "`listen` is a loopback address."},
    {"frame_max", CONF_SIZE, MLLP(frame_max), "8MiB", 1024, 1 << 30,
     .help = "Largest message; a longer one is rejected."},
    {"frame_time", CONF_DURATION, MLLP(frame_time), "30s", 100, 86400000,
     .help = "Longest time from the first byte of a message to its last."},
    {"idle_time", CONF_DURATION, MLLP(idle_time), "1d", 0, 0,
     .help = "A connection that is silent for so long is closed; 0 = never."},
    {"connections", CONF_INT, MLLP(connections), "1000", 1, 100000, .help = "Connections at once."},
    {"per_peer", CONF_INT, MLLP(per_peer), "256", 1, 100000,
     .help = "Connections at once from one address."},
    {"pipeline", CONF_INT, MLLP(pipeline), "64", 1, 100000,
     .help = "Messages of one connection that are read ahead of their acknowledgement."},
    {"failed_frames", CONF_INT, MLLP(failed_frames), "16", 0, 100,
     .help = "Of how many frames that came to nothing the beginning is remembered, for `weir "
             "frames`; 0 = of none. In memory only."},
    {"failed_frame_bytes", CONF_SIZE, MLLP(failed_bytes), "4KiB", 64, 65536,
     .help = "How much of each of these is remembered."},
    {"require_end_cr", CONF_BOOL, MLLP(require_end_cr), "true",
     .help = "A message ends in FS CR; `false`: FS alone is enough."},
    {"shared_port", CONF_BOOL, MLLP(shared_port), "false",
     .help = "Several processes of one user listen at this address (`acute`, `acute-2`: "
             "SO_REUSEPORT); the system shares connections out among them."},
    {"tls", CONF_NODE, MLLP(tls_node),
     .help = "Encrypted, and only from those whose certificate is named: see below."},
    {"plaintext", CONF_BOOL, MLLP(plaintext), "false",
     .help = "`true`: no `tls`, although other machines reach `listen`, and whoever listens on the "
             "way reads patient data; each start warns."},
};

enum {
    SOURCE_OPTIONS = sizeof(source_options) / sizeof(*source_options),
    MLLP_OPTIONS = sizeof(mllp_options) / sizeof(*mllp_options),
};

static int check_ods(const struct site_source *src, struct err *reterr)
{
    bool ok = src->ods.n >= 3 && src->ods.n <= 12;
    for (size_t i = 0; ok && i < src->ods.n; i++)
        ok = (src->ods.p[i] >= 'A' && src->ods.p[i] <= 'Z') ||
             (src->ods.p[i] >= '0' && src->ods.p[i] <= '9');
    if (ok)
        return 0;
    return yaml_err(yaml_at(src->node, "ods"), reterr,
                    "ods: an ODS code is 3 to 12 capital letters and digits");
}

/* The name becomes a part of a URN (RFC 8141), where ":" parts. */
static int check_system(const struct site_source *src, struct err *reterr)
{
    bool ok = src->system.n > 0 && src->system.n <= 48;
    for (size_t i = 0; ok && i < src->system.n; i++) {
        char c = src->system.p[i];
        ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i && (c == '-' || c == '_'));
    }
    if (ok)
        return 0;
    return yaml_err(yaml_at(src->node, "system"), reterr,
                    "system: a name is made of a-z, 0-9, \"-\" and \"_\", 48 at most");
}

static int check_pl(const struct site_source *src, struct err *reterr)
{
    static const char *const parts[] = {"ward",  "bay",    "bed",  "site",        "building",
                                        "floor", "status", "type", "description", NULL};
    enum { PARTS = sizeof(parts) / sizeof(*parts) - 1, PL_COMPONENTS = 11 };
    struct slice rest = src->pl;
    for (unsigned k = 0; slice_present(rest); k++) {
        struct slice part = slice_split(&rest, '^');
        unsigned i = 0;
        while (i < PARTS && !slice_eq_str(part, parts[i]))
            i++;
        if (k >= PL_COMPONENTS)
            return yaml_err(yaml_at(src->node, "pl"), reterr, "pl: a location has 11 parts");
        if (i == PARTS && part.n)
            return yaml_err(yaml_at(src->node, "pl"), reterr,
                            "pl: \"%.*s\" is not known; parts are ward, bay, bed, site, building, "
                            "floor, status, type, description, or nothing",
                            SLICE_ARG(part));
    }
    return 0;
}

int site_check_fits(const struct site *s, const struct yaml *at, const char *option, uint64_t bytes,
                    struct err *reterr)
{
    if (bytes + SITE_RECORD_EXTRA <= s->stream.record_max)
        return 0;
    return yaml_err(at, reterr,
                    "%s: a message of %llu bytes and its receipt do not fit a record of %llu bytes "
                    "(stream: record_max)",
                    option, (unsigned long long)bytes, (unsigned long long)s->stream.record_max);
}

static int check_mllp(const struct site *s, const struct site_source *src, struct err *reterr)
{
    const struct site_listen l = {.node = src->mllp_node,
                                  .listen = src->mllp.listen,
                                  .allow = &src->mllp.allow,
                                  .port = "2575",
                                  .encrypt = "give \"tls\"",
                                  .tls = src->mllp.tls_node != NULL,
                                  .plaintext = src->mllp.plaintext};
    if (site_check_listen(&l, reterr) < 0)
        return -1;
    return site_check_fits(s, yaml_at(src->mllp_node, "frame_max"), "frame_max",
                           src->mllp.frame_max, reterr);
}

static int read_mllp(struct site *s, struct site_source *src, struct err *reterr)
{
    src->has_mllp = src->mllp_node != NULL;
    if (!src->has_mllp)
        return 0;
    if (conf_read(src->mllp_node, mllp_options, MLLP_OPTIONS, s->arena, &src->mllp, reterr) < 0 ||
        check_mllp(s, src, reterr) < 0)
        return -1;
    return src->mllp.tls_node ? site_read_tls(s, src->mllp.tls_node, &src->mllp.tls, reterr) : 0;
}

/* The way in which a source is connected carries what it sends. */
static int check_format(const struct site_source *src, struct err *reterr)
{
    if (src->format == SITE_HL7V2 || !src->mllp_node)
        return 0;
    return yaml_err(yaml_at(src->node, "format"), reterr,
                    "format: mllp carries HL7 v2; leave mllp out, or format: %s",
                    formats[src->format]);
}

const char *site_format_name(int format)
{
    return formats[format];
}

/* The sector of an event is spelt with "_", the adapter's folder with "-". */
static struct slice sector_of(const struct site_source *src)
{
    if (slice_present(src->sector))
        return src->sector;
    return slice_eq_str(src->adapter, "mental-health") ? SLICE("mental_health") : src->adapter;
}

static int read_source(struct site *s, struct site_source *src, const struct yaml *node,
                       struct err *reterr)
{
    src->name = node->name;
    src->node = node;
    if (site_check_name(node, "source", reterr) < 0 ||
        conf_read(node, source_options, SOURCE_OPTIONS, s->arena, src, reterr) < 0 ||
        check_ods(src, reterr) < 0 || check_system(src, reterr) < 0 || check_pl(src, reterr) < 0 ||
        check_format(src, reterr) < 0 || site_check_sending(node, &src->sending, reterr) < 0)
        return -1;
    src->sector = sector_of(src);
    for (unsigned i = 0; i < src->overlays.n; i++)
        if (site_absolute(s, &src->overlays.at[i], reterr) < 0)
            return -1;
    if (site_read_ack(s, src->ack_node, &src->ack, reterr) < 0 ||
        site_read_csv(s, src, reterr) < 0 || site_read_folder(s, src, reterr) < 0 ||
        site_read_er7(s, src, reterr) < 0 || site_read_fhir(s, src, reterr) < 0 ||
        read_mllp(s, src, reterr) < 0)
        return -1;
    return site_check_ports(s, src, reterr);
}

int site_read_sources(struct site *s, const struct yaml *section, struct err *reterr)
{
    if (site_section(section, "sources", &section, reterr) < 0)
        return -1;
    unsigned n = section ? section->count : 0;
    s->sources = arena_zalloc(s->arena, n + 1, sizeof(*s->sources));
    if (!s->sources)
        return site_no_room(s, reterr);
    for (const struct yaml *c = section ? section->child : NULL; c; c = c->next, s->nsources++)
        if (read_source(s, &s->sources[s->nsources], c, reterr) < 0)
            return -1;
    return 0;
}

const struct site_source *site_source_find(const struct site *s, struct slice name)
{
    for (unsigned i = 0; i < s->nsources; i++)
        if (slice_eq(s->sources[i].name, name))
            return &s->sources[i];
    return NULL;
}

void site_print_sources(struct buf *out)
{
    buf_puts(out, "\n## sources: `<name>`\n\nWhat sends. The name is the key of everything that "
                  "comes from it; it is never changed.\n\n");
    conf_print_options(source_options, SOURCE_OPTIONS, out);
    buf_puts(out, "\n### sources: `<name>`: mllp\n\n");
    conf_print_options(mllp_options, MLLP_OPTIONS, out);
    site_print_tls(out);
    site_print_folder(out);
    site_print_csv(out);
    site_print_er7(out);
    site_print_fhir(out);
    site_print_bearer(out);
    site_print_ack(out);
}
