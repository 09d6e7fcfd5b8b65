#include "site_tables.h"

#include <stdlib.h>

#include "conf_file.h"
#include "csv.h"
#include "site_parts.h"

enum {
    NAMES_MAX = 10000,
    TABLES_ARENA_MAX = 512 << 20,
    SHAPES_MAX = 32, /* ways in which a table puts its stars */
};

/* Whose tables: the first that has an entry counts. */
enum layer { OF_SOURCE, OF_SITE, OF_FILES, OF_DEFAULTS, LAYERS };

/* Where the stars of a key stand: bit i is part i. */
struct shape {
    uint8_t parts, stars, mask;
};

struct site_table {
    struct slice name;
    struct dict entries; /* key, stars included -> const struct entry * */
    struct shape shapes[SHAPES_MAX];
    unsigned nshapes;
    const struct site_table *next; /* of the same name, in a later layer */
};

struct entry {
    struct slice value;
    const char *file;
    uint32_t line;
};

struct site_tables {
    struct arena arena;
    struct dict layers[LAYERS]; /* name -> table */
    struct site_table **all;
    unsigned n, cap, entries;
};

/* One entry on its way in. */
struct row {
    struct slice table, key, value;
    const char *file;
    uint32_t line;
};

static int bad_row(const struct row *r, struct err *reterr, const char *what)
{
    return err_set(reterr, ERR_CONF, "%s:%u: table %.*s: %s", r->file, r->line, SLICE_ARG(r->table),
                   what);
}

static int no_room(const struct row *r, struct err *reterr)
{
    return err_set(reterr, ERR_LIMIT, "%s:%u: tables need more than the memory set aside", r->file,
                   r->line);
}

static bool shape_of(struct slice key, struct shape *ret)
{
    struct shape s = {0};
    while (slice_present(key)) {
        struct slice part = slice_split(&key, '/');
        if (s.parts == SITE_TABLE_PARTS_MAX)
            return false;
        if (slice_eq_str(part, "*")) {
            s.mask |= (uint8_t)(1u << s.parts);
            s.stars++;
        }
        s.parts++;
    }
    *ret = s;
    return true;
}

/* Fewest stars first; of equals the one whose stars stand later (bits are mirrored by the part). */
static bool before(struct shape a, struct shape b)
{
    if (a.parts != b.parts)
        return a.parts < b.parts;
    if (a.stars != b.stars)
        return a.stars < b.stars;
    unsigned differ = a.mask ^ b.mask;
    return differ && !(a.mask & (differ & (0u - differ)));
}

static int add_shape(struct site_table *t, struct shape s, const struct row *r, struct err *reterr)
{
    unsigned at = 0;
    for (unsigned i = 0; i < t->nshapes; i++)
        if (t->shapes[i].parts == s.parts && t->shapes[i].mask == s.mask)
            return 0;
    if (t->nshapes == SHAPES_MAX)
        return bad_row(r, reterr, "stars stand in more than 32 ways");
    while (at < t->nshapes && before(t->shapes[at], s))
        at++;
    memmove(&t->shapes[at + 1], &t->shapes[at], (t->nshapes - at) * sizeof(s));
    t->shapes[at] = s;
    t->nshapes++;
    return 0;
}

static struct site_table *new_table(struct site_tables *ts, struct slice name)
{
    if (ts->n == ts->cap) {
        unsigned cap = ts->cap ? ts->cap * 2 : 16;
        struct site_table **all = realloc(ts->all, cap * sizeof(*all));
        if (!all)
            return NULL;
        ts->all = all;
        ts->cap = cap;
    }
    struct site_table *t = arena_zalloc(&ts->arena, 1, sizeof(*t));
    if (!t)
        return NULL;
    t->name = name;
    dict_init(&t->entries, SITE_TABLE_ENTRIES_MAX);
    ts->all[ts->n++] = t;
    return t;
}

static struct site_table *table_of(struct site_tables *ts, struct dict *names, struct slice name)
{
    bool is_new;
    uint64_t *v = dict_put(names, name, &is_new);
    if (!v)
        return NULL;
    if (is_new)
        *v = (uint64_t)(uintptr_t)new_table(ts, name);
    return (struct site_table *)(uintptr_t)*v;
}

