/* simulate_options.h - the options of `weir simulate`. */
#ifndef WEIR_SIMULATE_OPTIONS_H
#define WEIR_SIMULATE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include "sector.h"
#include "verb.h"

struct simulate_options {
    enum sector sector;
    const char *to[WAYS]; /* where to in that way: HOST:PORT, URL, folder; all NULL: into `out` */
    const char *out;      /* a file or a folder; NULL: standard output */
    const char *ledger;   /* or NULL */
    const char *date;     /* YYYY-MM-DD */
    uint64_t seed, hospitals, connections, window, rate, speed, messages, hours, from;
    int64_t for_ms, answer_ms, give_up_ms; /* 0: none */
    bool odd, wards;
};

/* As options_read: -1 to go on, else the exit code to end with. */
int simulate_options_read(const struct verb *v, int argc, char **argv,
                          struct simulate_options *ret);

#endif
