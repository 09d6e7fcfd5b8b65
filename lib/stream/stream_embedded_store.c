#include "stream_embedded_store.h"

#include <stdlib.h>
#include "stream_embedded_sum.h"

/* 8 MiB of WAL: few enough to stay small, many enough that pages written again and again go into
 * the database once. */
enum { TOPICS_MAX = 4096, CHECKPOINT_FRAMES = 500 };

static int on_wal(void *arg, sqlite3 *db, const char *name, int frames)
{
    (void)db, (void)name;
    ((struct embedded_store *)arg)->wal_frames = frames;
    return SQLITE_OK;
}

static int run(struct embedded_store *s, sqlite3_stmt *st, const char *doing, struct err *reterr)
{
    int rc = sqlite3_step(st);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        embedded_err(s->db, doing, reterr); /* before reset, which repeats the code only */
    sqlite3_reset(st);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : -1;
}

static int prepare_all(struct embedded_store *s, struct err *reterr)
{
    sqlite3 *db = s->db;
    if (embedded_prepare(db, &s->begin, reterr, "BEGIN IMMEDIATE") ||
        embedded_prepare(db, &s->commit, reterr, "COMMIT") ||
        embedded_prepare(db, &s->rollback, reterr, "ROLLBACK") ||
        embedded_prepare(db, &s->add_topic, reterr, "INSERT INTO topic (name) VALUES (?1)") ||
        embedded_prepare(db, &s->put_position, reterr,
                         "INSERT INTO position VALUES (?1, ?2, ?3, ?4) "
                         "ON CONFLICT DO UPDATE SET next = excluded.next") ||
        embedded_prepare(db, &s->first_position, reterr,
                         "INSERT INTO position VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING") ||
        embedded_prepare(db, &s->set_first, reterr, "UPDATE topic SET first = ?2 WHERE id = ?1") ||
        embedded_prepare(db, &s->pages, reterr, "PRAGMA page_count") ||
        embedded_prepare(db, &s->free_pages, reterr, "PRAGMA freelist_count"))
        return -1;
    return 0;
}

static void forget_topics(struct embedded_store *s)
{
    for (size_t i = 0; i < s->ntopics; i++)
        sqlite3_finalize(s->topics[i].insert);
    free(s->topics);
    s->topics = NULL;
    s->ntopics = 0;
    dict_fini(&s->names);
    dict_init(&s->names, TOPICS_MAX);
}

static struct embedded_topic *remember_topic(struct embedded_store *s, struct slice name,
                                             struct err *reterr)
{
    struct embedded_topic *more = realloc(s->topics, (s->ntopics + 1) * sizeof(*more));
    if (more)
        s->topics = more;
    uint64_t *index = more ? dict_put(&s->names, name, NULL) : NULL;
    if (!index) {
        if (s->ntopics == TOPICS_MAX)
            err_set(reterr, ERR_LIMIT, "topic %.*s: a writer has %d topics at most",
                    SLICE_ARG(name), TOPICS_MAX);
        else
            err_set(reterr, ERR_NOMEM, "no memory for a topic");
        return NULL;
    }
    *index = s->ntopics;
    struct embedded_topic *t = &more[s->ntopics++];
    *t = (struct embedded_topic){0};
    memcpy(t->name, name.p, name.n < STREAM_NAME_MAX ? name.n : STREAM_NAME_MAX);
    return t;
}

static int read_end(struct embedded_store *s, struct embedded_topic *t, struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(s->db, &st, reterr, "SELECT max(offset) FROM record_%lld",
                         (long long)t->id))
        return -1;
    int rc = sqlite3_step(st);
    t->end = t->first;
    if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        t->end = sqlite3_column_int64(st, 0) + 1;
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : embedded_err(s->db, "reading the end of a topic", reterr);
}

static int read_topics(struct embedded_store *s, struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(s->db, &st, reterr, "SELECT id, first, name FROM topic ORDER BY id"))
        return -1;
    int rc, bad = 0;
    while (!bad && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct slice name = slice_make((const char *)sqlite3_column_text(st, 2),
                                       (size_t)sqlite3_column_bytes(st, 2));
        struct embedded_topic *t = remember_topic(s, name, reterr);
        bad = !t;
        if (t) {
            t->id = sqlite3_column_int64(st, 0);
            t->first = sqlite3_column_int64(st, 1);
        }
    }
    if (!bad && rc != SQLITE_DONE)
        bad = embedded_err(s->db, "reading the topics", reterr);
    sqlite3_finalize(st);
    for (size_t i = 0; !bad && i < s->ntopics; i++)
        bad = read_end(s, &s->topics[i], reterr);
    return bad ? -1 : 0;
}

int embedded_store_open(const char *path, const struct embedded_tuning *t,
                        struct embedded_store **ret, struct err *reterr)
{
    struct embedded_store *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(reterr, ERR_NOMEM, "no memory for a stream");
    dict_init(&s->names, TOPICS_MAX);
    s->checkpoint_frames = t->checkpoint_frames ? t->checkpoint_frames : CHECKPOINT_FRAMES;
    if (embedded_file_write(path, t, &s->db, reterr) || prepare_all(s, reterr) ||
        read_topics(s, reterr)) {
        embedded_store_close(s);
        return -1;
    }
    sqlite3_wal_hook(s->db, on_wal, s);
    *ret = s;
    return 0;
}

void embedded_store_close(struct embedded_store *s)
{
    if (!s)
        return;
    forget_topics(s);
    dict_fini(&s->names);
    sqlite3_stmt *all[] = {s->begin,     s->commit,       s->rollback,
                           s->add_topic, s->put_position, s->first_position,
                           s->set_first, s->pages,        s->free_pages};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        sqlite3_finalize(all[i]);
    sqlite3_close(s->db);
    free(s);
}

