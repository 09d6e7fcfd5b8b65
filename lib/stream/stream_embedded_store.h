/* stream_embedded_store.h - what the writer thread does to its file: records and positions in, one
 * transaction per batch, checkpoints.
 *
 * The store owns its connection. One thread uses it. After a failed call the transaction is to be
 * rolled back. */
#ifndef WEIR_STREAM_EMBEDDED_STORE_H
#define WEIR_STREAM_EMBEDDED_STORE_H

#include "dict.h"
#include "stream_embedded_file.h"
#include "stream_embedded_set.h"

struct embedded_topic {
    char name[STREAM_NAME_MAX + 1];
    int64_t id, first, end; /* records [first, end) */
    sqlite3_stmt *insert;   /* NULL until used */
};

struct embedded_store {
    sqlite3 *db;
    struct dict names; /* -> index in topics */
    struct embedded_topic *topics;
    size_t ntopics;
    sqlite3_stmt *begin, *commit, *rollback, *add_topic, *put_position, *first_position;
    sqlite3_stmt *set_first, *pages, *free_pages;
    int wal_frames, checkpointed_frames; /* after the last commit; at the last checkpoint tried */
    uint32_t checkpoint_frames;
};

int embedded_store_open(const char *path, const struct embedded_tuning *t,
                        struct embedded_store **ret, struct err *reterr);
/* NULL is fine. */
void embedded_store_close(struct embedded_store *s);

int embedded_store_begin(struct embedded_store *s, struct err *reterr);
int embedded_store_add(struct embedded_store *s, const struct embedded_set *set,
                       struct err *reterr);
/* Returns 0 when all since begin is durable. */
int embedded_store_commit(struct embedded_store *s, struct err *reterr);
/* Undoes what was added since begin, here and in the file. The connection is kept: SQLite writes
 * the next frames over those that were never committed, so nothing is ever appended behind a frame
 * whose sync failed. */
void embedded_store_rollback(struct embedded_store *s);

/* A passive checkpoint where the WAL has grown by enough since the last; never waits for a reader.
 * A failure is left to the next commit to find. */
void embedded_store_checkpoint(struct embedded_store *s);
/* Deletes [first, before) of the topic, as a transaction of its own. */
int embedded_store_prune(struct embedded_store *s, struct embedded_topic *t, int64_t before,
                         struct err *reterr);
/* Bytes of the file that hold something. */
int embedded_store_size(struct embedded_store *s, uint64_t *ret, struct err *reterr);

#endif
