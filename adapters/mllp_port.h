/* mllp_port.h - the doors of one source: its listening port with the sessions, its ports
 * for HTTP, and its drop folder. Each may be missing. Owns them, and holds the site
 * that they borrow from.
 *
 * A new configuration is prepared first, which may fail, and then taken, which may not: between two
 * messages, with the connections that there are. */
#ifndef WEIR_MLLP_PORT_H
#define WEIR_MLLP_PORT_H

#include "er7_port.h"
#include "fhir_port.h"
#include "folder.h"
#include "mllp_tls.h"
#include "session.h"

struct mllp_port {
    const struct site *site; /* held */
    struct intake *intake;
    struct loop *loop;
    struct conn_shared *shared; /* borrowed */
    struct source source;
    struct session_rules rules;
    struct mllp_tls tls;
    struct listener *listener; /* NULL: draining */
    struct folder *folder;     /* NULL: it has none */
    struct er7_port *http;     /* the same */
    struct fhir_port *fhir;    /* the same */
    struct session *sessions;
    unsigned nsessions;
    struct loop_timer *timer;
    bool paused;    /* connections wait, new ones too: nothing is read */
    bool pipelines; /* some peer has sent a message before the one before was answered */
};

struct mllp_port_options {
    struct intake *intake;
    struct loop *loop;
    struct conn_shared *shared;
    const struct site *site;
    const struct site_source *conf;
    const struct source_families *families;
    struct audit *audit; /* of who is refused; may be NULL */
};

/* Compiles the source's maps and listens. p must stay where it is. ERR_CONF, ERR_IO. */
int mllp_port_open(struct mllp_port *p, const struct mllp_port_options *o, struct err *reterr);
void mllp_port_close(struct mllp_port *p);
/* Stops listening and reading; done when mllp_port_quiet. */
void mllp_port_drain(struct mllp_port *p);
/* No session is left, and no answer that names the source. */
bool mllp_port_quiet(const struct mllp_port *p);

/* What a port will be. */
struct mllp_change {
    const struct site *site;
    struct source source;
    struct tls *tls;           /* NULL: plain text */
    struct listener *listener; /* NULL: the address stays, or there is none */
    struct folder *folder;     /* new; NULL: as it was */
    struct tls *fhir_tls;      /* of the port for FHIR; NULL: plain text */
    struct tls *http_tls;      /* of the port for other messages over HTTP; NULL: plain text */
    struct listen_options listen;
    struct address_net nets[LISTEN_ALLOW_MAX];
};
/* Compiles the maps; where the address changes, listens there. ERR_CONF, ERR_IO. */
int mllp_port_prepare(struct mllp_port *p, const struct mllp_port_options *o,
                      struct mllp_change *ret, struct err *reterr);
/* Takes it: limits on frames count for connections that come from now on, all else at once. */
void mllp_port_take(struct mllp_port *p, struct mllp_change *c);
/* It is not wanted. */
void mllp_change_drop(struct mllp_change *c);
/* A connection has come to the point where messages are read. Takes fd and tls (NULL: plain text).
 * who: whose certificate it showed, of the port's configuration; NULL: not asked for. */
void mllp_port_session(struct mllp_port *p, int fd, const struct address *peer,
                       struct tls_link *tls, const struct site_tls_peer *who);
/* Stops or goes on reading. */
void mllp_port_pause(struct mllp_port *p, bool paused);
/* Takes a session out and gives its place back; called by session_close. */
void mllp_port_forget(struct mllp_port *p, struct session *s);
/* Sessions that wait for room may read on. */
void mllp_port_resume(struct mllp_port *p);

#endif