int embedded_store_begin(struct embedded_store *s, struct err *reterr)
{
    return run(s, s->begin, "begin", reterr);
}

static struct embedded_topic *new_topic(struct embedded_store *s, struct slice name,
                                        struct err *reterr)
{
    embedded_bind(s->add_topic, 1, name);
    if (run(s, s->add_topic, "adding a topic", reterr))
        return NULL;
    int64_t id = sqlite3_last_insert_rowid(s->db);
    sqlite3_stmt *create;
    if (embedded_prepare(s->db, &create, reterr,
                         "CREATE TABLE record_%lld (offset INTEGER PRIMARY KEY,"
                         " time INTEGER NOT NULL, key BLOB, headers BLOB, value BLOB, sum INTEGER)",
                         (long long)id))
        return NULL;
    int rc = run(s, create, "adding a topic", reterr);
    sqlite3_finalize(create);
    struct embedded_topic *t = rc ? NULL : remember_topic(s, name, reterr);
    if (t)
        t->id = id;
    return t;
}

static struct embedded_topic *topic_for(struct embedded_store *s, struct slice name,
                                        struct err *reterr)
{
    uint64_t *index = dict_get(&s->names, name);
    struct embedded_topic *t = index ? &s->topics[*index] : new_topic(s, name, reterr);
    if (t && !t->insert &&
        embedded_prepare(s->db, &t->insert, reterr,
                         "INSERT INTO record_%lld VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                         (long long)t->id))
        return NULL;
    return t;
}

static int add_record(struct embedded_store *s, const struct embedded_record *r, int64_t time_ms,
                      struct err *reterr)
{
    struct embedded_topic *t = topic_for(s, r->topic, reterr);
    if (!t)
        return -1;
    sqlite3_bind_int64(t->insert, 1, t->end);
    sqlite3_bind_int64(t->insert, 2, time_ms);
    embedded_bind_blob(t->insert, 3, r->key);
    embedded_bind_blob(t->insert, 4, r->headers);
    embedded_bind_blob(t->insert, 5, r->value);
    sqlite3_bind_int64(t->insert, 6, embedded_sum(t->end, time_ms, r->key, r->headers, r->value));
    if (run(s, t->insert, "append", reterr))
        return -1;
    t->end++;
    return 0;
}

static int add_position(struct embedded_store *s, const struct stream_position *p, bool first,
                        struct err *reterr)
{
    sqlite3_stmt *st = first ? s->first_position : s->put_position;
    embedded_bind(st, 1, p->group);
    embedded_bind(st, 2, p->topic);
    embedded_bind(st, 3, p->partition);
    sqlite3_bind_int64(st, 4, p->next);
    return run(s, st, "moving a position", reterr);
}

int embedded_store_add(struct embedded_store *s, const struct embedded_set *set, struct err *reterr)
{
    for (unsigned i = 0; i < set->nrecords; i++)
        if (add_record(s, &set->records[i], set->time_ms, reterr))
            return -1;
    for (unsigned i = 0; i < set->npositions; i++)
        if (add_position(s, &set->positions[i], set->first_positions, reterr))
            return -1;
    return 0;
}

int embedded_store_commit(struct embedded_store *s, struct err *reterr)
{
    return run(s, s->commit, "commit", reterr);
}

void embedded_store_rollback(struct embedded_store *s)
{
    struct err ignored;
    if (!sqlite3_get_autocommit(s->db))
        run(s, s->rollback, "rollback", &ignored);
    forget_topics(s);
    /* Where this fails, a topic that is missing here is found again by the UNIQUE name of the next
     * append, and that set fails: nothing gets a wrong offset. */
    if (read_topics(s, &ignored))
        forget_topics(s);
}

void embedded_store_checkpoint(struct embedded_store *s)
{
    if (s->wal_frames < s->checkpointed_frames)
        s->checkpointed_frames = 0; /* the WAL began anew */
    if (s->wal_frames - s->checkpointed_frames < (int)s->checkpoint_frames)
        return;
    int frames = 0, done = 0;
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &done);
    s->checkpointed_frames = s->wal_frames;
}

static int delete_before(struct embedded_store *s, struct embedded_topic *t, int64_t before,
                         struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(s->db, &st, reterr, "DELETE FROM record_%lld WHERE offset < ?1",
                         (long long)t->id))
        return -1;
    sqlite3_bind_int64(st, 1, before);
    int rc = run(s, st, "retention", reterr);
    sqlite3_finalize(st);
    if (rc)
        return -1;
    sqlite3_bind_int64(s->set_first, 1, t->id);
    sqlite3_bind_int64(s->set_first, 2, before);
    return run(s, s->set_first, "retention", reterr);
}

int embedded_store_prune(struct embedded_store *s, struct embedded_topic *t, int64_t before,
                         struct err *reterr)
{
    if (embedded_store_begin(s, reterr))
        return -1;
    if (delete_before(s, t, before, reterr) || embedded_store_commit(s, reterr)) {
        embedded_store_rollback(s);
        return -1;
    }
    t->first = before;
    return 0;
}

static int read_pragma(struct embedded_store *s, sqlite3_stmt *st, int64_t *ret, struct err *reterr)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    else
        embedded_err(s->db, "reading its size", reterr);
    sqlite3_reset(st);
    return rc == SQLITE_ROW ? 0 : -1;
}

int embedded_store_size(struct embedded_store *s, uint64_t *ret, struct err *reterr)
{
    int64_t pages, unused;
    if (read_pragma(s, s->pages, &pages, reterr) || read_pragma(s, s->free_pages, &unused, reterr))
        return -1;
    *ret = (uint64_t)((pages - unused) * EMBEDDED_PAGE_BYTES);
    return 0;
}
