#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit_chain.h"
#include "clock.h"
#include "json.h"
#include "rfc3339.h"
#include "stream_fold.h"

enum { VALUE_MAX = 65536, NAME_MAX_BYTES = 64, WAIT_RUNNING_MS = 1000, STAGES = 3 };

struct entry {
    struct entry *next;
    uint64_t seq;
    struct buf value;
    audit_done_fn done;
    void *arg;
};

/* Records go one by one: each is chained to a predecessor that is durable. */
struct audit {
    struct stream *stream;
    struct digest *digest;
    char writer[NAME_MAX_BYTES];
    struct audit_link head; /* newest durable record */
    uint64_t given;         /* seq of the newest record taken */
    unsigned char sent_hash[DIGEST_SIZE];
    struct entry *first, **last; /* the first is under way when sending */
    unsigned count;
    bool sending, stale; /* stale: what stands in the stream must be read, at the start and after
                            an append failed */
    struct stream_reader *reader; /* which reads it */
    unsigned stage;
    bool found;
};

static int note_head(void *arg, const struct stream_message *m, struct err *reterr)
{
    struct audit *a = arg;
    struct audit_link link;
    unsigned char hash[DIGEST_SIZE];
    if (!slice_eq_str(m->key, a->writer))
        return 0;
    bool linked = audit_link_read(m, &link);
    if (linked)
        audit_hash(a->digest, link.prev, m->value, hash);
    if (!linked || memcmp(hash, link.hash, sizeof(hash)) != 0)
        return err_set(reterr, ERR_REFUSED,
                       "audit of %s: the record at offset %lld does not carry its own "
                       "hash: another audit key, or it was changed",
                       a->writer, (long long)m->offset);
    a->head = link;
    a->found = true;
    return 0;
}

/* Looks back an hour, a month, then at everything, so that a start does not read years. */
static int open_reader(struct audit *a, struct err *reterr)
{
    static const int64_t hours[STAGES] = {1, 720, 0};
    struct slice topic = AUDIT_TOPIC;
    struct stream_reader_options o = {
        .topics = &topic,
        .ntopics = 1,
        .start = hours[a->stage] ? STREAM_AT_TIME : STREAM_EARLIEST,
        .start_ms = clock_wall_ms() - hours[a->stage] * 3600 * 1000,
    };
    a->found = false;
    return stream_reader_open(a->stream, &o, &a->reader, reterr);
}

/* rc: what folding said. True when there is nothing more to look at. */
static bool end_stage(struct audit *a, int rc)
{
    stream_reader_close(a->reader);
    a->reader = NULL;
    if (rc < 0 || a->found || ++a->stage == STAGES) {
        a->stage = 0;
        return true;
    }
    return false;
}

static void known(struct audit *a)
{
    a->given = a->head.seq;
    a->stale = false;
}

int audit_look(struct audit *a, struct err *reterr)
{
    while (a->stale) {
        if (!a->reader && open_reader(a, reterr) != 0)
            return 0;
        int rc = stream_fold_some(a->reader, note_head, a, reterr);
        if (rc == 0)
            return 0;
        if (end_stage(a, rc) && rc < 0)
            return -1;
        if (a->stage == 0)
            known(a);
    }
    return 1;
}

/* The same, and waits for it. */
static int read_head(struct audit *a, int quiet_ms, struct err *reterr)
{
    while (a->stale) {
        int rc = a->reader ? 0 : open_reader(a, reterr);
        if (rc == 0)
            rc = stream_fold(a->reader, quiet_ms, note_head, a, reterr);
        if (rc != 0 && reterr->code != ERR_REFUSED)
            return err_at(reterr, "audit of %s", a->writer);
        if (end_stage(a, rc) && rc != 0)
            return -1;
        if (a->stage == 0)
            known(a);
    }
    return 0;
}

int audit_open(struct stream *s, struct slice writer, struct slice key, int wait_ms,
               struct audit **ret, struct err *reterr)
{
    struct audit *a = calloc(1, sizeof(*a));
    if (!a)
        return err_set(reterr, ERR_NOMEM, "no memory for the audit");
    a->stream = s;
    a->last = &a->first;
    a->stale = true;
    snprintf(a->writer, sizeof(a->writer), "%.*s", SLICE_ARG(writer));
    if (digest_open(key, &a->digest, reterr) != 0 ||
        (read_head(a, wait_ms, reterr) != 0 && reterr->code == ERR_REFUSED)) {
        audit_stop(a);
        audit_close(a);
        return -1;
    }
    *ret = a;
    return 0;
}

static void entry_free(struct entry *e)
{
    buf_fini(&e->value);
    free(e);
}

void audit_stop(struct audit *a)
{
    if (a)
        stream_reader_close(a->reader);
    if (a)
        a->reader = NULL;
}

void audit_close(struct audit *a)
{
    if (!a)
        return;
    for (struct entry *e = a->first, *next; e; e = next) {
        next = e->next;
        entry_free(e);
    }
    digest_close(a->digest);
    free(a);
}