unsigned site_table_parts(struct slice key)
{
    unsigned n = 0;
    for (; slice_present(key); n++)
        slice_split(&key, '/');
    return n;
}

static int check_layer(const struct site_table *t, site_table_fine_fn fine, const void *arg,
                       struct err *reterr)
{
    size_t at = 0;
    uint64_t v;
    struct slice key, first = {0};
    const struct entry *worst = NULL;
    char why[SITE_TABLE_WHY] = "";
    while (dict_next(&t->entries, &at, &key, &v)) {
        const struct entry *e = (const struct entry *)(uintptr_t)v;
        if ((worst && worst->line < e->line) || fine(arg, key, e->value, why))
            continue;
        worst = e;
        first = key;
    }
    if (!worst)
        return 0;
    fine(arg, first, worst->value, why);
    return err_set(reterr, ERR_CONF, "%s:%u: table %.*s: \"%.*s: %.*s\": %s", worst->file,
                   worst->line, SLICE_ARG(t->name), SLICE_ARG(first), SLICE_ARG(worst->value), why);
}

int site_table_check(const struct site_table *t, site_table_fine_fn fine, const void *arg,
                     struct err *reterr)
{
    for (; t; t = t->next)
        if (check_layer(t, fine, arg, reterr) < 0)
            return -1;
    return 0;
}

static int put_entry(struct site_tables *ts, struct site_table *t, const struct row *r,
                     struct err *reterr)
{
    bool is_new;
    uint64_t *v = dict_put(&t->entries, r->key, &is_new);
    if (!v)
        return no_room(r, reterr);
    if (!is_new) {
        const struct entry *old = (const struct entry *)(uintptr_t)*v;
        if (slice_eq(old->value, r->value))
            return 0;
        return err_set(reterr, ERR_CONF, "%s:%u: table %.*s: \"%.*s\" has another value on %s:%u",
                       r->file, r->line, SLICE_ARG(r->table), SLICE_ARG(r->key), old->file,
                       old->line);
    }
    struct entry *e = arena_alloc(&ts->arena, sizeof(*e));
    if (!e || ++ts->entries > SITE_TABLE_ENTRIES_MAX) {
        dict_delete(&t->entries, r->key);
        return no_room(r, reterr);
    }
    *e = (struct entry){r->value, r->file, r->line};
    *v = (uint64_t)(uintptr_t)e;
    return 0;
}

static int put_row(struct site_tables *ts, struct dict *names, const struct row *r,
                   struct err *reterr)
{
    struct shape shape;
    if (r->key.n == 0 || r->key.n > SITE_TABLE_KEY_MAX)
        return bad_row(r, reterr, "a key has 1 to 256 bytes");
    if (!shape_of(r->key, &shape))
        return bad_row(r, reterr, "a key has at most 8 parts");
    struct site_table *t = table_of(ts, names, r->table);
    if (!t)
        return no_room(r, reterr);
    if (shape.stars && add_shape(t, shape, r, reterr) < 0)
        return -1;
    return put_entry(ts, t, r, reterr);
}

static int put_map(struct site_tables *ts, struct dict *names, const struct yaml *table,
                   struct err *reterr)
{
    if (site_check_word(table, "table", reterr) < 0)
        return -1;
    if (table->kind != YAML_MAP)
        return yaml_err(table, reterr, "a table is a map of key to value");
    for (const struct yaml *n = table->child; n; n = n->next) {
        if (n->kind != YAML_SCALAR || !slice_present(n->text))
            return yaml_err(n, reterr, "the value of a table's entry is a text");
        struct row r = {table->name, n->name, n->text, n->file, n->line};
        if (put_row(ts, names, &r, reterr) < 0)
            return -1;
    }
    return table_of(ts, names, table->name) ? 0 : err_set(reterr, ERR_NOMEM, "tables: no memory");
}

static int put_maps(struct site_tables *ts, struct dict *names, const struct yaml *tables,
                    struct err *reterr)
{
    if (site_section(tables, "tables", &tables, reterr) < 0)
        return -1;
    for (const struct yaml *t = tables ? tables->child : NULL; t; t = t->next)
        if (put_map(ts, names, t, reterr) < 0)
            return -1;
    return 0;
}

