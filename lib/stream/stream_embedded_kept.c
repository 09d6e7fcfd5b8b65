#include "stream_embedded_kept.h"

#include <limits.h>

enum { COUNT_ROWS = 4096 };

void embedded_kept_init(struct embedded_kept *k, const struct stream_options *o)
{
    *k = (struct embedded_kept){.bytes = 0};
    stream_keep_init(&k->keep, o);
}

/* A record's part of its pages. Records are appended, so a leaf holds as many as fit: between what
 * records of one size would leave unused and nothing. The rest of a large one stands in pages of
 * its own (SQLite file format, 1.5 and 1.6). */
static uint64_t share_of_pages(uint64_t payload)
{
    enum {
        CELL = 16,
        LEAF = EMBEDDED_PAGE_BYTES - 8,
        INLINE_MOST = LEAF - CELL,
        INLINE = (EMBEDDED_PAGE_BYTES - 12) * 32 / 255 - 23 + CELL
    };
    uint64_t cell = payload + CELL, overflow = EMBEDDED_PAGE_BYTES - 4;
    if (cell <= INLINE_MOST)
        return (cell + EMBEDDED_PAGE_BYTES / (LEAF / cell)) / 2;
    return INLINE + (payload - INLINE + overflow - 1) / overflow * EMBEDDED_PAGE_BYTES;
}

/* Adds what the records in [from, before) weigh, at most *left of them; *from ends behind the last.
 */
static int weigh(struct embedded_store *store, const struct embedded_topic *t, int64_t *from,
                 int64_t before, unsigned *left, uint64_t *sum, struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(store->db, &st, reterr,
                         "SELECT offset, ifnull(length(key), 0) + ifnull(length(headers), 0) + "
                         "ifnull(length(value), 0) FROM record_%lld WHERE offset >= ?1 AND "
                         "offset < ?2 ORDER BY offset LIMIT ?3",
                         (long long)t->id))
        return -1;
    sqlite3_bind_int64(st, 1, *from);
    sqlite3_bind_int64(st, 2, before);
    sqlite3_bind_int64(st, 3, *left);
    int rc;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        *from = sqlite3_column_int64(st, 0) + 1;
        *sum += share_of_pages((uint64_t)sqlite3_column_int64(st, 1));
        --*left;
    }
    if (rc != SQLITE_DONE)
        embedded_err(store->db, "counting what is kept", reterr);
    sqlite3_finalize(st);
    return rc == SQLITE_DONE ? 0 : -1;
}

int embedded_kept_count(struct embedded_kept *k, struct embedded_store *store, struct err *reterr)
{
    unsigned left = COUNT_ROWS;
    for (size_t i = 0; i < store->ntopics; i++) {
        const struct embedded_topic *t = &store->topics[i];
        int at = stream_keep_find(&k->keep, t->name);
        if (at < 0 || k->counted[at] >= t->end)
            continue;
        if (weigh(store, t, &k->counted[at], t->end, &left, &k->bytes, reterr))
            return -1;
        if (!left && k->counted[at] < t->end)
            return 0;
    }
    return 1;
}

int embedded_kept_weigh(const struct embedded_kept *k, struct embedded_store *store,
                        const struct embedded_topic *t, int64_t before, uint64_t *ret,
                        struct err *reterr)
{
    int64_t counted = k->counted[stream_keep_find(&k->keep, t->name)], from = t->first;
    unsigned left = UINT_MAX;
    *ret = 0;
    return weigh(store, t, &from, before < counted ? before : counted, &left, ret, reterr);
}

void embedded_kept_gone(struct embedded_kept *k, const struct embedded_topic *t, int64_t before,
                        uint64_t weight)
{
    int64_t *counted = &k->counted[stream_keep_find(&k->keep, t->name)];
    k->bytes -= weight < k->bytes ? weight : k->bytes;
    if (*counted < before)
        *counted = before;
}