bool audit_idle(const struct audit *a)
{
    return a->first == NULL;
}

void audit_head(const struct audit *a, uint64_t *ret_seq, char ret_hash[DIGEST_HEX])
{
    *ret_seq = a->head.seq;
    digest_hex(a->head.hash, DIGEST_SIZE, ret_hash);
}

static struct entry *take_first(struct audit *a)
{
    struct entry *e = a->first;
    a->first = e->next;
    if (!a->first)
        a->last = &a->first;
    a->count--;
    return e;
}

/* The rest was numbered after the one that failed: none of it can stand. */
static void fail_all(struct audit *a, const struct err *why)
{
    struct entry *list = a->first;
    a->first = NULL;
    a->last = &a->first;
    a->count = 0;
    a->stale = true;
    for (struct entry *next; list; list = next) {
        next = list->next;
        if (list->done)
            list->done(list->arg, why);
        entry_free(list);
    }
}

static int send_first(struct audit *a, struct err *reterr);

static void on_durable(void *arg, const struct err *why)
{
    struct audit *a = arg;
    struct err e;
    a->sending = false;
    if (why) {
        e = *why;
        fail_all(a, &e);
        return;
    }
    struct entry *done = take_first(a);
    memcpy(a->head.prev, a->head.hash, DIGEST_SIZE);
    memcpy(a->head.hash, a->sent_hash, DIGEST_SIZE);
    a->head.seq = done->seq;
    if (a->first && send_first(a, &e) != 0)
        fail_all(a, &e);
    if (done->done)
        done->done(done->arg, NULL);
    entry_free(done);
}

static int send_first(struct audit *a, struct err *reterr)
{
    struct entry *e = a->first;
    char seq[24], hash[DIGEST_HEX], prev[DIGEST_HEX];
    int n = snprintf(seq, sizeof(seq), "%llu", (unsigned long long)e->seq);
    audit_hash(a->digest, a->head.hash, buf_slice(&e->value), a->sent_hash);
    struct stream_header headers[] = {
        {SLICE("seq"), slice_make(seq, (size_t)n)},
        {SLICE("hash"), digest_hex(a->sent_hash, DIGEST_SIZE, hash)},
        {SLICE("prev"), digest_hex(a->head.hash, DIGEST_SIZE, prev)},
    };
    struct stream_record record = {.topic = AUDIT_TOPIC,
                                   .key = slice_str(a->writer),
                                   .value = buf_slice(&e->value),
                                   .headers = headers,
                                   .nheaders = 3};
    a->sending = true;
    enum stream_result r = stream_append(a->stream, &record, 1, on_durable, a, reterr);
    if (r == STREAM_OK)
        return 0;
    a->sending = false;
    return r == STREAM_BAD ? -1 : err_set(reterr, ERR_FULL, "the stream takes no more records now");
}

static void write_text(struct json_writer *w, const char *name, struct slice value)
{
    json_key(w, slice_str(name));
    json_string(w, value);
}

static int write_value(const struct audit *a, struct entry *e, struct slice action,
                       struct slice who, const struct audit_field *fields, unsigned nfields,
                       struct err *reterr)
{
    char at[RFC3339_SIZE];
    struct json_writer *w;
    if (json_writer_open(&e->value, &w, reterr) != 0)
        return -1;
    json_object(w);
    json_key(w, SLICE("seq"));
    json_int(w, (int64_t)e->seq);
    write_text(w, "time", rfc3339_utc(clock_wall_ms(), at));
    write_text(w, "writer", slice_str(a->writer));
    write_text(w, "action", action);
    write_text(w, "who", who);
    for (unsigned i = 0; i < nfields; i++) {
        json_key(w, fields[i].name);
        json_string(w, fields[i].value);
    }
    json_object_end(w);
    json_writer_close(w);
    return buf_ok(&e->value)
               ? 0
               : err_set(reterr, ERR_LIMIT, "an audit record may have %d bytes", VALUE_MAX);
}

int audit_append(struct audit *a, struct slice action, struct slice who,
                 const struct audit_field *fields, unsigned nfields, audit_done_fn done, void *arg,
                 struct err *reterr)
{
    if (a->count >= AUDIT_QUEUE_MAX)
        return err_set(reterr, ERR_FULL, "%d audit records are waiting", AUDIT_QUEUE_MAX);
    if (a->stale && read_head(a, WAIT_RUNNING_MS, reterr) != 0)
        return -1;
    struct entry *e = calloc(1, sizeof(*e));
    if (!e)
        return err_set(reterr, ERR_NOMEM, "no memory for an audit record");
    *e = (struct entry){.seq = a->given + 1, .done = done, .arg = arg};
    buf_init(&e->value, VALUE_MAX);
    if (write_value(a, e, action, who, fields, nfields, reterr) != 0) {
        entry_free(e);
        return -1;
    }
    *a->last = e;
    a->last = &e->next;
    a->count++;
    if (!a->sending && send_first(a, reterr) != 0) {
        entry_free(take_first(a));
        return -1;
    }
    a->given = e->seq;
    return 0;
}
