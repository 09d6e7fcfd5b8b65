#include "stream_embedded_prune.h"

#include <glob.h>
#include <stdio.h>
#include "clock.h"

enum { SLICE_ROWS = 500, LOOK_MS = 1000, BUSY_GAP_MS = 50, TOPICS_MAX = 4096 };

void embedded_prune_init(struct embedded_prune *p, struct embedded_store *store,
                         const struct embedded_tuning *tuning, const char *dir, const char *writer,
                         const struct stream_options *o)
{
    *p = (struct embedded_prune){.store = store,
                                 .tuning = tuning,
                                 .dir = dir,
                                 .writer = writer,
                                 .retain_ms = o->retain_ms,
                                 .retain_bytes = o->retain_bytes,
                                 .disk_mark_bytes = o->disk_mark_bytes};
    embedded_kept_init(&p->kept, o);
    dict_init(&p->needs, TOPICS_MAX);
}

void embedded_prune_fini(struct embedded_prune *p)
{
    dict_fini(&p->needs);
}

int64_t embedded_prune_due(const struct embedded_prune *p, bool idle)
{
    if (!p->retain_ms && !p->retain_bytes && !p->disk_mark_bytes &&
        !stream_keep_ages(&p->kept.keep))
        return INT64_MAX;
    return idle || p->marked ? p->due_ms : p->due_ms + BUSY_GAP_MS;
}

/* A group that knows a topic and has no place in this partition has all of it to read. */
static int read_needs(struct embedded_prune *p, sqlite3 *db, struct err *reterr)
{
    sqlite3_stmt *st;
    if (embedded_prepare(db, &st, reterr,
                         "SELECT t.topic, min(ifnull(p.next, 0)) FROM position t LEFT JOIN "
                         "position p ON p.grp = t.grp AND p.topic = t.topic AND p.part = ?1 "
                         "WHERE t.part = '' OR t.part = ?1 GROUP BY t.topic"))
        return -1;
    embedded_bind(st, 1, slice_str(p->writer));
    int rc;
    bool full = false;
    while (!full && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct slice topic = slice_make((const char *)sqlite3_column_text(st, 0),
                                        (size_t)sqlite3_column_bytes(st, 0));
        bool fresh;
        uint64_t next = (uint64_t)sqlite3_column_int64(st, 1);
        uint64_t *least = dict_put(&p->needs, topic, &fresh);
        full = !least;
        if (least && (fresh || next < *least))
            *least = next;
    }
    sqlite3_finalize(st);
    return full || rc != SQLITE_DONE ? -1 : 0;
}

static int read_needs_of(struct embedded_prune *p, const char *path)
{
    struct err ignored;
    sqlite3 *db;
    bool sums;
    int rc = embedded_file_read(path, p->tuning, &db, &sums, &ignored);
    if (rc)
        return rc < 0 ? -1 : 0; /* a file that is being made has no groups yet */
    rc = read_needs(p, db, &ignored);
    sqlite3_close(db);
    return rc;
}

/* The positions of a group are in the file of the process that moves them. */
static void refresh_needs(struct embedded_prune *p, int64_t now)
{
    if (p->needs_ms && now - p->needs_ms < LOOK_MS)
        return;
    dict_fini(&p->needs);
    dict_init(&p->needs, TOPICS_MAX);
    char pattern[4200];
    glob_t found = {0};
    int n = snprintf(pattern, sizeof(pattern), "%s/*.db", p->dir);
    p->needs_all = n >= (int)sizeof(pattern) || glob(pattern, GLOB_NOSORT, NULL, &found) != 0;
    for (size_t i = 0; i < found.gl_pathc && !p->needs_all; i++)
        p->needs_all = read_needs_of(p, found.gl_pathv[i]) != 0;
    globfree(&found);
    p->needs_ms = now;
}

struct prunable {
    struct embedded_topic *topic;
    int64_t before, oldest_ms;
    int kept; /* its number, -1 = not a kept one */
};

/* What of this topic may go: the oldest up to `before` that were appended before `cut`, or enough
 * of them to shed `excess`. */
