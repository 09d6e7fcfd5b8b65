/* conf.h - option rows: one table says name, type, range, default and help of each option of a
 * struct, and reads, checks and documents it. */
#ifndef WEIR_CONF_H
#define WEIR_CONF_H

#include <stddef.h>
#include "yaml.h"

enum conf_type {
    CONF_TEXT,     /* struct slice */
    CONF_BOOL,     /* bool */
    CONF_INT,      /* int64_t, between min and max */
    CONF_DURATION, /* int64_t, ms: "30s" */
    CONF_SIZE,     /* uint64_t, bytes: "8MiB" */
    CONF_CHOICE,   /* int: index into choices */
    CONF_TEXTS,    /* struct conf_texts: a list of texts, or one text */
    CONF_SECRET,   /* struct slice: "file:PATH" or "env:NAME" names it; the value itself is never
                      written in a config */
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
    const char *const *choices; /* CHOICE, NULL-terminated */
    bool required;
    const char *help;
};

/* Fills `into` from a map (NULL: presets only). ERR_CONF with file:line:column: unknown key (with
 * the nearest known one), wrong type, out of range, missing. Texts live in the arena. A secret file
 * that others may read is refused. */
int conf_read(const struct yaml *map, const struct conf_option *options, unsigned n,
              struct arena *arena, void *into, struct err *reterr);

#endif
