/* weir topics - are the topics of the stream on Kafka, and the rights on them, as the configuration
 * wants them? Makes what is missing. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "json.h"
#include "options.h"
#include "proc_stream.h"
#include "topics_compare.h"

enum { MEMORY = 256 << 20, OUT_MAX = 16 << 20, LOOK_MS = 100 };

struct topics {
    const struct options *o;
    struct site *site;
    struct stream_admin *admin;
    struct topics_plan plan;
    struct arena arena, answer; /* the plan; what the nodes said last */
    struct topics_found found;
    struct topics_difference *differences;
    unsigned n;
};

static int open_topics(struct topics *t, struct err *reterr)
{
    struct stream_options so;
    if (site_open(t->o->config, SITE_ADMIN, &t->site, reterr) < 0)
        return -1;
    if (!t->site->stream.kafka.node)
        return err_set(reterr, ERR_CONF,
                       "%s: the stream is of kind %s; only Kafka's topics are made before use",
                       t->site->file, t->site->stream.kind.p);
    if (proc_stream_options(t->site, SITE_USER_ADMIN, "topics", &so, reterr) < 0 ||
        stream_admin_open(&so, t->o->timeout_ms, &t->admin, reterr) < 0)
        return -1;
    return topics_plan(t->site, t->admin, &t->arena, &t->plan, reterr);
}

static void close_topics(struct topics *t)
{
    stream_admin_close(t->admin);
    arena_fini(&t->arena);
    arena_fini(&t->answer);
    site_close(t->site);
}

static int look(struct topics *t, struct err *reterr)
{
    arena_reset(&t->answer);
    if (topics_find(t->admin, &t->plan, &t->answer, &t->found, reterr) < 0)
        return -1;
    return topics_compare(t->admin, &t->plan, &t->found, &t->answer, &t->differences, &t->n,
                          reterr);
}

/* ---- what differs ---- */

static void print_one(const struct topics_difference *d)
{
    printf("%.*s: %.*s: is %.*s, should be %.*s", SLICE_ARG(d->subject), SLICE_ARG(d->what),
           SLICE_ARG(d->is), SLICE_ARG(d->should));
    if (slice_present(d->why))
        printf(" (left as it is: %.*s)", SLICE_ARG(d->why));
    printf("\n");
}

static unsigned count_mendable(const struct topics *t)
{
    unsigned n = 0;
    for (unsigned i = 0; i < t->n; i++)
        n += t->differences[i].mend != TOPICS_ELSE;
    return n;
}

static void print_all(const struct topics *t)
{
    unsigned mendable = count_mendable(t);
    for (unsigned i = 0; i < t->n; i++)
        print_one(&t->differences[i]);
    if (!t->n)
        printf("%u topics and %u rights on Kafka are as %s says\n", t->plan.ntopics, t->plan.nacls,
               t->site->file);
    else
        printf("%u differences; 'weir topics create' mends %u of them\n", t->n, mendable);
    if (!t->plan.nacls)
        printf("rights were not looked at: the configuration names no users of Kafka (sasl, or "
               "users: principal)\n");
}

static void write_one(struct json_writer *w, const struct topics_difference *d)
{
    const struct {
        const char *name;
        struct slice value;
    } members[] = {{"subject", d->subject},
                   {"what", d->what},
                   {"is", d->is},
                   {"should", d->should},
                   {"left_because", d->why}};
    json_object(w);
    for (unsigned i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!slice_present(members[i].value))
            continue;
        json_key(w, slice_str(members[i].name));
        json_string(w, members[i].value);
    }
    json_object_end(w);
}

static int print_json(const struct topics *t, struct err *reterr)
{
    struct buf out;
    struct json_writer *w;
    buf_init(&out, OUT_MAX);
    if (json_writer_open(&out, &w, reterr) < 0) {
        buf_fini(&out);
        return -1;
    }
    json_object(w);
    json_key(w, SLICE("topics"));
    json_int(w, t->plan.ntopics);
    json_key(w, SLICE("rights"));
    json_int(w, t->plan.nacls);
    json_key(w, SLICE("differences"));
    json_array(w);
    for (unsigned i = 0; i < t->n; i++)
        write_one(w, &t->differences[i]);
    json_array_end(w);
    json_object_end(w);
    buf_putc(&out, '\n');
    bool ok = buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    json_writer_close(w);
    buf_fini(&out);
    return ok ? 0 : err_set(reterr, ERR_IO, "standard output cannot be written");
}

/* The exit code, or -1. */
static int show(const struct topics *t, struct err *reterr)
{
    if (!t->o->json)
        print_all(t);
    else if (print_json(t, reterr) < 0)
        return -1;
    return t->n ? EXIT_FOUND : 0;
}

/* ---- what is mended ---- */

static void say(const struct topics *t, const char *done, const struct topics_difference *d)
{
    if (!t->o->json)
        printf("%s %.*s: %.*s: %.*s\n", done, SLICE_ARG(d->subject), SLICE_ARG(d->what),
               SLICE_ARG(d->should));
}