static int look_at(struct embedded_prune *p, struct embedded_topic *t, int64_t before, int64_t cut,
                   uint64_t excess, struct prunable *ret)
{
    struct err ignored;
    sqlite3_stmt *st;
    if (embedded_prepare(p->store->db, &st, &ignored,
                         "SELECT offset, time, ifnull(length(value), 0) FROM record_%lld "
                         "WHERE offset < ?1 ORDER BY offset LIMIT %d",
                         (long long)t->id, SLICE_ROWS))
        return -1;
    sqlite3_bind_int64(st, 1, before);
    uint64_t shed = 0;
    *ret = (struct prunable){.topic = t, .before = t->first, .kept = -1};
    while (sqlite3_step(st) == SQLITE_ROW) {
        int64_t time = sqlite3_column_int64(st, 1);
        if (time >= cut && shed >= excess)
            break;
        if (!shed)
            ret->oldest_ms = time;
        shed += (uint64_t)sqlite3_column_int64(st, 2) + 1;
        ret->before = sqlite3_column_int64(st, 0) + 1;
    }
    sqlite3_finalize(st);
    return ret->before > t->first ? 0 : -1;
}

static int64_t limit_of(const struct embedded_prune *p, const struct embedded_topic *t)
{
    uint64_t *need = p->marked ? NULL : dict_get(&p->needs, slice_str(t->name));
    return need && (int64_t)*need < t->end ? (int64_t)*need : t->end;
}

static int look_at_kept(struct embedded_prune *p, struct embedded_topic *t, int kept,
                        struct prunable *ret)
{
    int64_t cut = stream_keep_cut(&p->kept.keep, kept);
    if (cut == INT64_MIN || look_at(p, t, t->end, cut, 0, ret))
        return -1;
    ret->kept = kept;
    return 0;
}

static int look_at_plain(struct embedded_prune *p, struct embedded_topic *t, uint64_t excess,
                         struct prunable *ret)
{
    int64_t cut = p->retain_ms ? clock_wall_ms() - (int64_t)p->retain_ms : INT64_MIN;
    if ((!excess && !p->retain_ms) || (p->needs_all && !p->marked))
        return -1;
    return look_at(p, t, limit_of(p, t), cut, excess, ret);
}

static bool find_oldest(struct embedded_prune *p, uint64_t excess, struct prunable *ret)
{
    bool found = false;
    for (size_t i = 0; i < p->store->ntopics; i++) {
        struct embedded_topic *t = &p->store->topics[i];
        struct prunable one;
        int kept = stream_keep_find(&p->kept.keep, t->name);
        if (t->first == t->end ||
            (kept >= 0 ? look_at_kept(p, t, kept, &one) : look_at_plain(p, t, excess, &one)))
            continue;
        if (!found || one.oldest_ms < ret->oldest_ms)
            *ret = one;
        found = true;
    }
    return found;
}

static int drop(struct embedded_prune *p, const struct prunable *what, struct err *reterr)
{
    uint64_t weight = 0;
    if (what->kept >= 0 &&
        embedded_kept_weigh(&p->kept, p->store, what->topic, what->before, &weight, reterr))
        return -1;
    if (embedded_store_prune(p->store, what->topic, what->before, reterr))
        return -1;
    if (what->kept >= 0)
        embedded_kept_gone(&p->kept, what->topic, what->before, weight);
    return 0;
}

/* -1 where that is not known yet: to take more than what a limit asks for would be a loss. */
static int leave_out_kept(struct embedded_prune *p, uint64_t *size)
{
    struct err ignored;
    bool over = (p->retain_bytes && *size > p->retain_bytes) ||
                (p->disk_mark_bytes && *size > p->disk_mark_bytes);
    if (!over)
        return 0;
    int rc = embedded_kept_count(&p->kept, p->store, &ignored);
    if (rc == 0)
        p->due_ms = clock_mono_ms();
    *size -= p->kept.bytes < *size ? p->kept.bytes : *size;
    return rc == 1 ? 0 : -1;
}

static uint64_t excess_of(struct embedded_prune *p, uint64_t size)
{
    p->marked = p->disk_mark_bytes && size > p->disk_mark_bytes;
    uint64_t excess = p->retain_bytes && size > p->retain_bytes ? size - p->retain_bytes : 0;
    uint64_t over = p->marked ? size - p->disk_mark_bytes : 0;
    return over > excess ? over : excess;
}

void embedded_prune_failed(struct embedded_prune *p)
{
    stream_keep_failed(&p->kept.keep);
}

void embedded_prune_slice(struct embedded_prune *p)
{
    struct err ignored;
    uint64_t size;
    struct prunable oldest;
    int64_t now = clock_mono_ms();
    p->due_ms = now + LOOK_MS;
    if (embedded_store_size(p->store, &size, &ignored) || leave_out_kept(p, &size))
        return;
    uint64_t excess = excess_of(p, size);
    if (excess || p->retain_ms)
        refresh_needs(p, now);
    if (find_oldest(p, excess, &oldest) && drop(p, &oldest, &ignored) == 0)
        p->due_ms = now;
}
