/* site.h - the whole configuration of a site (weir.yaml) as structs: what each program is to do,
 * nothing compiled yet.
 *
 * All of it lives in the site's own arena; strings are NUL-terminated slices. Rules, paths and maps
 * stay text here, with their YAML node for positions; their libraries compile them.
 * config/weir.yaml is a commented example, docs/config.md lists every option. */
#ifndef WEIR_SITE_H
#define WEIR_SITE_H

#include "conf.h"
#include "dict.h"
#include "site_kafka.h"
#include "site_fhir.h"
#include "site_tls.h"

/* Names that a path, topic, file or label is made of: [a-z0-9][a-z0-9-]*, at most 48. */

struct site_mllp {           /* sources.<name>.mllp */
    struct slice listen;     /* "127.0.0.1:2575", "[::1]:2575" */
    struct conf_texts allow; /* addresses or networks; none = loopback only */
    uint64_t frame_max;      /* 8MiB */
    int64_t frame_time;      /* 30s: from VT to FS CR */
    int64_t idle_time;       /* 0 = for ever */
    int64_t connections;     /* 1000 */
    int64_t per_peer;        /* 256 */
    int64_t pipeline;        /* 64: frames read ahead of their ACK, per connection */
    int64_t failed_frames;   /* 16: how many are remembered; 0 = none */
    uint64_t failed_bytes;   /* 4KiB of each */
    bool require_end_cr;     /* true */
    bool shared_port;        /* false */
    bool plaintext;          /* said to be meant */
    const struct yaml *tls_node;
    struct site_tls tls; /* its node NULL: plain text */
};

enum site_bad_row { SITE_BAD_ROW_ROW, SITE_BAD_ROW_FILE };

struct site_folder {      /* sources.<name>.folder */
    struct slice path;    /* absolute */
    struct slice pattern; /* "*" */
    int64_t settle, poll; /* 5s, 1s */
    uint64_t message_max; /* 8MiB */
    int on_bad_row;       /* enum site_bad_row: row */
    int64_t remember;     /* 1000000 rows */
};

/* What is done about a header that is not that of the file before. */
enum site_header_policy { SITE_HEADER_ALARM, SITE_HEADER_REFUSE };

enum { SITE_COLUMNS_MAX = 2000 };

struct site_csv {   /* sources.<name>.csv; always filled */
    char delimiter; /* , */
    bool header;    /* true: the first line names the columns */
    struct conf_texts columns;
    struct conf_texts nulls; /* cells that stand for nothing: NULL */
    int on_other_header;     /* enum site_header_policy: alarm */
    int delimiter_option;
};

struct site_er7 { /* sources.<name>.http */
    struct site_door door;
    struct slice path; /* "/" */
};

enum site_ack_mode { SITE_ACK_ORIGINAL, SITE_ACK_BY_HEADER, SITE_ACK_ENHANCED };
enum site_ack_policy { SITE_ACCEPT, SITE_REFUSE };
/* The answer to a batch in one frame: a batch of all answers, of those to what was refused, or each
 * answer by itself. */
enum site_ack_batch { SITE_BATCH_ALL, SITE_BATCH_ERRORS, SITE_BATCH_EACH };
enum site_ack_trouble { SITE_TROUBLE_ANSWER, SITE_TROUBLE_CLOSE };

struct site_ack {             /* sources.<name>.ack */
    int mode;                 /* enum site_ack_mode: original */
    bool two_answers;         /* true */
    bool text;                /* false: MSA-3 of refusals up to 2.6 */
    int on_unmapped, on_test; /* enum site_ack_policy: accept */
    int on_invalid;           /* enum site_ack_policy: refuse */
    int on_trouble;           /* enum site_ack_trouble: answer */
    int batch;                /* enum site_ack_batch: all */
};

/* What a source sends, and with it the kind of paths in its maps. */
enum site_format { SITE_HL7V2, SITE_FHIR, SITE_JSON, SITE_CSV };

struct site_source {
    struct slice name;
    const struct yaml *node;
    int format; /* enum site_format: hl7v2 */
    struct slice
        adapter; /* acute, community, mental-health, ambulance: the process that hosts it */
    struct slice
        sector; /* of the event: acute, mental_health, independent, …; preset from adapter */
    struct slice ods;      /* provider code */
    struct slice system;   /* "careflow": for the event's source URI urn:nhs:ods:<ods>:<system> */
    struct slice timezone; /* Europe/London; absent: assumed, and flagged */
    struct slice charset;  /* of what does not say it; absent: guess */
    struct slice pl;       /* what PL.1.. mean: "ward^bay^bed^site" */
    struct conf_texts sending; /* "APP/FACILITY" allowed in MSH-3/MSH-4; none = any */
    bool test_numbers;         /* 999 NHS numbers are expected */
    bool ignore_offset;
    int64_t history_after;      /* ms; 0 = never */
    bool forward;               /* false: kept and translated, marked "do not forward" */
    struct conf_texts overlays; /* map files on top of the shipped ones */
    const struct yaml *tables;  /* tables of this source only, before the site's */
    const struct yaml *mllp_node, *ack_node, *folder_node, *http_node, *fhir_node, *csv_node;
    struct site_mllp mllp;
    struct site_ack ack;
    struct site_folder folder;
    struct site_csv csv;
    struct site_er7 http;
    struct site_fhir fhir;
    bool has_mllp, has_folder, has_http, has_fhir;
};

