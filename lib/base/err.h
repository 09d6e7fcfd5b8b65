/* err.h - an error as a value: what is wrong, whether trying again may help, and where.
 *
 * Functions that can fail take `struct err *reterr` last (never NULL) and fill it only when they
 * fail. The text is for a person (what is wrong, where, what to do) and never carries patient data.
 * Callers add where with err_at(). */
#ifndef WEIR_ERR_H
#define WEIR_ERR_H

#include <stdarg.h>
#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_INPUT, /* what was given is wrong and stays wrong */
    ERR_CONF,  /* the configuration is wrong (exit 78) */
    ERR_LIMIT, /* a configured limit was reached */
    ERR_FULL,  /* no room now: disk or queue */
    ERR_IO,    /* the system refused: file, socket, sync */
    ERR_PEER,  /* the other side misbehaved or is away */
    ERR_NOMEM,
    ERR_REFUSED, /* not possible in this state: locked, closed, lost position */
};

struct err {
    enum err_code code;
    bool retriable; /* the same call may succeed later, unchanged */
    char text[400];
};

/* Fill *e (retriable: FULL, IO, PEER, NOMEM); err_prefix puts "where: " in front of the text. */
void err_fill(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void err_vfill(struct err *e, enum err_code code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
void err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same as an expression that is -1, so that `return err_set(…)` reads well and the compiler
 * knows that the call failed. */
static inline int err_failed(void)
{
    return -1;
}
#define err_set(e, code, ...) (err_fill((e), (code), __VA_ARGS__), err_failed())
#define err_at(e, ...) (err_prefix((e), __VA_ARGS__), err_failed())
/* The exit code of a command for it (sysexits: 78 configuration, 65 data, 74 I/O, 75 try later, 70
 * else). */
int err_exit_code(const struct err *e);

#endif
