#include "map_table.h"

enum { ENTRIES_MAX = 100000 };

/* An entry whose key has a "*". */
struct wild {
    struct slice key, value;
    unsigned stars;
};

struct map_table {
    struct slice name;
    const struct site_table *site;
    struct dict exact;  /* key -> struct slice * */
    struct wild *wilds; /* fewest stars first, then as written */
    unsigned nwilds;
    struct map_table *next;
};

struct map_tables {
    const struct site_tables *site;
    struct arena *arena;
    struct map_table *first;
};

static unsigned count_stars(struct slice key)
{
    unsigned stars = 0;
    while (slice_present(key))
        stars += slice_eq(slice_split(&key, '/'), SLICE("*"));
    return stars;
}

static bool wild_fits(struct slice pattern, struct slice key)
{
    while (slice_present(pattern) && slice_present(key)) {
        struct slice want = slice_split(&pattern, '/');
        struct slice part = slice_split(&key, '/');
        if (!slice_eq(want, part) && !slice_eq(want, SLICE("*")))
            return false;
    }
    return !slice_present(pattern) && !slice_present(key);
}

static void wild_insert(struct map_table *t, struct wild w)
{
    unsigned at = t->nwilds++;
    for (; at > 0 && t->wilds[at - 1].stars > w.stars; at--)
        t->wilds[at] = t->wilds[at - 1];
    t->wilds[at] = w;
}

static int add_entry(struct map_table *t, const struct yaml *node, struct arena *arena,
                     struct err *reterr)
{
    if (node->kind != YAML_SCALAR || !slice_present(node->text))
        return yaml_err(node, reterr, "a table has one text for each key");
    unsigned stars = count_stars(node->name);
    if (stars) {
        wild_insert(t, (struct wild){node->name, node->text, stars});
        return 0;
    }
    struct slice *value = arena_alloc(arena, sizeof(*value));
    uint64_t *slot = value ? dict_put(&t->exact, node->name, NULL) : NULL;
    if (!slot)
        return yaml_err(node, reterr, "no room for this table");
    *value = node->text;
    *slot = (uint64_t)(uintptr_t)value;
    return 0;
}

static struct map_table *table_new(struct map_tables *t, struct slice name, unsigned entries)
{
    struct map_table *table = arena_zalloc(t->arena, 1, sizeof(*table));
    if (!table)
        return NULL;
    table->name = name;
    table->site = t->site ? site_table_find(t->site, name) : NULL;
    dict_init(&table->exact, ENTRIES_MAX);
    table->wilds = arena_alloc(t->arena, (entries + 1) * sizeof(*table->wilds));
    if (!table->wilds)
        return NULL;
    table->next = t->first;
    t->first = table;
    return table;
}

static int add_table(struct map_tables *t, const struct yaml *node, struct err *reterr)
{
    if (node->kind != YAML_MAP)
        return yaml_err(node, reterr, "a table is keys and their values");
    struct map_table *table = table_new(t, node->name, node->count);
    if (!table)
        return err_set(reterr, ERR_NOMEM, "no room for the tables of the maps");
    for (const struct yaml *entry = node->child; entry; entry = entry->next)
        if (add_entry(table, entry, t->arena, reterr) < 0)
            return -1;
    return 0;
}

int map_tables_open(const struct site_tables *site, const struct yaml *shipped, struct arena *arena,
                    struct map_tables **ret, struct err *reterr)
{
    struct map_tables *t = arena_zalloc(arena, 1, sizeof(*t));
    if (!t)
        return err_set(reterr, ERR_NOMEM, "no room for the tables of the maps");
    t->site = site;
    t->arena = arena;
    for (const struct yaml *node = shipped ? shipped->child : NULL; node; node = node->next)
        if (add_table(t, node, reterr) < 0) {
            map_tables_close(t);
            return -1;
        }
    *ret = t;
    return 0;
}

void map_tables_close(struct map_tables *t)
{
    for (struct map_table *table = t ? t->first : NULL; table; table = table->next)
        dict_fini(&table->exact);
}

const struct map_table *map_table_find(struct map_tables *t, struct slice name)
{
    for (const struct map_table *table = t->first; table; table = table->next)
        if (slice_eq(table->name, name))
            return table;
    /* Only the site has it: a table without defaults stands for it from now on. */
    return t->site && site_table_find(t->site, name) ? table_new(t, name, 0) : NULL;
}

const struct map_table *map_table_have(struct map_tables *t, struct slice name)
{
    const struct map_table *table = map_table_find(t, name);
    return table ? table : table_new(t, name, 0);
}

struct slice map_table_get(const struct map_table *t, struct slice key)
{
    struct slice value = t->site ? site_table_get(t->site, key) : SLICE_ABSENT;
    if (slice_present(value))
        return value;
    const uint64_t *exact = t->exact.count ? dict_get(&t->exact, key) : NULL;
    if (exact)
        return *(const struct slice *)(uintptr_t)*exact;
    for (unsigned i = 0; i < t->nwilds; i++)
        if (wild_fits(t->wilds[i].key, key))
            return t->wilds[i].value;
    return SLICE_ABSENT;
}

struct slice map_table_get_parts(const struct map_table *t, const struct slice *parts, unsigned n)
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
    return map_table_get(t, slice_make(key, len));
}
