#include "drop_feed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "clock.h"
#include "folder_drop.h"
#include "json.h"
#include "rfc3339.h"

enum {
    KINDS_MAX = 8,
    ROWS_MAX = 500, /* of one file, without those of the one before */
    FILES_MAX = 64, /* without a report yet */
    NAME_SIZE = 96,
    FILE_MAX = 4 * 1024 * 1024,
    REPORT_MAX = 1024 * 1024,
    LOOK_MS = 100,
    DAY_SECONDS = 86400,
};

typedef char row_key[TELLING_KEY];

/* What is gathered of one kind. */
struct gathered {
    const struct row_kind *kind;
    struct buf rows, before; /* before: those of the last file */
    row_key *keys;
    unsigned n, files;
    int64_t first_s; /* when the first of them was told */
};

struct dropped {
    char name[NAME_SIZE];
    row_key *keys;
    unsigned n;
};

struct drop_feed {
    struct drop_feed_options options;
    struct ledger *ledger;
    int dir;
    struct gathered kinds[KINDS_MAX];
    unsigned nkinds;
    struct dropped files[FILES_MAX];
    unsigned nfiles;
    struct buf file, report;
    struct arena arena;
    struct feed_counts counts;
    int64_t looked_ms;
    struct err trouble;
};

int drop_feed_open(const struct drop_feed_options *options, struct ledger *ledger,
                   struct drop_feed **ret, struct err *reterr)
{
    struct drop_feed *f = calloc(1, sizeof(*f));
    if (!f)
        return err_set(reterr, ERR_NOMEM, "no memory for a feed");
    f->options = *options;
    f->ledger = ledger;
    f->counts.last_ms = clock_mono_ms();
    buf_init(&f->file, 2 * FILE_MAX);
    buf_init(&f->report, REPORT_MAX);
    arena_init(&f->arena, REPORT_MAX * 4);
    f->dir = open(options->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->dir < 0) {
        err_fill(reterr, ERR_IO, "%s: %s", options->folder, strerror(errno));
        drop_feed_close(f);
        return -1;
    }
    *ret = f;
    return 0;
}

void drop_feed_close(struct drop_feed *f)
{
    if (!f)
        return;
    for (unsigned i = 0; i < f->nkinds; i++) {
        buf_fini(&f->kinds[i].rows);
        buf_fini(&f->kinds[i].before);
        free(f->kinds[i].keys);
    }
    for (unsigned i = 0; i < f->nfiles; i++)
        free(f->files[i].keys);
    buf_fini(&f->file);
    buf_fini(&f->report);
    arena_fini(&f->arena);
    if (f->dir >= 0)
        close(f->dir);
    free(f);
}

bool drop_feed_room(const struct drop_feed *f)
{
    return f->nfiles + f->nkinds + 1 < FILES_MAX;
}

/* ---- files ---- */

static void name_file(const struct gathered *g, int64_t now_s, char out[NAME_SIZE])
{
    int y, m, d;
    int of_day = (int)(now_s % DAY_SECONDS);
    rfc3339_date(now_s / DAY_SECONDS, &y, &m, &d);
    snprintf(out, NAME_SIZE, "%s-%04d%02d%02d-%02d%02d-%05u.csv", g->kind->name, y, m, d,
             of_day / 3600, of_day / 60 % 60, g->files);
}

/* It waits for its report: with the keys of its rows, which are those of no other file. */
static void await(struct drop_feed *f, struct gathered *g, const char *name)
{
    struct dropped *d = &f->files[f->nfiles++];
    snprintf(d->name, sizeof(d->name), "%s", name);
    d->keys = g->keys;
    d->n = g->n;
    g->keys = NULL;
    feed_counts_wait(&f->counts, d->n);
}

