#include "stream_embedded_source.h"

#include <stdio.h>
#include <stdlib.h>

static void disconnect(struct embedded_source *s)
{
    for (size_t i = 0; i < s->nfetches; i++)
        sqlite3_finalize(s->fetches[i].st);
    free(s->fetches);
    s->fetches = NULL;
    s->nfetches = 0;
    sqlite3_close(s->db);
    s->db = NULL;
}

static int connect_again(struct embedded_source *s, struct err *reterr)
{
    if (s->db)
        return 0;
    int rc = embedded_file_read(s->path, s->tuning, &s->db, &s->sums, reterr);
    return rc > 0 ? err_set(reterr, ERR_IO, "%s: not ready to be read", s->path) : rc;
}

static int fail(struct embedded_source *s, const char *doing, struct err *reterr)
{
    embedded_err(s->db, doing, reterr);
    int rc = sqlite3_errcode(s->db) & 0xff;
    if (rc != SQLITE_BUSY && rc != SQLITE_LOCKED)
        disconnect(s);
    return -1;
}

int embedded_source_open(const char *dir, struct slice partition, const struct embedded_tuning *t,
                         struct embedded_source **ret, struct err *reterr)
{
    struct embedded_source *s = calloc(1, sizeof(*s));
    size_t size = strlen(dir) + partition.n + sizeof("/.db");
    if (!s || !(s->path = malloc(size))) {
        free(s);
        return err_set(reterr, ERR_NOMEM, "no memory for a reader");
    }
    snprintf(s->path, size, "%s/%.*s.db", dir, SLICE_ARG(partition));
    snprintf(s->partition, sizeof(s->partition), "%.*s", SLICE_ARG(partition));
    s->tuning = t;
    s->bell = -1;
    int rc = embedded_file_read(s->path, t, &s->db, &s->sums, reterr);
    if (rc) {
        embedded_source_close(s);
        return rc;
    }
    *ret = s;
    return 0;
}

void embedded_source_close(struct embedded_source *s)
{
    if (!s)
        return;
    disconnect(s);
    free(s->path);
    free(s);
}

/* The first column of the only row, or `none`. Ends st. */
static int ask(struct embedded_source *s, sqlite3_stmt *st, int64_t none, int64_t *ret,
               struct err *reterr)
{
    int rc = sqlite3_step(st);
    int64_t v = none;
    if (rc == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        v = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(s, "read", reterr);
    *ret = v;
    return 0;
}

int embedded_source_topic(struct embedded_source *s, struct slice name, int64_t *ret,
                          struct err *reterr)
{
    sqlite3_stmt *st;
    if (connect_again(s, reterr) ||
        embedded_prepare(s->db, &st, reterr, "SELECT id FROM topic WHERE name = ?1"))
        return -1;
    embedded_bind(st, 1, name);
    return ask(s, st, -1, ret, reterr);
}

int embedded_source_range(struct embedded_source *s, int64_t topic, int64_t *ret_first,
                          int64_t *ret_end, struct err *reterr)
{
    sqlite3_stmt *st;
    if (connect_again(s, reterr) ||
        embedded_prepare(s->db, &st, reterr,
                         "SELECT first, ifnull((SELECT max(offset) + 1 FROM record_%lld), first) "
                         "FROM topic WHERE id = %lld",
                         (long long)topic, (long long)topic))
        return -1;
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *ret_first = sqlite3_column_int64(st, 0);
        *ret_end = sqlite3_column_int64(st, 1);
    }
    sqlite3_finalize(st);
    if (rc == SQLITE_DONE)
        return err_set(reterr, ERR_IO, "%s: a topic is gone", s->path);
    return rc == SQLITE_ROW ? 0 : fail(s, "read", reterr);
}

int embedded_source_time_of(struct embedded_source *s, int64_t topic, int64_t offset, int64_t *ret,
                            struct err *reterr)
{
    sqlite3_stmt *st;
    if (connect_again(s, reterr) ||
        embedded_prepare(s->db, &st, reterr, "SELECT time FROM record_%lld WHERE offset = %lld",
                         (long long)topic, (long long)offset))
        return -1;
    return ask(s, st, 0, ret, reterr);
}

int embedded_source_at_time(struct embedded_source *s, int64_t topic, int64_t ms, int64_t *ret,
                            struct err *reterr)
{
    int64_t low, high;
    if (embedded_source_range(s, topic, &low, &high, reterr))
        return -1;
    while (low < high) {
        int64_t middle = low + (high - low) / 2, time;
        if (embedded_source_time_of(s, topic, middle, &time, reterr))
            return -1;
        if (time < ms)
            low = middle + 1;
        else
            high = middle;
    }
    *ret = low;
    return 0;
}

