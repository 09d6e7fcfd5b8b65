/* ports.h - the sources that one adapter process hosts, and how a new configuration takes their
 * place.
 *
 *   listening -> leaving (no more in the configuration: answers still go out) -> gone
 *
 * Owns the ports; borrows intake, loop, shared, families and audit. A reload takes all of the new
 * configuration or nothing: what may fail is done for every source before the first one changes. */
#ifndef WEIR_PORTS_H
#define WEIR_PORTS_H

#include "mllp_port.h"

enum { PORTS_MAX = 256 };

struct ports_options {
    struct intake *intake;
    struct loop *loop;
    struct conn_shared *shared;
    const struct source_families *families;
    struct audit *audit;
    const char *adapter; /* hosts the sources that name it */
};

struct ports {
    struct ports_options o;
    struct mllp_port *all[PORTS_MAX], *leaving[PORTS_MAX];
    unsigned n, nleaving;
    struct loop_timer *reaper;
};

/* ERR_CONF also where the site has no source for this adapter. p must stay where it is. */
int ports_open(struct ports *p, const struct ports_options *o, const struct site *site,
               struct err *reterr);
void ports_close(struct ports *p);
/* Appends to `what` what was taken, for a person. On failure nothing has changed. */
int ports_reload(struct ports *p, const struct site *fresh, struct buf *what, struct err *reterr);
/* Stops listening and reading; done when ports_quiet. */
void ports_drain(struct ports *p);
bool ports_quiet(const struct ports *p);
/* Sessions that wait for room may read on. */
void ports_resume(struct ports *p);
/* The port of that source (one that leaves is none), or NULL. */
struct mllp_port *ports_find(const struct ports *p, struct slice source);

#endif
