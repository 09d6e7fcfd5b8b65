#include "stream_embedded_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* 1: the first. 2: each record carries a sum (stream_embedded_sum.h). */
enum { FORMAT = 2, FORMAT_OLDEST = 1, WRITER_WAIT_MS = 5000, READER_WAIT_MS = 50 };

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
    " first INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE position (grp TEXT NOT NULL, topic TEXT NOT NULL, part TEXT NOT NULL,"
    " next INTEGER NOT NULL, PRIMARY KEY (grp, topic, part)) WITHOUT ROWID;"
    "PRAGMA user_version = 2;"
    "COMMIT";

/* Checkpoints are the writer's alone and are started by hand; deleted pages are reused without
 * being written once more. */
static const char pragmas[] = "PRAGMA page_size = 16384;"
                              "PRAGMA journal_mode = WAL;"
                              "PRAGMA synchronous = FULL;"
                              "PRAGMA wal_autocheckpoint = 0;"
                              "PRAGMA journal_size_limit = 67108864;"
                              "PRAGMA secure_delete = FAST;"
                              "PRAGMA trusted_schema = OFF";

static enum err_code meaning(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return ERR_REFUSED;
    default:
        return ERR_IO;
    }
}

int embedded_err(sqlite3 *db, const char *doing, struct err *reterr)
{
    int rc = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
    const char *path = db ? sqlite3_db_filename(db, "main") : NULL;
    return err_set(reterr, meaning(rc), "%s: %s: %s (SQLite %d, errno %d)", path ? path : "stream",
                   doing, sqlite3_errstr(rc), rc, db ? sqlite3_system_errno(db) : 0);
}

int embedded_prepare(sqlite3 *db, sqlite3_stmt **ret, struct err *reterr, const char *fmt, ...)
{
    char sql[400];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(sql, sizeof(sql), fmt, ap);
    va_end(ap);
    if (sqlite3_prepare_v3(db, sql, n + 1, SQLITE_PREPARE_PERSISTENT, ret, NULL) != SQLITE_OK)
        return embedded_err(db, "prepare", reterr);
    return 0;
}

int embedded_bind(sqlite3_stmt *st, int at, struct slice text)
{
    return sqlite3_bind_text(st, at, text.n ? text.p : "", (int)text.n, SQLITE_STATIC);
}

int embedded_bind_blob(sqlite3_stmt *st, int at, struct slice bytes)
{
    if (!slice_present(bytes))
        return sqlite3_bind_null(st, at);
    return sqlite3_bind_blob(st, at, bytes.p, (int)bytes.n, SQLITE_STATIC);
}

static int read_number(sqlite3 *db, const char *sql, int64_t *ret, struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(db, &st, reterr, "%s", sql))
        return -1;
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : embedded_err(db, sql, reterr);
}

static int refuse_format(const char *path, int64_t format, struct err *reterr)
{
    if (format == 0)
        return err_set(reterr, ERR_REFUSED, "%s: this database is not a stream of weir", path);
    return err_set(reterr, ERR_REFUSED,
                   "%s: the file has format %lld, this program knows formats %d to %d: use the "
                   "version of weir that wrote it, or a newer one",
                   path, (long long)format, FORMAT_OLDEST, FORMAT);
}

static bool known(int64_t format)
{
    return format >= FORMAT_OLDEST && format <= FORMAT;
}

/* Adds a column to every topic of a file of format 1. Nothing is rewritten: a record without a sum
 * is one of before. */
static int upgrade(sqlite3 *db, struct err *reterr)
{
    sqlite3_stmt *st;
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc != SQLITE_OK || embedded_prepare(db, &st, reterr, "SELECT id FROM topic"))
        return embedded_err(db, "going over to a new format", reterr);
    while (rc == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
        char sql[80];
        snprintf(sql, sizeof(sql), "ALTER TABLE record_%lld ADD COLUMN sum INTEGER",
                 (long long)sqlite3_column_int64(st, 0));
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    sqlite3_finalize(st);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "PRAGMA user_version = 2; COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    embedded_err(db, "going over to a new format", reterr);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}

/* Makes the tables of a new file; refuses what somebody else made. */
static int settle_schema(sqlite3 *db, const char *path, struct err *reterr)
{
    int64_t format = 0, tables = 0;
    if (read_number(db, "PRAGMA user_version", &format, reterr) ||
        read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, reterr))
        return -1;
    if (format == FORMAT)
        return 0;
    if (known(format))
        return upgrade(db, reterr);
    if (format || tables)
        return refuse_format(path, format, reterr);
    if (sqlite3_exec(db, schema, NULL, NULL, NULL) != SQLITE_OK)
        return embedded_err(db, "making the tables", reterr);
    return 0;
}

static int create_private(const char *path, struct err *reterr)
{
    /* Only a file that was not there is opened here: closing one that SQLite has open in this
     * process would drop its locks. */
    int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        return err_set(reterr, errno == ENOSPC ? ERR_FULL : ERR_IO, "%s: %s", path,
                       strerror(errno));
    return 0;
}

static int settle_writer(sqlite3 *db, const char *path, const struct embedded_tuning *t,
                         struct err *reterr)
{
    sqlite3_busy_timeout(db, WRITER_WAIT_MS);
    int64_t format = 0;
    if (read_number(db, "PRAGMA user_version", &format, reterr))
        return -1;
    if (format && !known(format))
        return refuse_format(path, format, reterr);
    if (sqlite3_exec(db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
        return embedded_err(db, "setting up", reterr);
    if (t->no_sync)
        sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    if (settle_schema(db, path, reterr))
        return -1;
    /* A sync that failed before a crash may have left frames that are only in the page cache.
     * Nothing is to be appended behind those: everything moves into the database first. */
    int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 : embedded_err(db, "checkpoint", reterr);
}

int embedded_file_write(const char *path, const struct embedded_tuning *t, sqlite3 **ret,
                        struct err *reterr)
{
    if (create_private(path, reterr))
        return -1;
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &db, flags, t->vfs);
    if (rc != SQLITE_OK || settle_writer(db, path, t, reterr)) {
        if (rc != SQLITE_OK)
            embedded_err(db, "open", reterr);
        sqlite3_close(db);
        return -1;
    }
    *ret = db;
    return 0;
}

/* 0 ready, 1 not yet, -1 never. */
static int check_reader(sqlite3 *db, const char *path, bool *ret_sums, struct err *reterr)
{
    int64_t format = 0, tables = 0;
    /* In this order: a file that is being made between the two has a format by then. */
    if (read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, reterr) ||
        read_number(db, "PRAGMA user_version", &format, reterr)) {
        int rc = sqlite3_errcode(db) & 0xff;
        return rc == SQLITE_BUSY || rc == SQLITE_CANTOPEN || rc == SQLITE_LOCKED ? 1 : -1;
    }
    *ret_sums = format == FORMAT;
    if (known(format))
        return 0;
    return format || tables ? refuse_format(path, format, reterr) : 1;
}

int embedded_file_read(const char *path, const struct embedded_tuning *t, sqlite3 **ret,
                       bool *ret_sums, struct err *reterr)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &db, flags, t->vfs);
    if (rc != SQLITE_OK) {
        embedded_err(db, "open", reterr);
        sqlite3_close(db);
        return access(path, F_OK) ? 1 : -1;
    }
    sqlite3_busy_timeout(db, READER_WAIT_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    rc = sqlite3_wal_autocheckpoint(db, 0) == SQLITE_OK ? check_reader(db, path, ret_sums, reterr)
                                                        : embedded_err(db, "setting up", reterr);
    if (rc) {
        sqlite3_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}
