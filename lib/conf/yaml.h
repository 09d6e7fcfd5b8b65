/* yaml.h - YAML read into a tree that knows where each value stands; libyaml is used only here.
 *
 * The tree lives in the arena given, which bounds it together with the limits below. Anchors,
 * aliases, tags, duplicate keys and a second document are refused. After parsing, ${VAR},
 * ${VAR:-default} and ${VAR:?message} in values (not keys) are expanded, once, so that a variable
 * can never change the structure; $${ is a plain ${. */
#ifndef WEIR_YAML_H
#define WEIR_YAML_H

#include <stdint.h>
#include "arena.h"
#include "err.h"

enum { YAML_BYTES_MAX = 8 << 20, YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 200000 };

enum yaml_kind { YAML_SCALAR, YAML_MAP, YAML_LIST };

struct yaml {
    enum yaml_kind kind;
    bool quoted;       /* scalar written in quotes: "" is a value, plain nothing (or ~) is none */
    struct slice text; /* scalar, NUL behind it; absent for plain nothing */
    struct slice name; /* key of this entry of a map, else absent */
    struct yaml *child, *next;
    uint32_t count;        /* entries of a map or list */
    const char *file;      /* as given */
    uint32_t line, column; /* from 1, of the value */
    uint32_t name_line, name_column;
};

/* getenv-like: NULL for a variable that is not set. A NULL function: no expansion. */
typedef const char *(*yaml_env_fn)(const char *name, void *arg);

/* The environment of the process as a yaml_env_fn; arg is not used. */
const char *yaml_getenv(const char *name, void *arg);
/* Reads a file, or text with `file` as its name in messages (copied). Text with nothing in it is a
 * scalar without text. ERR_CONF with file:line:column; ERR_IO. */
int yaml_read_file(const char *file, yaml_env_fn env, void *arg, struct arena *arena,
                   struct yaml **ret, struct err *reterr);
int yaml_read(struct slice text, const char *file, yaml_env_fn env, void *arg, struct arena *arena,
              struct yaml **ret, struct err *reterr);
/* The entry of that key, or NULL (also for NULL and for what is no map). */
struct yaml *yaml_get(const struct yaml *map, const char *name);
/* Where an error of that entry stands: the entry, or the map where it is not written. */
const struct yaml *yaml_at(const struct yaml *map, const char *name);
/* ERR_CONF "file:line:column: …"; returns -1. */
void yaml_fill(const struct yaml *at, struct err *reterr, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
#define yaml_err(at, e, ...) (yaml_fill((at), (e), __VA_ARGS__), err_failed())
/* The same values in the same order, wherever they stand; two NULLs are the same. */
bool yaml_same(const struct yaml *a, const struct yaml *b);
/* The candidate most like word (edit distance), or NULL where none is near: for "did you mean". */
const char *yaml_nearest(struct slice word, const char *const *candidates, unsigned n);

#endif
