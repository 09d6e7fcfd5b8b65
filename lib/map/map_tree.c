#include "map_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { FILES_MAX = 64, INCLUDE_DEPTH = 8, NAMES_MAX = 256 };

/* A section that a later file replaces. */
enum { WHOLE = 99 };

/* Sections, and how deep maps within them are merged; below that a later one replaces. */
static const struct {
    const char *name;
    unsigned depth;
} sections[] = {
    {"include", 0},      {"fields", 1},         {"flags", 1},           {"groups", 2},
    {"ids", 1},          {"pl", WHOLE},         {"places", 1},          {"tables", 2},
    {"times", 1},        {"table_files", 0},    {"triggers", 5},        {"trigger", WHOLE},
    {"volatile", WHOLE}, {"control_id", WHOLE}, {"time_format", WHOLE},
};
enum { NSECTIONS = sizeof(sections) / sizeof(sections[0]) };

static int section_of(const struct yaml *node, unsigned *ret, struct err *reterr)
{
    const char *names[NSECTIONS];
    for (unsigned i = 0; i < NSECTIONS; i++) {
        names[i] = sections[i].name;
        if (slice_eq_str(node->name, names[i])) {
            *ret = i;
            return 0;
        }
    }
    const char *near = yaml_nearest(node->name, names, NSECTIONS);
    return yaml_err(node, reterr, "a map has no section \"%.*s\"; it has %s%s",
                    SLICE_ARG(node->name),
                    near ? ""
                         : "include, fields, flags, groups, ids, pl, places, tables, table_files, "
                           "times, triggers; of json, csv and fhir also trigger, control_id, "
                           "volatile, time_format",
                    near ? near : "");
}

static bool is_nothing(const struct yaml *node)
{
    return node->kind == YAML_SCALAR && !node->quoted && !slice_present(node->text);
}

static struct yaml **find(struct yaml *map, struct slice name)
{
    struct yaml **at = &map->child;
    while (*at && !slice_eq((*at)->name, name))
        at = &(*at)->next;
    return at;
}

/* {same_as: A04} takes the place of what was written out. */
static bool made_as_another(const struct yaml *trigger)
{
    const struct yaml *same = yaml_get(trigger, "same_as");
    return same && !is_nothing(same);
}

