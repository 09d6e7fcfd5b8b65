/* conf.h - option rows: one table says name, type, range, default and help of each option of a
 * struct, and reads, checks and documents it.
 *
 * What is read lives in the arena given. No file is opened but by conf_secret. */
#ifndef WEIR_CONF_H
#define WEIR_CONF_H

#include <stddef.h>
#include "buf.h"
#include "yaml.h"

enum conf_type {
    CONF_TEXT,     /* struct slice; with choices: one of these */
    CONF_BOOL,     /* bool */
    CONF_INT,      /* int64_t, between min and max */
    CONF_DURATION, /* int64_t, ms: "30s" */
    CONF_SIZE,     /* uint64_t, bytes: "8MiB" */
    CONF_CHOICE,   /* int: index into choices */
    CONF_TEXTS,    /* struct conf_texts: a list of texts, or one text */
    CONF_SECRET,   /* const struct yaml *: "file:PATH" or "env:NAME" names it, conf_secret reads it;
                      the value itself is never written in a config */
    CONF_NODE,     /* const struct yaml *: read by the owner */
};

struct conf_texts {
    struct slice *at;
    unsigned n;
};

struct conf_option {
    const char *name;
    enum conf_type type;
    size_t offset;
    const char *preset;         /* default as text; NULL = absent or zero */
    int64_t min, max;           /* INT, DURATION, SIZE; max 0 = none */
    const char *const *choices; /* CHOICE, TEXT; NULL-terminated */
    bool required;
    const char *help; /* one sentence for docs/config.md */
};

/* Fills `into` from a map (NULL: presets only). ERR_CONF with file:line:column: unknown key (with
 * the nearest known one), wrong type, out of range, missing. Texts live in the arena. */
int conf_read(const struct yaml *map, const struct conf_option *options, unsigned n,
              struct arena *arena, void *into, struct err *reterr);
/* Reads the secret that a CONF_SECRET names: the text of a file (one newline at its end trimmed;
 * refused when others may read or its group may write it, or when it holds nothing) or of a
 * variable. A file name is meant from the folder of the config. ERR_CONF, ERR_IO. */
int conf_secret(const struct yaml *at, struct arena *arena, struct slice *ret, struct err *reterr);
/* A file name made absolute from the folder of `file` (a config's name); "" and absolute ones stay.
 * Absent when the arena is full. */
struct slice conf_path(const char *file, struct slice name, struct arena *arena);
/* The rows as a table of markdown: option, type, default, help. */
void conf_print_options(const struct conf_option *options, unsigned n, struct buf *out);

#endif