/* A CSV file while it is read. */
struct rows {
    struct csv csv;
    struct slice rest;
    struct slice cells[3]; /* of the row read last, with a NUL behind each */
    unsigned n;            /* how many it has */
    unsigned line;
    const char *file;
};

enum { CELLS_MAX = 64 };

/* 1 a row, 0 the end, -1 with file:line. */
static int next_row(struct rows *rows, struct arena *arena, struct err *reterr)
{
    struct slice cells[CELLS_MAX];
    struct csv_row row;
    enum csv_result got = csv_next(&rows->csv, &rows->rest, true, &row);
    if (got == CSV_MORE)
        return 0;
    rows->line = (unsigned)row.line;
    if (got == CSV_BAD)
        return err_set(reterr, ERR_CONF, "%s:%u:%u: %s", rows->file, (unsigned)row.fault_line,
                       (unsigned)row.fault_column, row.why);
    enum csv_cells split = csv_cells(&row, &rows->csv.rules, arena, cells, CELLS_MAX, &rows->n);
    if (split == CSV_CELLS_MANY)
        return err_set(reterr, ERR_CONF, "%s:%u: more than %d cells", rows->file, rows->line,
                       CELLS_MAX);
    for (unsigned i = 0; split == CSV_CELLS_OK && i < rows->n && i < 3; i++)
        rows->cells[i] = arena_copy(arena, cells[i]);
    return arena->overflow
               ? err_set(reterr, ERR_LIMIT, "%s:%u: more than fits the memory set aside",
                         rows->file, rows->line)
               : 1;
}

static int put_rows(struct site_tables *ts, struct dict *names, struct rows *rows,
                    struct err *reterr)
{
    const struct slice *cells = rows->cells;
    int got = next_row(rows, &ts->arena, reterr);
    if (got < 0)
        return -1;
    if (!got || rows->n != 3 || !slice_eq_str(cells[0], "table") ||
        !slice_eq_str(cells[1], "key") || !slice_eq_str(cells[2], "value"))
        return err_set(reterr, ERR_CONF, "%s:1: the first line must be: table,key,value",
                       rows->file);
    while ((got = next_row(rows, &ts->arena, reterr)) > 0) {
        struct row r = {cells[0], cells[1], cells[2], rows->file, rows->line};
        if (rows->n != 3)
            return err_set(reterr, ERR_CONF, "%s:%u: a line has 3 cells: table,key,value",
                           rows->file, rows->line);
        if (r.table.n == 0)
            return bad_row(&r, reterr, "the table has no name");
        if (put_row(ts, names, &r, reterr) < 0)
            return -1;
    }
    return got;
}

static int put_file(struct site_tables *ts, struct dict *names, struct slice file,
                    struct err *reterr)
{
    static const struct csv_rules rules = {.delimiter = ','};
    struct rows rows = {.file = file.p};
    struct buf text;
    if (conf_file(file.p, SITE_TABLE_FILE_MAX, &text, reterr) < 0)
        return -1;
    rows.rest = buf_slice(&text);
    if (slice_starts(rows.rest, SLICE("\xef\xbb\xbf")))
        rows.rest = slice_sub(rows.rest, 3, rows.rest.n);
    csv_begin(&rows.csv, &rules);
    int rc = put_rows(ts, names, &rows, reterr);
    buf_fini(&text);
    return rc;
}

static int fill(struct site_tables *ts, const struct site *site, const struct site_source *source,
                const struct conf_texts *files, const struct yaml *defaults, struct err *reterr)
{
    if (site && put_maps(ts, &ts->layers[OF_SITE], site->tables, reterr) < 0)
        return -1;
    for (unsigned i = 0; site && i < site->table_files.n; i++)
        if (put_file(ts, &ts->layers[OF_SITE], site->table_files.at[i], reterr) < 0)
            return -1;
    if (source && put_maps(ts, &ts->layers[OF_SOURCE], source->tables, reterr) < 0)
        return -1;
    for (unsigned i = 0; files && i < files->n; i++)
        if (put_file(ts, &ts->layers[OF_FILES], files->at[i], reterr) < 0)
            return -1;
    return put_maps(ts, &ts->layers[OF_DEFAULTS], defaults, reterr);
}