int embedded_source_position(struct embedded_source *s, struct slice group, struct slice topic,
                             struct slice partition, int64_t *ret, struct err *reterr)
{
    sqlite3_stmt *st;
    if (connect_again(s, reterr) ||
        embedded_prepare(s->db, &st, reterr,
                         "SELECT next FROM position WHERE grp = ?1 AND topic = ?2 AND part = ?3"))
        return -1;
    embedded_bind(st, 1, group);
    embedded_bind(st, 2, topic);
    embedded_bind(st, 3, partition);
    return ask(s, st, -1, ret, reterr);
}

static sqlite3_stmt *fetch_for(struct embedded_source *s, int64_t topic, struct err *reterr)
{
    for (size_t i = 0; i < s->nfetches; i++)
        if (s->fetches[i].topic == topic)
            return s->fetches[i].st;
    struct embedded_fetch *more = realloc(s->fetches, (s->nfetches + 1) * sizeof(*more));
    if (!more) {
        err_set(reterr, ERR_NOMEM, "no memory for a reader");
        return NULL;
    }
    s->fetches = more;
    sqlite3_stmt *st;
    if (embedded_prepare(s->db, &st, reterr,
                         "SELECT offset, time, key, headers, value, %s FROM record_%lld "
                         "WHERE offset >= ?1 ORDER BY offset LIMIT %d",
                         s->sums ? "sum" : "NULL", (long long)topic, EMBEDDED_ROWS_MAX))
        return NULL;
    more[s->nfetches++] = (struct embedded_fetch){topic, st};
    return st;
}

static size_t copy_column(struct buf *bytes, sqlite3_stmt *st, int column)
{
    if (sqlite3_column_type(st, column) == SQLITE_NULL)
        return SIZE_MAX;
    const char *p = sqlite3_column_blob(st, column);
    size_t n = (size_t)sqlite3_column_bytes(st, column);
    if (n)
        buf_put(bytes, slice_make(p, n));
    return n;
}

static bool copy_row(struct embedded_rows *rows, sqlite3_stmt *st)
{
    struct embedded_row *r = &rows->rows[rows->nrows];
    r->offset = sqlite3_column_int64(st, 0);
    r->time_ms = sqlite3_column_int64(st, 1);
    r->at = rows->bytes.n;
    r->key = copy_column(&rows->bytes, st, 2);
    r->headers = copy_column(&rows->bytes, st, 3);
    r->value = copy_column(&rows->bytes, st, 4);
    r->has_sum = sqlite3_column_type(st, 5) != SQLITE_NULL;
    r->sum = sqlite3_column_int64(st, 5);
    if (!buf_ok(&rows->bytes))
        return false;
    rows->nrows++;
    return true;
}

/* An earlier weir that wrote this file may have been followed by one that writes sums. */
static int look_for_sums(struct embedded_source *s, struct err *reterr)
{
    sqlite3_stmt *st;
    int64_t found;
    if (s->sums)
        return 0;
    if (embedded_prepare(s->db, &st, reterr,
                         "SELECT count(*) FROM pragma_user_version WHERE user_version > 1") ||
        ask(s, st, 0, &found, reterr))
        return -1;
    if (found)
        disconnect(s);
    return connect_again(s, reterr);
}

int embedded_source_fetch(struct embedded_source *s, int64_t topic, int64_t from,
                          struct embedded_rows *rows, int64_t *ret_first, struct err *reterr)
{
    if (connect_again(s, reterr) || look_for_sums(s, reterr))
        return -1;
    sqlite3_stmt *st = fetch_for(s, topic, reterr);
    if (!st)
        return -1;
    buf_reset(&rows->bytes);
    rows->nrows = 0;
    sqlite3_bind_int64(st, 1, from);
    int64_t first = INT64_MAX, expected = from;
    int rc;
    bool room = true;
    while (room && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        if (first == INT64_MAX)
            first = sqlite3_column_int64(st, 0);
        if (sqlite3_column_int64(st, 0) != expected++)
            break;
        room = copy_row(rows, st) && rows->bytes.n < EMBEDDED_ROWS_BYTES;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return fail(s, "read", reterr);
    sqlite3_reset(st);
    if (!buf_ok(&rows->bytes) && !rows->nrows)
        return err_set(reterr, ERR_NOMEM, "no memory for a record");
    *ret_first = first;
    return 0;
}
