/* mllp_port.h - the listening port of one source, and its sessions. Owns both. */
#ifndef WEIR_MLLP_PORT_H
#define WEIR_MLLP_PORT_H

#include "session.h"

struct mllp_port {
    struct intake *intake;
    struct loop *loop;
    struct conn_shared *shared; /* borrowed */
    struct source source;
    struct session_rules rules;
    struct listener *listener; /* NULL: draining */
    struct session *sessions;
    unsigned nsessions;
    struct loop_timer *timer;
};

struct mllp_port_options {
    struct intake *intake;
    struct loop *loop;
    struct conn_shared *shared;
    const struct site *site;
    const struct site_source *conf;
    const struct source_families *families;
};

/* Compiles the source's maps and listens. p must stay where it is. ERR_CONF, ERR_IO. */
int mllp_port_open(struct mllp_port *p, const struct mllp_port_options *o, struct err *reterr);
void mllp_port_close(struct mllp_port *p);
/* Stops listening and reading; done when p->nsessions is 0. */
void mllp_port_drain(struct mllp_port *p);
/* Takes a session out and gives its place back; called by session_close. */
void mllp_port_forget(struct mllp_port *p, struct session *s);
/* Sessions that wait for room may read on. */
void mllp_port_resume(struct mllp_port *p);

#endif