struct site_route {
    struct slice name;
    const struct yaml *node, *when_node;
    struct slice when;      /* CloudEvents SQL; absent = all */
    struct conf_texts keep; /* field paths or groups (see keep-lists in docs) that readers get; none
                               = no identifiers */
    const struct yaml *key_node;
    struct slice key; /* secret for HMAC(route's key, ordering key); without `key:` made from the
                         pseudonym key and the route's name */
    struct conf_texts readers; /* Kafka users that may read the topic */
    bool restricted;           /* places and contacts of restricted patients are let through */
    bool identifiers; /* must be true where keep names an identifying field: nobody gives identity
                         away by a typo (checked by the router, which knows the fields) */
};

struct site_http { /* consumers.<name>.http */
    struct slice url;
    const struct yaml *bearer_node;
    struct slice bearer;     /* secret; absent = none */
    struct slice ca_file;    /* absolute; absent = the system's */
    int64_t timeout;         /* 15s: whole request */
    int64_t connect_timeout; /* 5s */
    int64_t connections;     /* 8 */
    bool allow_private;      /* addresses on loopback or private networks */
};
struct site_file {         /* consumers.<name>.file */
    struct slice path;     /* absolute; NDJSON, appended and fsynced */
    uint64_t rotate_bytes; /* 0 = never */
};
/* What came back for a message, and what is made of it. */
enum site_on_ack {
    SITE_ON_ACCEPT, /* AA */
    SITE_ON_ERROR,  /* AE, CE */
    SITE_ON_REJECT, /* AR, CR */
    SITE_ON_COMMIT, /* CA */
    SITE_ON_NONE,   /* no answer, or none that can be read */
    SITE_ON_WRONG_ID,
    SITE_ON_ACKS,
};
enum site_no_form { SITE_NO_FORM_SKIP, SITE_NO_FORM_PARK };
enum site_ack_means { SITE_ACK_DONE, SITE_ACK_PARK, SITE_ACK_RETRY, SITE_ACK_FAULT, SITE_ACK_WAIT };

struct site_mllp_to { /* consumers.<name>.mllp */
    struct slice to, host;
    uint16_t port;
    int64_t connections;     /* 1 */
    int64_t connect_timeout; /* 5s */
    int64_t timeout;         /* 30s: message to answer */
    int64_t idle_time;       /* 0 = kept open */
    uint64_t answer_max;     /* 256KiB */
    const struct yaml *on_ack_node, *tls_node;
    struct site_tls_client tls; /* where tls_node is there */
    bool plaintext;             /* meant, although `to` is another machine */
    int on_ack[SITE_ON_ACKS];   /* enum site_ack_means */
    int on_no_form;             /* enum site_no_form: SITE_NO_FORM_SKIP */
    struct slice sending_app, sending_facility, receiving_app, receiving_facility; /* or absent */
    struct slice processing_id;                                                    /* P */
};
struct site_consumer {
    struct slice name;
    const struct yaml *node;
    struct slice route;
    struct slice kind;     /* http, file, mllp: the section of that name is there */
    struct slice format;   /* cloudevent; mllp: hl7v2, original */
    struct slice start;    /* earliest, latest, or an RFC 3339 time: first position only */
    int64_t in_flight;     /* 16: requests under way, over all lanes */
    int64_t window;        /* 4096: events read ahead */
    uint64_t window_bytes; /* 64MiB: the same in bytes */
    int64_t parked_max;    /* 100000: open entries; reached: stop reading, alarm */
    int64_t backoff_min, backoff_max; /* 500ms, 60s */
    int64_t retry_after_max;          /* 10m: a longer Retry-After is cut */
    int64_t spill_after;              /* 10s */
    int64_t breaker_after;            /* 30s */
    int64_t merge_wait;               /* 30s */
    struct site_http http;
    struct site_mllp_to mllp;
    const struct yaml *options; /* of a kind that was added: its own to read */
    struct site_file file;
};

enum { SITE_RELAY_TOPICS_MAX = 32 };

struct site_relay {          /* relay: an embedded stream is copied to Kafka */
    const struct yaml *node; /* NULL: there is no such section */
    struct site_kafka kafka;
    struct conf_texts topics;  /* flow.messages, flow.reported, flow.rejected */
    bool earliest;             /* the first time: from the oldest record on, */
    int64_t back;              /* or from so long ago: ms */
    bool state;                /* the site moves: what its broker knows goes first */
    uint64_t record_max;       /* 16MiB: what the nodes take */
    int64_t sets, set_records; /* 4, 1000 */
    uint64_t set_bytes;        /* 1MiB */
};

struct site_list {
    struct slice name;
    const struct yaml *node;
    struct conf_texts values;
};