/* "~" for what no earlier file has: a slip of the hand, and what was meant stays. */
static int nothing_to_take_out(const struct yaml *base, const struct yaml *node, struct err *reterr)
{
    const char *names[NAMES_MAX];
    unsigned n = 0;
    for (const struct yaml *c = base->child; c && n < NAMES_MAX; c = c->next)
        names[n++] = c->name.p;
    const char *near = yaml_nearest(node->name, names, n);
    return yaml_err(
        node, reterr, "~ takes out what an earlier file has; \"%.*s\" is not there%s%s%s",
        SLICE_ARG(node->name), near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* Moves the children of `over` into `base`; both are maps. */
static int merge(struct yaml *base, struct yaml *over, unsigned depth, struct err *reterr)
{
    /* Who writes this means none, and would get all. */
    if (slice_eq_str(over->name, "events") && !over->child && base->child)
        return yaml_err(over, reterr,
                        "{} adds nothing to the events of %s:%u: take each out, as in {%.*s: ~}",
                        base->file, base->line, SLICE_ARG(base->child->name));
    for (struct yaml *node = over->child, *next; node; node = next) {
        next = node->next;
        struct yaml **at = find(base, node->name);
        struct yaml *old = *at;
        if (!old && is_nothing(node))
            return nothing_to_take_out(base, node, reterr);
        if (!old) {
            node->next = NULL;
            *at = node;
            base->count++;
        } else if (is_nothing(node)) {
            *at = old->next;
            base->count--;
        } else if (depth > 1 && !made_as_another(node) && old->kind == YAML_MAP &&
                   node->kind == YAML_MAP) {
            if (merge(old, node, depth - 1, reterr) < 0)
                return -1;
        } else {
            node->next = old->next;
            *at = node;
        }
    }
    return 0;
}

static void replace(struct yaml *root, struct yaml *node)
{
    struct yaml **at = find(root, node->name);
    node->next = *at ? (*at)->next : NULL;
    *at = node;
}

static int merge_file(struct map_tree *t, struct yaml *file, struct err *reterr)
{
    for (struct yaml *node = file->child, *next; node; node = next) {
        next = node->next;
        unsigned s = 0;
        if (section_of(node, &s, reterr) < 0)
            return -1;
        if (sections[s].depth == WHOLE)
            replace(t->root, node);
        if (sections[s].depth == 0 || sections[s].depth == WHOLE)
            continue;
        if (node->kind != YAML_MAP)
            return yaml_err(node, reterr, "%s: names and what they mean are wanted here",
                            sections[s].name);
        struct yaml **at = find(t->root, node->name);
        if (*at) {
            if (merge(*at, node, sections[s].depth, reterr) < 0)
                return -1;
        } else {
            node->next = NULL;
            *at = node;
        }
    }
    return 0;
}

static int add(struct map_tree *t, const char *file, unsigned depth, struct err *reterr);

static char *beside(struct arena *arena, const char *file, struct slice name)
{
    const char *slash = strrchr(file, '/');
    int folder = slash && (!name.n || name.p[0] != '/') ? (int)(slash - file + 1) : 0;
    struct slice path = arena_printf(arena, "%.*s%.*s", folder, file, SLICE_ARG(name));
    char *real = slice_present(path) ? realpath(path.p, NULL) : NULL;
    struct slice kept = real ? arena_copy(arena, slice_str(real)) : path;
    free(real);
    union {
        const char *in;
        char *out;
    } p = {.in = kept.p};
    return p.out;
}

static int add_includes(struct map_tree *t, const struct yaml *root, const char *file,
                        unsigned depth, struct err *reterr)
{
    const struct yaml *list = yaml_get(root, "include");
    if (!list)
        return 0;
    if (list->kind != YAML_LIST)
        return yaml_err(list, reterr, "include: a list of files is wanted here");
    for (const struct yaml *node = list->child; node; node = node->next) {
        if (node->kind != YAML_SCALAR || !node->text.n)
            return yaml_err(node, reterr, "a file name is wanted here");
        if (depth == INCLUDE_DEPTH)
            return yaml_err(node, reterr, "files include each other %u deep", depth);
        const char *path = beside(t->arena, file, node->text);
        if (!path)
            return err_set(reterr, ERR_NOMEM, "no room for the maps");
        if (add(t, path, depth + 1, reterr) < 0)
            return err_at(reterr, "%s:%u:%u", node->file, node->line, node->column);
    }
    return 0;
}

/* The CSV files that a map file names, from its own folder. */
static int add_table_files(struct map_tree *t, const struct yaml *root, const char *file,
                           struct err *reterr)
{
    const struct yaml *list = yaml_get(root, "table_files");
    if (!list)
        return 0;
    if (list->kind != YAML_LIST)
        return yaml_err(list, reterr, "table_files: a list of CSV files is wanted here");
    struct slice *at =
        arena_zalloc(t->arena, t->table_files.n + list->count + 1, sizeof(struct slice));
    if (!at)
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    unsigned n = t->table_files.n;
    if (n)
        memcpy(at, t->table_files.at, n * sizeof(*at));
    for (const struct yaml *node = list->child; node; node = node->next) {
        if (node->kind != YAML_SCALAR || !node->text.n)
            return yaml_err(node, reterr, "a file name is wanted here");
        const char *path = beside(t->arena, file, node->text);
        if (!path)
            return err_set(reterr, ERR_NOMEM, "no room for the maps");
        at[n++] = slice_str(path);
    }
    t->table_files.at = at;
    t->table_files.n = n;
    return 0;
}

static int add_root(struct map_tree *t, struct yaml *root, const char *file, unsigned depth,
                    struct err *reterr)
{
    if (root->kind != YAML_MAP)
        return yaml_err(root, reterr, "a map file holds sections: fields, triggers, …");
    if (add_includes(t, root, file, depth, reterr) < 0 ||
        add_table_files(t, root, file, reterr) < 0)
        return -1;
    if (!t->root) {
        t->root = arena_zalloc(t->arena, 1, sizeof(*t->root));
        if (!t->root)
            return err_set(reterr, ERR_NOMEM, "no room for the maps");
        t->root->kind = YAML_MAP;
        t->root->file = file;
    }
    return merge_file(t, root, reterr);
}

/* False when the file is in already. */
static bool note_file(struct map_tree *t, const char *file, struct err *reterr, int *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < t->nfiles; i++)
        if (strcmp(t->files[i], file) == 0)
            return false;
    if (!t->files)
        t->files = arena_zalloc(t->arena, FILES_MAX, sizeof(*t->files));
    if (!t->files || t->nfiles == FILES_MAX) {
        *ret = err_set(reterr, ERR_LIMIT, "%s: more than %d map files for one source", file,
                       FILES_MAX);
        return false;
    }
    t->files[t->nfiles++] = file;
    return true;
}

static int add(struct map_tree *t, const char *file, unsigned depth, struct err *reterr)
{
    int rc;
    if (!note_file(t, file, reterr, &rc))
        return rc;
    struct yaml *root;
    if (yaml_read_file(file, NULL, NULL, t->arena, &root, reterr) < 0)
        return -1;
    return add_root(t, root, file, depth, reterr);
}

int map_tree_add(struct map_tree *t, const char *file, struct err *reterr)
{
    const char *path = beside(t->arena, "", slice_str(file));
    if (!path)
        return err_set(reterr, ERR_NOMEM, "no room for the maps");
    return add(t, path, 0, reterr);
}

int map_tree_add_text(struct map_tree *t, struct slice text, const char *file, struct err *reterr)
{
    struct yaml *root;
    if (yaml_read(text, file, NULL, NULL, t->arena, &root, reterr) < 0)
        return -1;
    return add_root(t, root, file, 0, reterr);
}

static int is_map_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && slice_ends(slice_str(entry->d_name), SLICE(".yaml"));
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int map_tree_add_folder(struct map_tree *t, const char *folder, struct err *reterr)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, is_map_file, by_name);
    if (n < 0)
        return err_set(reterr, ERR_IO, "%s: cannot read the folder of maps: %s", folder,
                       strerror(errno));
    int rc = n ? 0 : err_set(reterr, ERR_CONF, "%s: no *.yaml in the folder of maps", folder);
    for (int i = 0; i < n; i++) {
        if (rc == 0) {
            struct slice path = arena_printf(t->arena, "%s/%s", folder, entries[i]->d_name);
            rc = slice_present(path) ? map_tree_add(t, path.p, reterr)
                                     : err_set(reterr, ERR_NOMEM, "no room for the maps");
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}