static int make(struct topics *t, struct err *reterr)
{
    struct stream_topic *missing = arena_zalloc(&t->answer, t->n + 1, sizeof(*missing));
    unsigned n = 0;
    if (!missing)
        return err_set(reterr, ERR_NOMEM, "no memory for the topics to make");
    for (unsigned i = 0; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_MAKE)
            missing[n++] = t->plan.topics[t->differences[i].at];
    if (n && stream_admin_create(t->admin, missing, n, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_MAKE)
            say(t, "made", &t->differences[i]);
    return 0;
}

/* All settings of a topic that differ, from the first of them on, in one request. */
static int set_topic(struct topics *t, unsigned first, struct err *reterr)
{
    struct stream_setting settings[TOPICS_SETTINGS];
    const struct topics_difference *d = &t->differences[first];
    unsigned n = 0;
    for (unsigned i = first; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_SET && t->differences[i].at == d->at)
            settings[n++] = (struct stream_setting){.name = t->differences[i].what,
                                                    .value = t->differences[i].should};
    if (stream_admin_set(t->admin, &t->found.topics[d->at], settings, n, reterr) < 0)
        return -1;
    for (unsigned i = first; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_SET && t->differences[i].at == d->at)
            say(t, "set", &t->differences[i]);
    return 0;
}

static int set_all(struct topics *t, struct err *reterr)
{
    unsigned done = t->plan.ntopics;
    for (unsigned i = 0; i < t->n; i++) {
        const struct topics_difference *d = &t->differences[i];
        if (d->mend != TOPICS_SET || d->at == done)
            continue;
        if (set_topic(t, i, reterr) < 0)
            return -1;
        done = d->at;
    }
    return 0;
}

static int allow(struct topics *t, struct err *reterr)
{
    struct stream_acl *acls = arena_zalloc(&t->answer, t->n + 1, sizeof(*acls));
    unsigned n = 0;
    if (!acls)
        return err_set(reterr, ERR_NOMEM, "no memory for the rights to give");
    for (unsigned i = 0; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_ALLOW)
            acls[n++] = t->plan.acls[t->differences[i].at];
    if (n && stream_admin_allow(t->admin, acls, n, reterr) < 0)
        return -1;
    for (unsigned i = 0; i < t->n; i++)
        if (t->differences[i].mend == TOPICS_ALLOW)
            say(t, "gave", &t->differences[i]);
    return 0;
}

/* The nodes take a moment to tell each other. */
static int look_until_mended(struct topics *t, struct err *reterr)
{
    int64_t until = clock_mono_ms() + t->o->timeout_ms;
    int rc;
    while ((rc = look(t, reterr)) == 0 && count_mendable(t) && clock_mono_ms() < until)
        poll(NULL, 0, LOOK_MS);
    return rc;
}

static int create(struct topics *t, struct err *reterr)
{
    if (look(t, reterr) < 0)
        return -1;
    if (!t->o->dry_run && count_mendable(t) &&
        (make(t, reterr) < 0 || set_all(t, reterr) < 0 || allow(t, reterr) < 0 ||
         look_until_mended(t, reterr) < 0))
        return -1;
    return show(t, reterr);
}

static int check(struct topics *t, struct err *reterr)
{
    return look(t, reterr) < 0 ? -1 : show(t, reterr);
}

static int run(const struct verb *self, int argc, char **argv)
{
    struct options o;
    struct err err = {0};
    int code = options_read(self, OPTION_JSON | OPTION_TIMEOUT | OPTION_DRY_RUN, argc, argv, &o);
    if (code >= 0)
        return code;
    const char *what = o.rest < argc ? argv[o.rest] : "check";
    bool creates = strcmp(what, "create") == 0;
    if (o.rest + 1 < argc || (!creates && strcmp(what, "check") != 0))
        return verb_usage(self, "%s: check or create is expected", argv[argc - 1]);
    if (o.dry_run && !creates)
        return verb_usage(self, "--dry-run belongs to create");
    struct topics t = {.o = &o};
    arena_init(&t.arena, MEMORY);
    arena_init(&t.answer, MEMORY);
    int result = open_topics(&t, &err);
    if (result == 0)
        result = creates ? create(&t, &err) : check(&t, &err);
    close_topics(&t);
    return result < 0 ? verb_fail(self, &err) : result;
}

const struct verb verb_topics = {
    .name = "topics",
    .summary = "the topics of the stream on Kafka: are they as they should be; makes them",
    .help =
        "Use: weir topics [check] [--json] [--timeout 10s]\n"
        "     weir topics create [--dry-run] [--json] [--timeout 10s]\n\n"
        "Compares the topics on Kafka's nodes with the configuration: that they are there, "
        "partitions, replicas, replicas in sync, retention,\n"
        "min.insync.replicas, the size of a message, and who may read and write them (deny by "
        "default). Each difference is a line: what, what it is,\n"
        "what it should be. Exit code 0 when there is none, else 1.\n\n"
        "  create           makes the topics that are missing, sets settings, gives rights. It "
        "takes "
        "nothing away: retention is not shortened,\n"
        "                   partitions are not added (a patient's events would go elsewhere), no "
        "right is withdrawn; these stay as differences\n"
        "  --dry-run        says what differs, and does nothing\n\n"
        "It logs in as stream.kafka.users.admin, where that is given: on the nodes that takes "
        "Create, "
        "Describe, DescribeConfigs and AlterConfigs\n"
        "on the topics, and Describe and Alter on the cluster for the rights.\n\n"
        "Example: weir topics create --dry-run --config /etc/weir/weir.yaml\n",
    .run = run,
};