static int drop(struct drop_feed *f, struct gathered *g, int64_t now_s, struct err *reterr)
{
    char name[NAME_SIZE];
    g->files++;
    name_file(g, now_s, name);
    buf_reset(&f->file);
    buf_puts(&f->file, g->kind->header);
    buf_putc(&f->file, '\n');
    buf_put(&f->file, buf_slice(&g->before));
    buf_put(&f->file, buf_slice(&g->rows));
    if (!buf_ok(&f->file) || !buf_ok(&g->rows))
        return err_set(reterr, ERR_NOMEM, "no memory for %s", name);
    for (unsigned i = 0; i < g->n; i++)
        ledger_sent(f->ledger, g->keys[i], 0);
    if (folder_drop_put(f->dir, name, buf_slice(&f->file), reterr) < 0)
        return -1;
    if (f->options.answered)
        await(f, g, name);
    struct buf before = g->before;
    g->before = g->rows;
    g->rows = before;
    buf_reset(&g->rows);
    g->n = 0;
    return 0;
}

int drop_feed_flush(struct drop_feed *f, int64_t now_s, struct err *reterr)
{
    for (unsigned i = 0; i < f->nkinds; i++) {
        struct gathered *g = &f->kinds[i];
        bool due = now_s == INT64_MAX || now_s - g->first_s >= f->options.every_s;
        if (g->n && due && drop(f, g, now_s == INT64_MAX ? g->first_s : now_s, reterr) < 0)
            return -1;
    }
    return 0;
}

/* ---- rows ---- */

static struct gathered *kind_of(struct drop_feed *f, const struct row_kind *kind)
{
    for (unsigned i = 0; i < f->nkinds; i++)
        if (f->kinds[i].kind == kind)
            return &f->kinds[i];
    if (f->nkinds == KINDS_MAX)
        return NULL;
    struct gathered *g = &f->kinds[f->nkinds++];
    g->kind = kind;
    buf_init(&g->rows, FILE_MAX);
    buf_init(&g->before, FILE_MAX);
    return g;
}

int drop_feed_put(struct drop_feed *f, const struct telling *t, struct err *reterr)
{
    struct gathered *g = kind_of(f, t->rows);
    if (g && g->n == ROWS_MAX && drop(f, g, t->sent, reterr) < 0)
        return -1;
    if (g && !g->keys)
        g->keys = calloc(ROWS_MAX, sizeof(*g->keys));
    if (!g || !g->keys)
        return err_set(reterr, ERR_NOMEM, "no memory for rows");
    if (g->n == 0)
        g->first_s = t->sent;
    memcpy(g->keys[g->n++], t->key, sizeof(row_key));
    buf_put(&g->rows, t->bytes);
    buf_putc(&g->rows, '\n');
    return 0;
}

/* ---- reports ---- */

static bool is_done(struct drop_feed *f, const char *name)
{
    struct json *report;
    arena_reset(&f->arena);
    if (json_read(buf_slice(&f->report), &json_default_limits, &f->arena, &report, &f->trouble) < 0)
        return false;
    struct slice result = json_text(report, "result");
    if (slice_eq_str(result, "done"))
        return true;
    err_fill(&f->trouble, ERR_PEER, "%s was not taken whole: see its report in bad/", name);
    return false;
}

static void answered(struct drop_feed *f, struct dropped *d, bool taken)
{
    for (unsigned i = 0; i < d->n; i++)
        ledger_answer(f->ledger, d->keys[i], slice_str(d->keys[i]),
                      taken ? SLICE("AA") : SLICE("AE"), 0);
    feed_counts_answer(&f->counts, d->n, taken, false);
    free(d->keys);
    *d = f->files[--f->nfiles];
}

void drop_feed_look(struct drop_feed *f)
{
    int64_t now = clock_mono_ms();
    if (now - f->looked_ms < LOOK_MS)
        return;
    f->looked_ms = now;
    for (unsigned i = 0; i < f->nfiles;) {
        if (folder_drop_report(f->dir, f->files[i].name, &f->report))
            answered(f, &f->files[i], is_done(f, f->files[i].name));
        else
            i++;
    }
}

void drop_feed_counts(const struct drop_feed *f, struct feed_counts *ret)
{
    *ret = f->counts;
}

const char *drop_feed_trouble(const struct drop_feed *f)
{
    return f->trouble.text;
}
