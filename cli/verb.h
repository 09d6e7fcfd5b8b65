/* verb.h - what each verb of `weir` is: a name, a page of help with an example, and a function that
 * ends in an exit code.
 *
 * Exit codes: 0 done; 1 done, but something was refused or found; 64 wrong use; 74 input or output
 * failed; 75 try later; 78 the configuration is wrong. */
#ifndef WEIR_VERB_H
#define WEIR_VERB_H

#include "err.h"

enum { EXIT_FOUND = 1, EXIT_USAGE = 64, EXIT_IO = 74, EXIT_AWAY = 75, EXIT_CONFIG = 78 };

struct verb {
    const char *name;
    const char *summary; /* one line of `weir --help` */
    const char *help;    /* the rest of `weir NAME --help`, an example included */
    /* argv[0] is the verb's name. */
    int (*run)(const struct verb *self, int argc, char **argv);
};

extern const struct verb verb_check, verb_codes, verb_doctor, verb_events, verb_explain,
    verb_frames, verb_inspect, verb_parked, verb_pause, verb_resume, verb_rejected, verb_relay,
    verb_reload, verb_retranslate, verb_routes, verb_run, verb_send, verb_simulate, verb_status,
    verb_tail, verb_test, verb_topics, verb_translate;

/* Prints the verb's help to standard output, returns 0. */
int verb_help(const struct verb *v);
/* "weir NAME: …" and where help is, to standard error; returns EXIT_USAGE. */
int verb_usage(const struct verb *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "weir NAME: text" to standard error; returns the exit code for the error. */
int verb_fail(const struct verb *v, const struct err *e);

#endif