struct site {
    struct arena *arena;
    unsigned *holders; /* site_hold */
    const char *file;
    struct slice text; /* of the file, as it was read */
    const struct yaml *root;
    struct slice data; /* data directory, absolute */
    struct slice maps; /* absent: see site_maps_dir */
    int log_level;     /* enum log_level */
    struct {
        struct slice kind;
        int64_t retain;                                            /* ms */
        uint64_t retain_bytes, disk_mark, record_max, queue_bytes; /* kafka: retain_bytes is per
                                                                      partition, no disk_mark */
        int64_t queue_records;
        bool unsafe_no_sync;
        uint64_t free_min; /* bytes that must stay free on the disk: below, "try later"; kafka: 0 */
        struct site_kafka kafka;
    } stream;
    struct {
        struct slice kid;
        const struct yaml *pseudonym_node, *audit_node;
        bool make; /* `weir run` makes key files that are missing while there is no data */
        struct slice pseudonym; /* secret, 32 bytes or more */
        struct slice audit;     /* secret, 32 bytes or more: key of the audit chain */
    } keys;
    struct {
        int64_t window;              /* dedupe_window, 72h */
        int64_t ids_max, people_max; /* entries held in memory */
    } journey;
    uint64_t message_arena;     /* bytes that translating one message may take: 64MiB */
    int64_t retranslate_events; /* 1000000: held in memory at a time by `weir retranslate` */
    int64_t drain;              /* 10s: SIGTERM to exit */
    const struct yaml *listen;  /* process -> address of its health port: site_listen */
    struct site_source *sources;
    struct site_route *routes;
    struct site_consumer *consumers;
    struct site_list *lists;
    unsigned nsources, nroutes, nconsumers, nlists;
    struct site_relay relay;
    const struct yaml *tables;     /* site tables: name -> {key: value}; CSV files (table,key,value)
                                      named in table_files are added */
    struct conf_texts table_files; /* absolute */
};

/* Which secrets a program may know (design: an adapter knows no consumer's secret). Those not asked
 * for are not opened and stay absent; only how they are named is checked. */
enum site_secrets {
    SITE_NO_SECRETS = 0,
    SITE_PSEUDONYM = 1 << 0,
    SITE_AUDIT = 1 << 1,
    SITE_ROUTE_KEYS = 1 << 2, /* needs the pseudonym key too */
    SITE_CONSUMER_SECRETS = 1 << 3,
    SITE_STREAM = 1 << 4, /* of that user of the stream: SITE_STREAM << SITE_USER_… */
    SITE_OPERATOR = SITE_STREAM << SITE_USER_OPERATOR,
    SITE_ADMIN = SITE_STREAM << SITE_USER_ADMIN,
    SITE_SOURCE_SECRETS = 1 << 9, /* passwords of the keys of listeners */
    SITE_ADAPTER =
        SITE_PSEUDONYM | SITE_AUDIT | SITE_SOURCE_SECRETS | SITE_STREAM << SITE_USER_ADAPTER,
    SITE_BROKER =
        SITE_AUDIT | SITE_ROUTE_KEYS | SITE_CONSUMER_SECRETS | SITE_STREAM << SITE_USER_BROKER,
    SITE_RELAY_NODES = 1 << 8, /* of the users of the section relay */
    SITE_RELAY = SITE_AUDIT | SITE_RELAY_NODES,
    SITE_ALL_SECRETS = SITE_ADAPTER | SITE_BROKER | SITE_RELAY, /* of what `weir run` starts */
};

/* Reads and checks everything that needs no other library: names, references between sections,
 * ranges, secrets (a set of enum site_secrets). getenv is used for expansion. Relative file names
 * are meant from the folder of the config. ERR_CONF with file:line:column, ERR_IO. */
int site_open(const char *file, unsigned secrets, struct site **ret, struct err *reterr);
/* As site_open, from text that is called `file`. */
int site_read(struct slice text, const char *file, unsigned secrets, struct site **ret,
              struct err *reterr);
/* Frees it once everybody who holds it has closed it. NULL is fine. */
void site_close(const struct site *s);
/* One more who holds it: what borrows from a site while another one takes its place. */
const struct site *site_hold(const struct site *s);
const struct site_source *site_source_find(const struct site *s, struct slice name);
/* "hl7v2", "fhir", "json", "csv". */
const char *site_format_name(int format);
const struct site_route *site_route_find(const struct site *s, struct slice name);
/* Where the health port of a process listens: an adapter by its name, or "broker", "board"; preset
 * 127.0.0.1:0 (any free port). */
struct slice site_listen(const struct site *s, const char *process);
/* A path made absolute from the folder of the config; in the site's arena; NULL when that is full.
 */
const char *site_path(const struct site *s, struct slice name);
/* Folder that holds the shipped maps, a folder per adapter in it: the option `maps`, else
 * $WEIR_MAPS, else where weir was installed to. */
const char *site_maps_dir(const struct site *s);
/* docs/config.md: every option with its default, as markdown. */
void site_print_options(struct buf *out);

#endif