static struct site_table *find_from(const struct site_tables *ts, unsigned layer, struct slice name)
{
    const uint64_t *v = NULL;
    for (; layer < LAYERS && !v; layer++)
        v = dict_get(&ts->layers[layer], name);
    return v ? (struct site_table *)(uintptr_t)*v : NULL;
}

static void link_layers(struct site_tables *ts)
{
    for (unsigned layer = 0; layer < LAYERS; layer++) {
        size_t at = 0;
        struct slice name;
        uint64_t v;
        while (dict_next(&ts->layers[layer], &at, &name, &v))
            ((struct site_table *)(uintptr_t)v)->next = find_from(ts, layer + 1, name);
    }
}

int site_tables_open(const struct site *site, const struct site_source *source,
                     const struct conf_texts *files, const struct yaml *defaults,
                     struct site_tables **ret, struct err *reterr)
{
    struct site_tables *ts = calloc(1, sizeof(*ts));
    if (!ts)
        return err_set(reterr, ERR_NOMEM, "tables: no memory");
    arena_init(&ts->arena, TABLES_ARENA_MAX);
    for (unsigned i = 0; i < LAYERS; i++)
        dict_init(&ts->layers[i], NAMES_MAX);
    if (fill(ts, site, source, files, defaults, reterr) < 0) {
        site_tables_close(ts);
        return -1;
    }
    link_layers(ts);
    *ret = ts;
    return 0;
}

void site_tables_close(struct site_tables *ts)
{
    if (!ts)
        return;
    for (unsigned i = 0; i < ts->n; i++)
        dict_fini(&ts->all[i]->entries);
    free(ts->all);
    for (unsigned i = 0; i < LAYERS; i++)
        dict_fini(&ts->layers[i]);
    arena_fini(&ts->arena);
    free(ts);
}

const struct site_table *site_table_find(const struct site_tables *t, struct slice name)
{
    return find_from(t, 0, name);
}

/* The parts of the key; 0 where there are more than a shape has. */
static unsigned split(struct slice key, struct slice parts[SITE_TABLE_PARTS_MAX])
{
    unsigned n = 0;
    while (slice_present(key)) {
        if (n == SITE_TABLE_PARTS_MAX)
            return 0;
        parts[n++] = slice_split(&key, '/');
    }
    return n;
}

/* The key with "*" for the parts of the mask: never longer than two bytes a part and the key. */
static struct slice starred(const struct slice *parts, unsigned nparts, uint8_t mask, char *out)
{
    size_t n = 0;
    for (unsigned i = 0; i < nparts; i++) {
        if (i)
            out[n++] = '/';
        if (mask & (1u << i)) {
            out[n++] = '*';
            continue;
        }
        memcpy(out + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    return slice_make(out, n);
}

static struct slice get_here(const struct site_table *t, struct slice key)
{
    struct slice parts[SITE_TABLE_PARTS_MAX];
    char buf[SITE_TABLE_KEY_MAX + SITE_TABLE_PARTS_MAX];
    const uint64_t *v = dict_get(&t->entries, key);
    unsigned n = !v && t->nshapes ? split(key, parts) : 0;
    for (unsigned i = 0; !v && i < t->nshapes; i++)
        if (t->shapes[i].parts == n)
            v = dict_get(&t->entries, starred(parts, n, t->shapes[i].mask, buf));
    return v ? ((const struct entry *)(uintptr_t)*v)->value : SLICE_ABSENT;
}

struct slice site_table_get(const struct site_table *t, struct slice key)
{
    struct slice value = SLICE_ABSENT;
    if (!key.n || key.n > SITE_TABLE_KEY_MAX)
        return value;
    for (; t && !slice_present(value); t = t->next)
        value = get_here(t, key);
    return value;
}

struct slice site_table_get_parts(const struct site_table *t, const struct slice *parts, unsigned n)
{
    char key[SITE_TABLE_KEY_MAX];
    size_t len = 0;
    for (unsigned i = 0; i < n; i++) {
        if (len + parts[i].n + 1 > sizeof(key))
            return SLICE_ABSENT;
        if (i)
            key[len++] = '/';
        if (parts[i].n)
            memcpy(key + len, parts[i].p, parts[i].n);
        len += parts[i].n;
    }
    return site_table_get(t, slice_make(key, len));
}
